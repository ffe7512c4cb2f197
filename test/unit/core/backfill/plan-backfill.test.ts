import { describe, expect, it } from '@jest/globals';
import { defaultReprocessBehavior, planBackfill, type BackfillRequest } from '../../../../src/core/backfill/plan-backfill.js';
import { parseSchedule } from '../../../../src/core/timetable/parse-schedule.js';
import type { Timetable } from '../../../../src/core/timetable/timetable.js';
import type { DagSpec } from '../../../../src/model/dag-spec.js';
import type { DagRunState } from '../../../../src/model/states.js';
import { dagSpec, taskSpec, utc } from '../factories.js';

interface Existing {
  readonly logicalDate: number | null;
  readonly state: DagRunState;
}

const daily = (changes: Partial<DagSpec> = {}) =>
  dagSpec([], { schedule: parseSchedule('@daily', 'schedule'), startDate: utc('2026-01-01'), ...changes });
const request: BackfillRequest<Existing> = {
  spec: daily(),
  from: utc('2026-01-03'),
  to: utc('2026-01-06'),
  existing: [],
  reprocessBehavior: 'none',
  runBackwards: false,
  maxRuns: 100,
  now: utc('2026-02-01'),
};
const existing: readonly Existing[] = [
  { logicalDate: utc('2026-01-03'), state: 'success' },
  { logicalDate: utc('2026-01-04'), state: 'failed' },
  { logicalDate: utc('2026-01-05'), state: 'running' },
  { logicalDate: null, state: 'failed' },
];
const dates = (runs: readonly { logicalDate: number | null }[]) =>
  runs.map((run) => new Date(run.logicalDate as number).toISOString().slice(5, 10));

describe('planBackfill', () => {
  it('creates the missing runs in order', () => {
    const plan = planBackfill({ ...request, conf: { full: true } });
    expect(dates(plan.create)).toEqual(['01-03', '01-04', '01-05', '01-06']);
    expect(plan.create[0]).toEqual({
      runId: 'backfill__2026-01-04T00:00:00+00:00',
      runType: 'backfill',
      triggeredBy: 'backfill',
      logicalDate: utc('2026-01-03'),
      dataInterval: { start: utc('2026-01-03'), end: utc('2026-01-04') },
      runAfter: utc('2026-01-04'),
      conf: { full: true },
      backfillId: null,
      backfillOrdinal: 1,
      state: 'queued',
      note: null,
    });
    expect(planBackfill(request).create[0]?.conf).toEqual({});
    expect([plan.reprocess, plan.skipped]).toEqual([[], []]);
  });

  it('turns the order round, and still knows the earliest and the latest date', () => {
    for (const runBackwards of [false, true]) {
      const plan = planBackfill({ ...request, runBackwards });
      const expected = ['01-03', '01-04', '01-05', '01-06'];
      expect(dates(plan.create)).toEqual(runBackwards ? expected.reverse() : expected);
      expect(plan.create.map(({ backfillOrdinal }) => backfillOrdinal)).toEqual([1, 2, 3, 4]);
      expect(dates([plan.first, plan.last])).toEqual(['01-03', '01-06']);
    }
  });

  it.each([
    ['none', [], [], ['already_exists', 'already_exists', 'in_flight']],
    ['failed', ['01-04'], [2], ['already_exists', 'in_flight']],
    ['completed', ['01-03', '01-04'], [1, 2], ['in_flight']],
  ] as const)('reprocess %s keeps the places of the runs that exist', (reprocessBehavior, reprocess, ordinals, skipped) => {
    const plan = planBackfill({ ...request, existing, reprocessBehavior });
    expect(dates(plan.create)).toEqual(['01-06']);
    expect(dates(plan.reprocess.map(({ run }) => run))).toEqual(reprocess);
    expect(plan.reprocess.map(({ ordinal }) => ordinal)).toEqual(ordinals);
    expect(plan.create.map((run) => run.backfillOrdinal)).toEqual([4]);
    expect(plan.skipped.map((entry) => entry.reason)).toEqual(skipped);
  });

  it.each<[DagRunState, 'failed' | 'completed', 'again' | 'in_flight' | 'already_exists']>([
    ['queued', 'completed', 'in_flight'],
    ['running', 'completed', 'in_flight'],
    ['success', 'completed', 'again'],
    ['partial', 'completed', 'again'],
    ['failed', 'completed', 'again'],
    ['queued', 'failed', 'in_flight'],
    ['success', 'failed', 'already_exists'],
    ['partial', 'failed', 'already_exists'],
    ['failed', 'failed', 'again'],
  ])('of a run that is %s, reprocess %s makes: %s', (state, reprocessBehavior, expected) => {
    const run = { logicalDate: request.from, state };
    const plan = planBackfill({ ...request, existing: [run], reprocessBehavior });
    expect(plan.reprocess).toEqual(expected === 'again' ? [{ run, ordinal: 1 }] : []);
    expect(plan.skipped).toEqual(expected === 'again' ? [] : [{ run, reason: expected }]);
    expect(dates(plan.create)).toEqual(['01-04', '01-05', '01-06']);
  });

  it('counts an interval only once it is over, and takes in the first and the last date', () => {
    const until = (now: number) => dates(planBackfill({ ...request, now }).create);
    expect(until(utc('2026-01-05'))).toEqual(['01-03']);
    expect(until(utc('2026-01-05') + 1)).toEqual(['01-03', '01-04']);
    expect(dates(planBackfill({ ...request, to: request.from }).create)).toEqual(['01-03']);
  });

  it('allows as many runs as it may have, and not one more', () => {
    expect(planBackfill({ ...request, maxRuns: 4 }).create).toHaveLength(4);
    expect(() => planBackfill({ ...request, maxRuns: 3 })).toThrow(
      'BACKFILL_TOO_LARGE: d: the range holds 4 intervals, got "2026-01-03T00:00:00Z..2026-01-06T00:00:00Z"; allowed: at most 3 runs',
    );
  });

  it('counts what is too large as far as a hundred thousand, or as it may have', () => {
    const tooLarge = (seconds: number, maxRuns: number) => () => {
      const to = request.from + (seconds - 1) * 1_000;
      planBackfill({ ...request, spec: daily({ schedule: parseSchedule('1s', 'schedule') }), to, maxRuns });
    };
    expect(tooLarge(100_000, 10)).toThrow('the range holds 100000 intervals');
    expect(tooLarge(100_002, 10)).toThrow('the range holds more than 100000 intervals');
    expect(tooLarge(100_001, 100_000)).toThrow('the range holds more than 100000 intervals');
    expect(tooLarge(110_002, 110_000)).toThrow('the range holds more than 110000 intervals');
  });

  it('takes the timetable of a plugin', () => {
    const at = utc('2026-01-04T06:00:00');
    const run = { logicalDate: at, dataInterval: { start: at, end: at }, runAfter: at };
    const once = { kind: 'mine', periodic: true, summary: 'mine', next: (last: unknown) => (last === null ? run : null) };
    const spec = daily({ schedule: { kind: 'custom', name: 'mine', args: null, text: 'mine' } });
    const custom = new Map([['mine', once as unknown as Timetable]]);
    expect(planBackfill({ ...request, spec, custom }).create.map(({ logicalDate }) => logicalDate)).toEqual([at]);
    const never = new Map([['mine', { ...once, periodic: false } as unknown as Timetable]]);
    expect(() => planBackfill({ ...request, spec, custom: never })).toThrow('yields no runs');
    const nothing = new Map([['mine', { ...once, next: () => null } as unknown as Timetable]]);
    expect(() => planBackfill({ ...request, spec, custom: nothing })).toThrow('no interval of "mine" lies in the range');
  });

  it.each<[string, object, string]>([
    [
      'reversed',
      { from: utc('2026-01-07') },
      'BACKFILL_RANGE: d: the range is reversed: from 2026-01-07T00:00:00Z is after to 2026-01-06T00:00:00Z',
    ],
    ['in the future', { from: utc('2027-01-01'), to: utc('2027-01-02') }, 'BACKFILL_RANGE: d: the range lies in the future'],
    ['in the future from this very moment', { now: request.from }, 'BACKFILL_RANGE: d: the range lies in the future'],
    [
      'without an interval',
      { from: utc('2026-01-03T01:00:00'), to: utc('2026-01-03T02:00:00') },
      'BACKFILL_RANGE: d: no interval of "@daily" lies in the range and has ended',
    ],
    ['not over yet', { now: request.from + 1 }, 'BACKFILL_RANGE: d: no interval of "@daily" lies in the range and has ended'],
    ['without a schedule', { spec: daily({ schedule: { kind: 'none' } }) }, 'BACKFILL_RANGE: d: its schedule yields no runs'],
  ])('refuses a range that is %s', (_case, changes, message) => {
    expect(() => planBackfill({ ...request, ...changes })).toThrow(message);
  });
});

describe('a backfill of tasks that wait for their past', () => {
  const [past, downstream] = [{ dependsOnPast: true }, { waitForDownstream: true }];
  const waiting = [past, downstream].map((option) => daily({ tasks: [taskSpec('other'), taskSpec('load', option)] }));

  it.each(waiting)('leaves failed runs as they are only where nothing waits for them', (spec) => {
    expect(() => planBackfill({ ...request, spec })).toThrow('would wait for a failed run that stays as it is');
    expect(planBackfill({ ...request, spec, reprocessBehavior: 'failed' }).create).toHaveLength(4);
    expect(planBackfill({ ...request, spec, reprocessBehavior: 'completed' }).create).toHaveLength(4);
    expect(planBackfill({ ...request, spec: daily({ tasks: [taskSpec('other')] }) }).create).toHaveLength(4);
  });

  it.each(waiting)('cannot run backwards', (spec) => {
    const backwards = { ...request, spec, runBackwards: true, reprocessBehavior: 'failed' } as const;
    expect(() => planBackfill(backwards)).toThrow('cannot run backwards');
    expect(planBackfill({ ...backwards, spec: daily({ tasks: [taskSpec('other')] }) }).create).toHaveLength(4);
  });

  it('runs failed runs again when nobody says otherwise', () => {
    expect([daily(), ...waiting].map(defaultReprocessBehavior)).toEqual(['none', 'failed', 'failed']);
  });
});
