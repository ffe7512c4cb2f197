import { describe, expect, it } from '@jest/globals';
import { MAX_RUNS_PER_PASS, planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import { checkGivenRunId, runIdFor, runTypeOf } from '../../../src/core/dag-run/run-id.js';
import { parseSchedule } from '../../../src/core/timetable/parse-schedule.js';
import type { BackfillLane } from '../../../src/model/dag.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import { dagSchedule, dagSpec, utc } from './factories.js';

const daily = (changes: Partial<DagSpec> = {}) =>
  dagSpec([], { schedule: parseSchedule('@daily', 'schedule'), startDate: utc('2026-01-01'), catchup: true, ...changes });
const NOW = utc('2026-01-10T10:30:00');
const days = (plan: { createRuns: readonly { logicalDate: number | null }[] }) =>
  plan.createRuns.map((run) => new Date(run.logicalDate as number).toISOString().slice(5, 10));
const queued = (id: number, runAfter = 0) => ({ id, runId: `manual__${id}`, runAfter });

describe('planDagSchedule', () => {
  it('creates what is due, oldest first, running while there is a place', () => {
    const plan = planDagSchedule(dagSchedule(daily(), NOW));
    expect(days(plan)).toEqual(['01-01', '01-02', '01-03', '01-04', '01-05', '01-06', '01-07', '01-08', '01-09']);
    expect(plan.createRuns[0]).toEqual({
      runId: 'scheduled__2026-01-02T00:00:00+00:00',
      runType: 'scheduled',
      triggeredBy: 'timetable',
      logicalDate: utc('2026-01-01'),
      dataInterval: { start: utc('2026-01-01'), end: utc('2026-01-02') },
      runAfter: utc('2026-01-02'),
      conf: {},
      backfillId: null,
      state: 'running',
      note: null,
    });
    expect(plan).toMatchObject({ nextRun: { logicalDate: utc('2026-01-10') }, checkAt: utc('2026-01-11'), startRuns: [] });
  });

  it('goes on from the last automated run', () => {
    const lastAutomated = { logicalDate: utc('2026-01-08'), dataInterval: { start: utc('2026-01-08'), end: utc('2026-01-09') } };
    expect(days(planDagSchedule(dagSchedule(daily(), NOW, { lastAutomated })))).toEqual(['01-09']);
  });

  it.each<[DagSpec['catchup'], string[]]>([
    [false, ['01-09']],
    ['latest', ['01-09']],
    [{ last: 3 }, ['01-07', '01-08', '01-09']],
  ])('with catchup %j', (catchup, expected) => {
    expect(days(planDagSchedule(dagSchedule(daily({ catchup }), NOW)))).toEqual(expected);
  });

  it('stops at maxActiveRuns and then waits for a run to end', () => {
    const plan = planDagSchedule(dagSchedule(daily({ maxActiveRuns: 3 }), NOW, { unfinishedRuns: 1, runningRuns: 1 }));
    expect(days(plan)).toEqual(['01-01', '01-02']);
    expect(plan.checkAt).toBeNull();
    expect(plan.nextRun).toMatchObject({ logicalDate: utc('2026-01-03') });
  });

  it('gives places to queued runs before it creates new ones', () => {
    const plan = planDagSchedule(
      dagSchedule(daily({ maxActiveRuns: 3 }), NOW, { unfinishedRuns: 2, runningRuns: 0, queuedRuns: [queued(4), queued(5)] }),
    );
    expect(plan.startRuns).toEqual([4, 5]);
    expect(plan.createRuns.map((run) => run.state)).toEqual(['running']);
    const full = planDagSchedule(
      dagSchedule(daily({ maxActiveRuns: 1 }), NOW, { unfinishedRuns: 2, runningRuns: 1, queuedRuns: [queued(4)] }),
    );
    expect(full).toMatchObject({ startRuns: [], createRuns: [] });
  });

  it('leaves a queued run for its time', () => {
    const plan = planDagSchedule(
      dagSchedule(daily({ schedule: { kind: 'none' } }), NOW, { unfinishedRuns: 1, queuedRuns: [queued(4, NOW + 5)] }),
    );
    expect(plan).toEqual({ createRuns: [], startRuns: [], nextRun: null, checkAt: NOW + 5 });
  });

  it('starts a queued run at its time, and comes back for none that is due already', () => {
    const spec = daily({ schedule: { kind: 'none' }, maxActiveRuns: 1 });
    const plan = (changes: object) => planDagSchedule(dagSchedule(spec, NOW, { unfinishedRuns: 1, ...changes }));
    expect(plan({ queuedRuns: [queued(4, NOW)] })).toMatchObject({ startRuns: [4], checkAt: null });
    expect(plan({ runningRuns: 1, queuedRuns: [queued(4, NOW - 5)] })).toMatchObject({ startRuns: [], checkAt: null });
    const waiting = [queued(4, NOW), queued(5, NOW + 9), queued(6, NOW + 7)];
    expect(plan({ runningRuns: 1, queuedRuns: waiting }).checkAt).toBe(NOW + 7);
  });

  it('comes back for what is due first, its own next run, a queued one or a backfill’s', () => {
    const next = utc('2026-01-11');
    const lane = (runAfter: number) => [
      { backfillId: 1, isPaused: false, maxActiveRuns: 1, runningRuns: 0, queuedRuns: [queued(8, runAfter)] },
    ];
    const checkAt = (changes: object) => planDagSchedule(dagSchedule(daily({ catchup: false }), NOW, changes)).checkAt;
    expect(checkAt({ queuedRuns: [queued(4, next - 5)] })).toBe(next - 5);
    expect(checkAt({ queuedRuns: [queued(4, next + 5)] })).toBe(next);
    expect(checkAt({ queuedRuns: [queued(4, next - 5)], backfills: lane(next - 6) })).toBe(next - 6);
  });

  it('never has more runs under way than it may, also when one was triggered while it counted', () => {
    const state = { unfinishedRuns: 1, runningRuns: 1, queuedRuns: [queued(4)] };
    const plan = planDagSchedule(dagSchedule(daily({ maxActiveRuns: 3 }), NOW, state));
    expect(plan.startRuns).toEqual([4]);
    expect(plan.createRuns.map((run) => run.state)).toEqual(['running', 'queued']);
  });

  it('comes to an end with the schedule', () => {
    const plan = planDagSchedule(dagSchedule(daily({ endDate: utc('2026-01-02') }), NOW));
    expect(days(plan)).toEqual(['01-01', '01-02']);
    expect(plan).toMatchObject({ nextRun: null, checkAt: null });
  });

  it('plans anew each time: what was planned before does not bind it', () => {
    const start = utc('2026-01-03');
    const end = utc('2026-01-04');
    const nextRun = { logicalDate: start, dataInterval: { start, end }, runAfter: end };
    expect(days(planDagSchedule(dagSchedule(daily({ catchup: false }), NOW, { dagChanges: { nextRun } })))).toEqual(['01-09']);
  });

  it('creates at most a pass full at once and comes back for the rest', () => {
    const spec = daily({ schedule: parseSchedule('@hourly', 'schedule'), startDate: utc('2025-01-01'), maxActiveRuns: 100_000 });
    const plan = planDagSchedule(dagSchedule(spec, NOW));
    expect(plan.createRuns).toHaveLength(MAX_RUNS_PER_PASS);
    expect(plan.checkAt).toBe(NOW);
  });

  it('starts the runs of each backfill within its own limit', () => {
    const lane = (changes: Partial<BackfillLane>): BackfillLane => ({
      backfillId: 1,
      isPaused: false,
      maxActiveRuns: 2,
      runningRuns: 1,
      queuedRuns: [queued(7), queued(8)],
      ...changes,
    });
    const backfills = [
      lane({}),
      lane({ isPaused: true, queuedRuns: [queued(9)] }),
      lane({ runningRuns: 0, queuedRuns: [queued(10), queued(11)] }),
    ];
    const plan = planDagSchedule(dagSchedule(daily({ maxActiveRuns: 1 }), NOW, { unfinishedRuns: 1, runningRuns: 1, backfills }));
    expect(plan.startRuns).toEqual([7, 10, 11]);
  });

  it('creates and starts nothing for a paused DAG', () => {
    const plan = planDagSchedule(dagSchedule(daily(), NOW, { queuedRuns: [queued(4)], dagChanges: { isPaused: true } }));
    expect(plan).toMatchObject({ createRuns: [], startRuns: [], checkAt: null, nextRun: { logicalDate: utc('2026-01-01') } });
  });
});

describe('continuous runs', () => {
  const spec = daily({ schedule: { kind: 'continuous', text: '@continuous' }, maxActiveRuns: 1 });
  const begin = utc('2026-01-01');
  const planAt = (now: number, last: { start: number; end: number } | null, unfinishedRuns = 0) => {
    const lastAutomated = last && { logicalDate: last.start, dataInterval: last };
    const plan = planDagSchedule(dagSchedule(spec, now, { lastAutomated, unfinishedRuns, runningRuns: unfinishedRuns }));
    return { intervals: plan.createRuns.map(({ dataInterval }) => dataInterval), checkAt: plan.checkAt };
  };

  it('cover the time since the one before, one at a time', () => {
    expect(planAt(begin + 5_000, null).intervals).toEqual([{ start: begin, end: begin + 5_000 }]);
    const last = { start: begin, end: begin + 5_000 };
    expect(planAt(begin + 9_000, last, 1)).toEqual({ intervals: [], checkAt: null });
    expect(planAt(begin + 9_000, last).intervals).toEqual([{ start: begin + 5_000, end: begin + 9_000 }]);
  });

  it('wait until there is something to cover', () => {
    expect(planAt(begin - 10, null)).toEqual({ intervals: [], checkAt: begin });
    expect(planAt(begin, null)).toEqual({ intervals: [], checkAt: begin + 1 });
    expect(planAt(begin + 5, { start: begin, end: begin + 5 })).toEqual({ intervals: [], checkAt: begin + 6 });
  });

  it('go on from a point in time that another schedule left', () => {
    const point = { start: begin, end: begin };
    expect(planAt(begin + 5_000, point).intervals).toEqual([{ start: begin + 1, end: begin + 5_000 }]);
    expect(planAt(begin, point)).toEqual({ intervals: [], checkAt: begin + 1 });
  });
});

describe('run ids', () => {
  it('say type and runAfter', () => {
    expect(runIdFor('manual', utc('2024-02-29T06:00:00'))).toBe('manual__2024-02-29T06:00:00+00:00');
    expect(runIdFor('asset_triggered', utc('2026-01-10T10:30:15.123'))).toBe('asset_triggered__2026-01-10T10:30:15.123000+00:00');
    expect(['backfill__x', 'asset_materialization__', 'operator_triggered__x', 'mine', 'scheduled_x'].map(runTypeOf)).toEqual([
      'backfill',
      'asset_materialization',
      'operator_triggered',
      'manual',
      'manual',
    ]);
  });

  it('given by people may not look like another type', () => {
    expect(() => checkGivenRunId('mine', 'manual', '--run-id')).not.toThrow();
    expect(() => checkGivenRunId('manual__mine', 'manual', '--run-id')).not.toThrow();
    expect(() => checkGivenRunId('scheduled__x', 'manual', '--run-id')).toThrow(
      'ID_INVALID: --run-id: the prefix "scheduled__" belongs to',
    );
    expect(() => checkGivenRunId('a/b', 'manual', '--run-id')).toThrow('ID_INVALID');
    expect(() => checkGivenRunId('../b', 'manual', '--run-id')).toThrow('cannot have two dots in a row');
    expect(() => checkGivenRunId('scheduled__x', 'backfill', '--run-id')).not.toThrow();
  });
});
