import { describe, expect, it } from '@jest/globals';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import type { DagRunState } from '../../../src/model/states.js';
import { dagSchedule, dagSpec, taskSpec } from './factories.js';

const runs = (...states: readonly DagRunState[]) =>
  states.map((state, index) => ({ state, endedAt: state === 'running' ? null : 100 - index }));

describe('a DAG with maxConsecutiveFailedDagRuns', () => {
  const pauseOf = (limit: number, states: readonly DagRunState[], activeSince: number | null = null): string | undefined => {
    const spec = dagSpec([taskSpec('a')], { maxConsecutiveFailedDagRuns: limit });
    return planDagSchedule(dagSchedule(spec, 200, { newestRuns: runs(...states), activeSince })).pause;
  };

  it('is paused when so many newest runs failed', () => {
    expect(pauseOf(2, ['failed', 'failed'])).toBe('its newest 2 runs failed (maxConsecutiveFailedDagRuns)');
    expect(pauseOf(1, ['failed'])).toBe('its newest run failed (maxConsecutiveFailedDagRuns)');
  });

  it('is not while there are fewer, or any of them ended well, partially, or not yet', () => {
    expect(pauseOf(2, ['failed'])).toBeUndefined();
    for (const state of ['success', 'partial', 'running', 'queued'] as const) {
      expect(pauseOf(2, ['failed', state])).toBeUndefined();
      expect(pauseOf(2, [state, 'failed'])).toBeUndefined();
    }
    expect(pauseOf(0, [])).toBeUndefined();
  });

  it('gets another run when somebody unpauses it, and is paused again when that fails', () => {
    expect(pauseOf(2, ['failed', 'failed'], 101)).toBeUndefined();
    expect(pauseOf(2, ['failed', 'failed'], 100)).toContain('newest 2 runs failed');
  });

  it('creates and starts nothing in the same breath', () => {
    const spec = dagSpec([taskSpec('a')], { maxConsecutiveFailedDagRuns: 1, schedule: { kind: 'once' }, startDate: 0 });
    const queuedRuns = [{ id: 1, runId: 'r', runAfter: 0 }];
    expect(planDagSchedule(dagSchedule(spec, 200, { newestRuns: runs('failed'), queuedRuns }))).toMatchObject({
      createRuns: [],
      startRuns: [],
      checkAt: null,
    });
  });
});
