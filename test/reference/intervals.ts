/**
 * Timetables once more, naively: all fires of some days are listed, and every question is answered by looking through the list. Written from the specification
 * alone; it shares no code with `src/core/timetable`.
 */
import { DateTime } from 'luxon';

export interface Interval {
  readonly start: number;
  readonly end: number;
}
export interface Restriction {
  readonly earliest: number | null;
  readonly latest: number | null;
  readonly catchup: boolean | 'latest' | { readonly last: number };
}
export interface Run extends Interval {
  readonly runAfter: number;
}

/** The list ends before the answer: it cannot be told. */
export class BeyondList extends Error {}

const beyond = (): never => {
  throw new BeyondList();
};

export class FireList {
  constructor(
    readonly fires: readonly number[],
    readonly from: number,
    readonly to: number,
  ) {}

  next(at: number): number {
    return this.#check(at, (fire) => fire > at, 1);
  }
  prev(at: number): number {
    return this.#check(at, (fire) => fire < at, -1);
  }
  alignNext(at: number): number {
    return this.#check(at, (fire) => fire >= at, 1);
  }
  alignPrev(at: number): number {
    return this.#check(at, (fire) => fire <= at, -1);
  }

  #check(at: number, wanted: (fire: number) => boolean, direction: 1 | -1): number {
    if (at < this.from || at >= this.to) return beyond();
    const found = direction > 0 ? this.fires.find(wanted) : this.fires.findLast(wanted);
    return found ?? beyond();
  }
}

const newest = (catchup: Restriction['catchup']): number => (typeof catchup === 'object' ? catchup.last : 1);
const withIn = (run: Run, bound: number, latest: number | null): Run | null => (latest !== null && bound > latest ? null : run);

/** Data intervals between the fires. */
export function nextInterval(list: FireList, last: Interval | null, restriction: Restriction, now: number): Run | null {
  const { latest, catchup } = restriction;
  let earliest = restriction.earliest === null ? null : list.alignNext(restriction.earliest);
  if (catchup !== true) {
    // The end of the newest complete interval, and as many starts back as are wanted.
    let start = list.alignPrev(now);
    for (let count = newest(catchup); count > 0; count--) start = list.prev(start);
    earliest = earliest === null ? start : Math.max(earliest, start);
  }
  let start = earliest;
  if (last !== null) {
    start = list.alignPrev(last.end);
    // The schedule became coarser: on by one period.
    if (start <= last.start) start = list.next(last.start);
    if (earliest !== null) start = Math.max(start, earliest);
  }
  if (start === null) return null;
  if (latest !== null && start > latest) return null;
  const end = list.next(start);
  return { start, end, runAfter: end };
}

export function manualInterval(list: FireList, at: number): Interval {
  const end = list.alignPrev(at);
  return { start: list.prev(end), end };
}

/** Points in time at the fires of several lists; each list answers for itself. */
export function nextTrigger(
  lists: readonly FireList[],
  intervalMs: number,
  runImmediately: boolean,
  last: Interval | null,
  { earliest, latest, catchup }: Restriction,
  now: number,
): Run | null {
  const answers = lists.flatMap((list): number[] => {
    const first = (): number => {
      const [past, following] = [list.alignPrev(now), list.alignNext(now)];
      return runImmediately || now - past <= Math.max((following - past) / 10, 300_000) ? past : following;
    };
    let at: number;
    if (catchup === true) at = last ? list.next(last.end) : earliest !== null ? list.alignNext(earliest) : first();
    else {
      const candidates = [list.alignPrev(now)];
      if (last) candidates.push(list.next(last.end));
      else if (earliest === null) candidates.push(first());
      if (earliest !== null) candidates.push(list.alignNext(earliest));
      at = Math.max(...candidates);
    }
    return latest !== null && at > latest ? [] : [at];
  });
  if (answers.length === 0) return null;
  // Without catchup the latest logical date that has passed, which is the start of the interval.
  const passed = catchup === true ? [] : answers.filter((at) => at - intervalMs <= now);
  const at = passed.length > 0 ? Math.max(...passed) : Math.min(...answers);
  return { start: at - intervalMs, end: at, runAfter: at };
}

/** Years, months and days on the calendar in UTC, cut to the end of the month; then milliseconds. */
export interface NaiveSpan {
  readonly months: number;
  readonly ms: number;
}

export function plus(at: number, { months, ms }: NaiveSpan, times = 1): number {
  return DateTime.fromMillis(at, { zone: 'utc' })
    .plus({ months: months * times })
    .plus({ milliseconds: ms * times })
    .toMillis();
}

export function nextSpan(span: NaiveSpan, last: Interval | null, restriction: Restriction, now: number): Run | null {
  const { earliest, latest, catchup } = restriction;
  let bound = earliest;
  if (catchup !== true) {
    const count = newest(catchup);
    if (span.months === 0) {
      const start = Math.floor(now / span.ms) * span.ms - count * span.ms;
      bound = earliest === null ? start : Math.max(start, earliest);
    } else if (earliest === null) bound = plus(now, span, -count);
    else {
      const starts: number[] = [earliest];
      while (plus(plus(starts.at(-1) as number, span), span) <= now) starts.push(plus(starts.at(-1) as number, span));
      bound = starts.slice(-count)[0] as number;
    }
  }
  if (last === null && bound === null) return null;
  const start = Math.max(last?.end ?? Number.NEGATIVE_INFINITY, bound ?? Number.NEGATIVE_INFINITY);
  const end = plus(start, span);
  return withIn({ start, end, runAfter: end }, start, latest);
}

export function nextSpanTrigger(
  span: NaiveSpan,
  intervalMs: number,
  last: Interval | null,
  { earliest, latest, catchup }: Restriction,
  now: number,
): Run | null {
  let at: number;
  if (catchup === true) at = last ? plus(last.end, span) : (earliest ?? now);
  else at = Math.max(now, last ? plus(last.end, span) : now, earliest ?? now);
  return withIn({ start: at - intervalMs, end: at, runAfter: at }, at, latest);
}

export function nextEvent(dates: readonly number[], last: Interval | null, restriction: Restriction, now: number): Run | null {
  const { earliest, latest, catchup } = restriction;
  let bound = earliest ?? Number.NEGATIVE_INFINITY;
  if (catchup === false) bound = Math.max(bound, now);
  else if (catchup !== true) {
    const past = dates.filter((date) => date <= now);
    const oldest = past.slice(-newest(catchup))[0];
    // Without any that passed, the ones to come.
    bound = Math.max(bound, oldest ?? now);
  }
  const at = dates.find((date) => date >= bound && (last === null || date > last.end));
  return at === undefined ? null : withIn({ start: at, end: at, runAfter: at }, at, latest);
}
