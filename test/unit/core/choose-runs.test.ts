import { describe, expect, it } from '@jest/globals';
import { runsAround, runsToMark, type RunSpan } from '../../../src/core/dag-run/choose-runs.js';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import { timetableFor } from '../../../src/core/timetable/resolve.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import { dagSpec, utc } from './factories.js';

const DAY = 86_400_000;
const run = (id: number, day: number | null) => ({ id, logicalDate: day === null ? null : utc('2026-01-01') + day * DAY });
const runs = [run(1, 0), run(2, 0.5), run(3, 1), run(4, 2), run(5, null)];
const ids = (chosen: readonly { id: number }[]) => chosen.map(({ id }) => id);

describe('runs around one', () => {
  it.each<[RunSpan, number[]]>([
    [{}, [3]],
    [{ past: true }, [1, 2, 3]],
    [{ future: true }, [3, 4]],
    [{ past: true, future: true }, [1, 2, 3, 4, 5]],
  ])('%j', (span, expected) => expect(ids(runsAround(runs, runs[2]!, span))).toEqual(expected));

  it('that has no logical date are all, because none is before or after it', () => {
    expect(ids(runsAround(runs, runs[4]!, {}))).toEqual([5]);
    expect(ids(runsAround(runs, runs[4]!, { past: true }))).toEqual([1, 2, 3, 4, 5]);
    expect(ids(runsAround(runs, runs[4]!, { future: true }))).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('runs to mark', () => {
  const mark = (schedule: string | null, id: number, span: RunSpan, among: readonly (typeof runs)[number][] = runs) => {
    const spec = dagSpec([], { schedule: parseSchedule(schedule, 'schedule') });
    return ids(runsToMark(among, runs[id - 1]!, span, timetableFor(spec), schedule !== null));
  };

  it.each<[string | null, number, RunSpan, number[]]>([
    ['@daily', 3, {}, [3]],
    ['@daily', 3, { past: true }, [1, 3]],
    ['@daily', 3, { future: true }, [3, 4]],
    ['@daily', 3, { past: true, future: true }, [1, 3, 4]],
    // The run that was named counts in any case.
    ['@daily', 2, { future: true }, [2, 3, 4]],
    ['@daily', 2, { past: true }, [1, 2]],
    ['@hourly', 3, { past: true }, [1, 2, 3]],
    [null, 3, { past: true }, [1, 2, 3]],
    [null, 3, { past: true, future: true }, [1, 2, 3, 4]],
    ['@once', 3, { past: true, future: true }, [3]],
    ['@continuous', 3, { past: true }, [3]],
  ])('of a DAG with schedule %s, run %i, %j', (schedule, id, span, expected) => {
    expect(mark(schedule, id, span)).toEqual(expected);
  });

  it('are only those at dates of the timetable, also the first of them', () => {
    const later = runs.slice(1);
    expect(mark('@daily', 4, { past: true }, later)).toEqual([3, 4]);
    expect(mark('@daily', 4, { past: true }, [run(8, 0.2), run(9, 0.4), ...later])).toEqual([3, 4]);
    expect(mark('@weekly', 3, { past: true })).toEqual([3]);
  });

  it('come in any order', () => {
    const newestFirst = [...runs].reverse();
    expect(mark('@daily', 3, { past: true, future: true }, newestFirst)).toEqual([4, 3, 1]);
    expect(mark('@daily', 1, { future: true }, newestFirst)).toEqual([4, 3, 1]);
  });

  it("pitfall 28: a run without a logical date has neither past nor future, and is in nobody else's", () => {
    expect(mark('@daily', 5, { past: true, future: true })).toEqual([5]);
    expect(mark(null, 5, { past: true })).toEqual([5]);
  });

  it('is not held up by a timetable that stands still', () => {
    const still: Timetable = {
      periodic: true,
      summary: 'still',
      next: () => ({ logicalDate: runs[0]!.logicalDate!, dataInterval: { start: 0, end: 0 }, runAfter: 0 }),
      inferManualInterval: (at) => ({ start: at, end: at }),
    };
    expect(ids(runsToMark(runs, runs[3]!, { past: true }, still, true))).toEqual([1, 4]);
  });

  it('asks a timetable for no more dates than it needs', () => {
    const asked: number[] = [];
    const endless: Timetable = {
      periodic: true,
      summary: 'endless',
      next(last) {
        const start = last === null ? runs[0]!.logicalDate! : last.end;
        asked.push((start - runs[0]!.logicalDate!) / DAY);
        if (asked.length > 9) throw new Error('asked for ever');
        return { logicalDate: start, dataInterval: { start, end: start + DAY }, runAfter: start + DAY };
      },
      inferManualInterval: (at) => ({ start: at, end: at }),
    };
    expect(ids(runsToMark(runs, runs[3]!, { past: true }, endless, true))).toEqual([1, 3, 4]);
    expect(asked).toEqual([0, 1, 2, 3]);
    asked.length = 0;
    expect(ids(runsToMark(runs, runs[3]!, {}, endless, true))).toEqual([4]);
    expect(asked).toEqual([]);
  });
});
