import { describe, expect, it } from '@jest/globals';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import { timetableFor } from '../../../src/core/timetable/resolve.js';
import type { NextRun, QueuedRun } from '../../../src/model/dag.js';
import type { DataInterval } from '../../../src/model/instant.js';
import { dagSchedule, dagSpec } from './factories.js';

const NOW = 1_000;

/** A plugin's timetable that answers with these runs, each by the start of the one before it. */
function planWith(next: (last: DataInterval | null) => NextRun | null, last: DataInterval | null = null) {
  const timetable: Timetable = {
    periodic: true,
    summary: 'of a plugin',
    next,
    inferManualInterval: (at) => ({ start: at, end: at }),
  };
  const spec = dagSpec([], { schedule: { kind: 'custom', name: 'own', args: null, text: 'own' } });
  const lastAutomated = last && { logicalDate: last.start, dataInterval: last };
  const plan = planDagSchedule(dagSchedule(spec, NOW, { lastAutomated }), new Map([['own', timetable]]));
  return { dates: plan.createRuns.map(({ logicalDate }) => logicalDate), nextRun: plan.nextRun, checkAt: plan.checkAt };
}

const run = (start: number): NextRun => ({ logicalDate: start, dataInterval: { start, end: start + 10 }, runAfter: start + 10 });

describe('a timetable of a plugin', () => {
  it('creates what is due and says what comes next', () => {
    const step = (last: DataInterval | null) => run(last === null ? 970 : last.end);
    expect(planWith(step)).toEqual({ dates: [970, 980, 990], nextRun: run(1_000), checkAt: 1_010 });
  });

  it('that stands still or goes back makes each run once, and has no next one', () => {
    expect(planWith(() => run(500))).toEqual({ dates: [500], nextRun: null, checkAt: null });
    expect(planWith((last) => run(last === null ? 500 : last.start - 1))).toEqual({ dates: [500], nextRun: null, checkAt: null });
  });

  it('that stays at the newest run has no next one', () => {
    expect(planWith(() => run(500), { start: 500, end: 510 })).toEqual({ dates: [], nextRun: null, checkAt: null });
    expect(planWith(() => run(510), { start: 500, end: 510 }).dates).toEqual([510]);
  });

  it('may come to an end', () => {
    expect(planWith((last) => (last === null ? run(500) : null))).toEqual({ dates: [500], nextRun: null, checkAt: null });
    expect(planWith(() => null)).toEqual({ dates: [], nextRun: null, checkAt: null });
  });
});

describe('a timetable of a plugin that fails', () => {
  const spec = dagSpec([], { dagId: 'd', schedule: { kind: 'custom', name: 'own', args: null, text: 'own' } });
  const timetable = (own: object): Timetable =>
    ({
      periodic: true,
      summary: 'own',
      next: () => null,
      inferManualInterval: (at: number) => ({ start: at, end: at }),
      ...own,
    }) as Timetable;
  const queued = (id: number, runAfter: number): QueuedRun => ({ id, runId: `r${id}`, runAfter });
  const waiting = { queuedRuns: [queued(4, NOW), queued(5, NOW + 7)] };
  const planned = (known: ReadonlyMap<string, Timetable>, changes: Parameters<typeof dagSchedule>[2] = waiting) =>
    planDagSchedule(dagSchedule(spec, NOW, changes), known);

  it.each<[string, object, string]>([
    [
      'it throws',
      {
        next: () => {
          throw new RangeError('no calendar');
        },
      },
      'TIMETABLE_FAILED: d.schedule: the timetable "own" of a plugin threw an error: no calendar',
    ],
    ['its arguments are wrong', { configure: () => ({}) }, 'timetable.next is not a function'],
    ['it answers dates', { next: () => ({ ...run(1), logicalDate: new Date(1) }) }, 'answers what is no run'],
    ['it answers no number', { next: () => ({ ...run(1), runAfter: Number.NaN }) }, 'answers what is no run'],
    ['it answers a part of a millisecond', { next: () => ({ ...run(1), runAfter: 1.5 }) }, 'answers what is no run'],
    ['it answers beyond the calendar', { next: () => ({ ...run(1), runAfter: 8e15 }) }, 'answers what is no run'],
    ['it answers no interval', { next: () => ({ ...run(1), dataInterval: null }) }, 'answers what is no run'],
    [
      'its interval ends before it starts',
      { next: () => ({ ...run(1), dataInterval: { start: 2, end: 1 } }) },
      'answers what is no run',
    ],
  ])('starts the runs that wait, creates none and is asked again: %s', (_why, own, message) => {
    const plan = planned(new Map([['own', timetable(own)]]));
    expect(plan).toMatchObject({ createRuns: [], startRuns: [4], nextRun: null, checkAt: NOW + 7 });
    expect(String(plan.error)).toContain(message);
  });

  it('is one that no plugin registers any more', () => {
    const plan = planned(new Map([['owl', timetable({})]]), { queuedRuns: waiting.queuedRuns.slice(0, 1) });
    expect(plan).toMatchObject({ createRuns: [], startRuns: [4], checkAt: NOW + 30_000 });
    expect(plan.error).toMatchObject({ code: 'UNKNOWN_NAME', details: { suggestion: 'owl' } });
  });

  it('starts nothing of a DAG that is paused', () => {
    const plan = planned(new Map(), { ...waiting, dagChanges: { isPaused: true } });
    expect(plan).toMatchObject({ createRuns: [], startRuns: [], nextRun: null, checkAt: null });
    expect(plan.error).toBeDefined();
  });

  it('is named when a run by hand asks it for an interval', () => {
    const infer = (inferManualInterval: unknown) =>
      timetableFor(spec, new Map([['own', timetable({ inferManualInterval })]])).inferManualInterval(5);
    expect(infer((at: number) => ({ start: at - 1, end: at }))).toEqual({ start: 4, end: 5 });
    expect(() => infer(() => ({ start: 6, end: 5 }))).toThrow(/TIMETABLE_FAILED.*answers what is no interval/);
    expect(() => infer(() => null)).toThrow(/TIMETABLE_FAILED.*answers what is no interval/);
  });

  it('is shown with what it answered, or what it threw', () => {
    const errorOf = (own: object) => planned(new Map([['own', timetable(own)]])).error;
    const cause = new RangeError('no calendar');
    const fail = () => {
      throw cause;
    };
    expect((errorOf({ next: fail }) as Error).cause).toBe(cause);
    expect(errorOf({ next: () => 7 })).toMatchObject({ details: { value: 7 } });
    const broken = timetableFor(spec, new Map([['own', timetable({ inferManualInterval: () => 'today' })]]));
    expect(() => broken.inferManualInterval(5)).toThrow('got "today"');
  });

  it('may answer from the year 1 to the year 9999', () => {
    const [first, last] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];
    const infer = (start: number, end: number) =>
      timetableFor(spec, new Map([['own', timetable({ inferManualInterval: () => ({ start, end }) })]])).inferManualInterval(5);
    expect(infer(first, last)).toEqual({ start: first, end: last });
    expect(() => infer(first - 1, last)).toThrow('TIMETABLE_FAILED');
    expect(() => infer(first, last + 1)).toThrow('TIMETABLE_FAILED');
  });

  it('keeps the limits that it sets', () => {
    const limits = { maxActiveRuns: 1, lastsUntilNow: true, summary: 'mine', periodic: false };
    expect(timetableFor(spec, new Map([['own', timetable(limits)]]))).toMatchObject(limits);
    const without = timetableFor(spec, new Map([['own', timetable({})]]));
    expect(without).not.toHaveProperty('maxActiveRuns');
    expect(without).not.toHaveProperty('lastsUntilNow');
  });
});
