/**
 * The fire times of a cron expression in a zone, forward and backward.
 *
 * The rule is croner's: a single fixed time that falls into a gap fires once at the first instant after it, one that occurs twice fires at its first
 * occurrence; other expressions fire at every real instant that matches. croner itself decides on days near a change of the
 * zone's offset and for the forms L, W and #. On all other days the answer is plain arithmetic, which is some fifty times faster.
 */
import { Cron } from 'croner';
import type { Instant } from '../../model/instant.js';
import type { CronFields } from './cron-fields.js';
import { zoneOffset } from './zone-offset.js';

const DAY_MS = 86_400_000;
const MARGIN_MS = 3 * 3_600_000;
const PROBE_MS = 12 * 3_600_000;
/** A 29th of February can be eight years away, around a century that is not a leap year. */
const SEARCH_DAYS = 9 * 366;

export class CronFires {
  readonly #cron: Cron;
  readonly #offsetAt: (instant: Instant) => number;
  readonly #simple: SimpleDay | null;
  readonly #probes = new Map<Instant, number>();
  /** The local day asked about last, if the zone's offset does not change near it. */
  #plainDay: { readonly start: number; readonly offset: number } = { start: Number.NaN, offset: 0 };

  constructor(fields: CronFields, timezone: string) {
    this.#cron = new Cron(fields.cronerPattern, { timezone });
    this.#offsetAt = zoneOffset(timezone);
    this.#simple = fields.isSimple ? new SimpleDay(fields) : null;
  }

  /** First fire strictly after `instant`; null when there is none within years. */
  next(instant: Instant): Instant | null {
    return this.#simple === null ? this.#ask(instant) : this.#nextSimple(this.#simple, instant);
  }

  /** Last fire strictly before `instant`; null when there is none for decades. */
  prev(instant: Instant): Instant | null {
    for (let window = 60_000; window < SEARCH_DAYS * DAY_MS * 4; window *= 4) {
      let found: Instant | null = null;
      let fire = this.next(instant - window);
      while (fire !== null && fire < instant) {
        found = fire;
        fire = this.next(fire);
      }
      if (found !== null) return found;
    }
    return null;
  }

  /** First fire at or after `instant`. */
  alignNext(instant: Instant): Instant | null {
    return this.next(instant - 1);
  }

  /** Last fire at or before `instant`. */
  alignPrev(instant: Instant): Instant | null {
    return this.next(instant - 1) === instant ? instant : this.prev(instant);
  }

  #ask(instant: Instant): Instant | null {
    return this.#cron.nextRun(new Date(instant))?.getTime() ?? null;
  }

  #nextSimple(simple: SimpleDay, instant: Instant): Instant | null {
    // A walk asks many times within one day.
    let { start: dayStart, offset } = this.#plainDay;
    let local = instant + offset;
    const isToday = local >= dayStart && local < dayStart + DAY_MS;
    if (!isToday) {
      offset = this.#offsetAt(instant);
      local = instant + offset;
      dayStart = Math.floor(local / DAY_MS) * DAY_MS;
      // Also when today does not match: a fixed time in a gap at the end of yesterday fires today.
      if (!this.#isPlain(dayStart, offset)) return this.#ask(instant);
      this.#plainDay = { start: dayStart, offset };
    }
    const today = simple.matches(dayStart) ? simple.secondAfter(Math.floor((local - dayStart) / 1_000)) : null;
    if (today !== null) return dayStart + today * 1_000 - offset;
    for (let days = 1; days < SEARCH_DAYS; days++) {
      dayStart += DAY_MS;
      if (!simple.matches(dayStart)) continue;
      // Somewhere on earth that day is under way then; if the offset is another one here, the day is not plain.
      offset = this.#probe(dayStart);
      if (!this.#isPlain(dayStart, offset)) return this.#ask(Math.max(instant, dayStart - offset - MARGIN_MS));
      return dayStart + simple.firstSecond * 1_000 - offset;
    }
    return null;
  }

  /** True when the zone's offset is the same from well before to well after the local day that starts at `dayStart`. */
  #isPlain(dayStart: number, offset: number): boolean {
    const from = Math.floor((dayStart - offset - MARGIN_MS) / PROBE_MS) * PROBE_MS;
    const to = Math.ceil((dayStart - offset + DAY_MS + MARGIN_MS) / PROBE_MS) * PROBE_MS;
    for (let probe = from; probe <= to; probe += PROBE_MS) if (this.#probe(probe) !== offset) return false;
    return true;
  }

  #probe(at: Instant): number {
    const known = this.#probes.get(at);
    if (known !== undefined) return known;
    // A walk visits neighbouring days; nothing older is worth keeping.
    // Stryker disable next-line ConditionalExpression,EqualityOperator: how many are kept costs time or memory, and changes no answer
    if (this.#probes.size > 64) this.#probes.clear();
    const offset = this.#offsetAt(at);
    this.#probes.set(at, offset);
    return offset;
  }
}

/** Matches the days and seconds of an expression made of plain numbers, on a day without offset changes. */
class SimpleDay {
  readonly #fields: CronFields;
  readonly #nextHour: readonly number[];
  readonly #nextMinute: readonly number[];
  readonly #nextSecond: readonly number[];

  constructor(fields: CronFields) {
    this.#fields = fields;
    this.#nextHour = nextTable(fields.hours, 24);
    this.#nextMinute = nextTable(fields.minutes, 60);
    this.#nextSecond = nextTable(fields.seconds, 60);
  }

  get firstSecond(): number {
    return this.secondAfter(-1) as number;
  }

  /** @param dayStart Local midnight, as milliseconds. */
  matches(dayStart: number): boolean {
    const date = new Date(dayStart);
    const { months, days, weekdays, anyDay, anyWeekday } = this.#fields;
    if (!months.has(date.getUTCMonth() + 1)) return false;
    const day = days.has(date.getUTCDate());
    const weekday = weekdays.has(date.getUTCDay());
    if (anyDay || anyWeekday) return day && weekday;
    return day || weekday;
  }

  /** First matching second of the day after `second`; null when the day has none left. */
  secondAfter(second: number): number | null {
    const first = second + 1;
    const hour = Math.floor(first / 3_600);
    const minute = Math.floor((first % 3_600) / 60);
    if (this.#nextHour[hour] === hour) {
      if (this.#nextMinute[minute] === minute) {
        const sec = this.#nextSecond[first % 60] as number;
        if (sec !== NONE) return hour * 3_600 + minute * 60 + sec;
      }
      const later = this.#nextMinute[minute + 1] as number;
      if (later !== NONE) return hour * 3_600 + later * 60 + (this.#nextSecond[0] as number);
    }
    const later = this.#nextHour[hour + 1] as number;
    return later === NONE ? null : later * 3_600 + (this.#nextMinute[0] as number) * 60 + (this.#nextSecond[0] as number);
  }
}

const NONE = -1;

/** For each value the first allowed one at or after it, NONE when there is none: so too for what comes after the last value, and one beyond. */
function nextTable(allowed: ReadonlySet<number>, size: number): readonly number[] {
  const ascending = [...allowed].sort((a, b) => a - b);
  return Array.from({ length: size + 2 }, (_, from) => ascending.find((value) => value >= from) ?? NONE);
}
