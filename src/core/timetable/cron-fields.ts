/**
 * Reads a cron expression field by field, to say precisely what is wrong with it. croner has the last word on what it accepts.
 *
 * Five fields, or six with the seconds LAST, as Airflow writes them (croner wants them first).
 */
import { Cron } from 'croner';
import { durationMeant } from '../../model/duration.js';
import { AirflowLikeError } from '../../model/errors.js';

export interface CronFields {
  readonly seconds: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** The day of the month is `*`, and nothing else: then only the weekday counts. A list or a step counts as days, even if it holds all of them. */
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
  /** False: it uses L, W or #, which the sets do not hold. */
  readonly isSimple: boolean;
  /** With the seconds first. */
  readonly cronerPattern: string;
}

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
  /** Forms beyond numbers, as a pattern for one list element. */
  readonly special: RegExp | null;
}

const MINUTE: FieldRule = { name: 'minute', min: 0, max: 59, names: [], special: null };
const HOUR: FieldRule = { name: 'hour', min: 0, max: 23, names: [], special: null };
const DAY: FieldRule = { name: 'day of month', min: 1, max: 31, names: [], special: /^(l|lw|(0?[1-9]|[12]\d|3[01])w)$/i };
const MONTH: FieldRule = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  special: null,
};
const WEEKDAY: FieldRule = {
  name: 'weekday',
  min: 0,
  max: 7,
  names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
  special: /^([0-7]|sun|mon|tue|wed|thu|fri|sat)(l|#([1-5]|l))$/i,
};
const SECOND: FieldRule = { name: 'second', min: 0, max: 59, names: [], special: null };

/**
 * @param place Where the expression stands, for messages.
 * @throws AirflowLikeError CRON_INVALID naming the field and its range; CRON_NEVER when no date can match.
 */
export function parseCron(expression: string, place: string): CronFields {
  const parts = expression.split(/\s/).filter((part) => part !== '');
  if (parts.length !== 5 && parts.length !== 6) {
    throw new AirflowLikeError('CRON_INVALID', {
      place,
      message: `expected 5 fields (or 6 with seconds last), got ${parts.length}`,
      value: expression,
      allowed: 'minute hour day-of-month month weekday [second], or a preset such as @daily',
      suggestion: durationMeant(expression),
    });
  }
  const rules = [MINUTE, HOUR, DAY, MONTH, WEEKDAY, SECOND];
  const mistakes: FieldMistake[] = [];
  const read = parts.map((part, index) => {
    try {
      return readField(part, rules[index] as FieldRule, index + 1);
    } catch (error) {
      if (!(error instanceof FieldMistake)) throw error;
      mistakes.push(error);
      return NO_FIELD;
    }
  });
  const [mistake] = mistakes;
  if (mistake) {
    const each = mistakes.map(({ message, position }) => `${message} (field ${position})`);
    throw new AirflowLikeError('CRON_INVALID', {
      place,
      message:
        each.length === 1
          ? `${mistake.message} in "${expression}" (field ${mistake.position})`
          : `${each.join(', ')} in "${expression}"`,
      value: expression,
      suggestion: each.length === 1 ? mistake.suggestion : null,
    });
  }
  const [minutes, hours, days, months, weekdays, seconds] = read as [Field, Field, Field, Field, Field, Field | undefined];
  if (weekdays.values.delete(7)) weekdays.values.add(0);
  const cronerPattern = [parts[5] ?? '0', ...parts.slice(0, 5)].join(' ');
  const fields: CronFields = {
    seconds: seconds?.values ?? new Set([0]),
    minutes: minutes.values,
    hours: hours.values,
    days: days.values,
    months: months.values,
    weekdays: weekdays.values,
    anyDay: days.isAny,
    anyWeekday: weekdays.isAny,
    isSimple: read.every((field) => !field.isSpecial),
    cronerPattern,
  };
  checkWithCroner(fields, expression, place);
  return fields;
}

interface Field {
  readonly values: Set<number>;
  readonly isAny: boolean;
  readonly isSpecial: boolean;
}

const NO_FIELD: Field = { values: new Set(), isAny: false, isSpecial: false };

/** What is wrong with one field. All of them are told at once. */
class FieldMistake extends Error {
  constructor(
    message: string,
    readonly position: number,
    readonly suggestion: string | null,
  ) {
    super(message);
  }
}

/** @throws FieldMistake */
function readField(text: string, rule: FieldRule, position: number): Field {
  const refuse = (message: string, suggestion: string | null = null): never => {
    throw new FieldMistake(message, position, suggestion);
  };
  const isAny = text === '*' || (text === '?' && (rule === DAY || rule === WEEKDAY));
  const values = new Set<number>();
  let isSpecial = false;
  const widest = rule === WEEKDAY ? 7 : rule.max - rule.min + 1;
  for (const element of isAny ? ['*'] : text.split(',')) {
    if (rule.special?.test(element)) {
      isSpecial = true;
      continue;
    }
    const match = /^(\*|[0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?(?:\/([0-9]+))?$/i.exec(element);
    if (!match || (match[1] === '*' && match[2] !== undefined)) {
      refuse(`${rule.name} "${element}" is not a number, a range a-b, a step */n or a list of these`);
      continue;
    }
    const [, first, last, stepText] = match as unknown as [string, string, string | undefined, string | undefined];
    const step = stepText === undefined ? 1 : Number(stepText);
    if (step < 1 || step > widest) refuse(`step ${step} of ${rule.name} is outside 1-${widest}`);
    if (first === '*') {
      for (const value of span(rule.min, rule.max, step)) values.add(value);
      continue;
    }
    const from = valueOf(first, rule, refuse);
    if (last === undefined) {
      if (stepText !== undefined) refuse(`a step needs a range`, `${first}-${rule.max}/${stepText}`);
      values.add(from);
      continue;
    }
    // SUN ends a week as well as it starts one: FRI-SUN.
    const known = valueOf(last, rule, refuse);
    const to = last.toLowerCase() === 'sun' ? 7 : known;
    if (from > to)
      refuse(
        `the range ${element} of ${rule.name} is reversed; write it as two ranges`,
        `${first}-${rule.max},${rule.min}-${last}`,
      );
    for (const value of span(from, to, step)) values.add(value);
  }
  return { values, isAny, isSpecial };
}

function valueOf(text: string, rule: FieldRule, refuse: (message: string, suggestion?: string | null) => never): number {
  const index = rule.names.indexOf(text.toLowerCase());
  if (index >= 0) return index + (rule === MONTH ? 1 : 0);
  const value = Number(text);
  if (Number.isNaN(value))
    refuse(`${rule.name} "${text}" is not known`, rule.names.find((name) => text.toLowerCase().startsWith(name))?.toUpperCase());
  if (value < rule.min || value > rule.max) refuse(`${rule.name} ${text} is outside ${rule.min}-${rule.max}`);
  return value;
}

function span(from: number, to: number, step: number): Set<number> {
  const values = new Set<number>();
  for (let value = from; value <= to; value += step) values.add(value);
  return values;
}

/** A leap year that starts a 400-year cycle: every date and weekday that can exist comes within reach of it. */
const ANCHOR = new Date(Date.UTC(2000, 0, 1) - 1_000);

function checkWithCroner({ cronerPattern }: CronFields, expression: string, place: string): void {
  let first: Date | null;
  try {
    first = new Cron(cronerPattern, { timezone: 'UTC' }).nextRun(ANCHOR);
  } catch (error) {
    throw new AirflowLikeError('CRON_INVALID', {
      place,
      message: (error as Error).message.replace('CronPattern: ', ''),
      value: expression,
      cause: error,
    });
  }
  if (first) return;
  throw new AirflowLikeError('CRON_NEVER', { place, message: 'no date matches within 8 years', value: expression });
}
