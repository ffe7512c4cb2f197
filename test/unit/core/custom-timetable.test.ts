import { describe, expect, it } from '@jest/globals';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import type { NextRun } from '../../../src/model/dag.js';
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
