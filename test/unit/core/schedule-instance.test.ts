/** When a task instance that waits is due, and what of its past it takes into the next try. */
import { describe, expect, it } from '@jest/globals';
import { resumeDeferred, type DeferralResult } from '../../../src/core/task-instance/resume.js';
import { dueAt, isDue, scheduleInstance } from '../../../src/core/task-instance/schedule.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { SCHEDULER, taskInstance, taskSpec, viewOf } from './factories.js';

const NOW = 50;

/** What a try has left behind, in every field that it may have written. */
const LEFT: Partial<TaskInstance> = {
  tryNumber: 2,
  maxTries: 5,
  lostDispatches: 3,
  scheduledAt: 1,
  queuedAt: 2,
  startedAt: 3,
  endedAt: 4,
  wakeAt: 5,
  waitingSince: 6,
  pokeNumber: 7,
  outputLength: 8,
  decision: { followed: [] },
  mapLabel: 'label',
  deferral: { waited: 1 },
};

describe('an instance that is scheduled', () => {
  const scheduled = (before: Partial<TaskInstance>): TaskInstance => {
    const view = viewOf([taskSpec('a')], { a: { ...LEFT, ...before } });
    scheduleInstance(view, view.instance(1), NOW);
    return view.instance(1);
  };

  it.each(['none', 'up_for_retry'] as const)('from %s begins a new try, with nothing of the one before', (state) => {
    expect(scheduled({ state })).toMatchObject({
      state: 'scheduled',
      tryNumber: 3,
      maxTries: 5,
      lostDispatches: 0,
      scheduledAt: NOW,
      queuedAt: null,
      startedAt: null,
      endedAt: null,
      wakeAt: null,
      waitingSince: null,
      pokeNumber: 0,
      outputLength: null,
      decision: null,
      mapLabel: null,
      deferral: null,
    });
  });

  it('pitfall 16: after a reschedule goes on with its try, and with how long it has waited', () => {
    const kept = { tryNumber: 2, maxTries: 5, waitingSince: 6, pokeNumber: 7, mapLabel: 'label' };
    expect(scheduled({ state: 'up_for_reschedule' })).toMatchObject({
      ...kept,
      state: 'scheduled',
      scheduledAt: NOW,
      wakeAt: null,
      lostDispatches: 0,
    });
  });
});

describe('an instance that waits', () => {
  it.each([
    ['up_for_retry', 11],
    ['up_for_reschedule', 10],
    ['deferred', 11],
    ['awaiting_input', 11],
  ] as const)('in %s for 10 is due at %i', (state, due) => {
    const waiting = taskInstance(1, 'a', { state, wakeAt: 10 });
    expect(dueAt(waiting)).toBe(due);
    expect([due - 1, due].map((now) => isDue(waiting, now))).toEqual([false, true]);
  });

  it('for no time is always due', () => {
    for (const state of ['none', 'up_for_retry', 'deferred'] as const) {
      expect(isDue(taskInstance(1, 'a', { state, wakeAt: null }), Number.MIN_SAFE_INTEGER)).toBe(true);
    }
    expect(isDue(taskInstance(1, 'a', { state: 'none', wakeAt: 10 }), 0)).toBe(true);
  });
});

describe('a task that goes on after it waited', () => {
  it.each<DeferralResult>([
    { kind: 'event', payload: { rows: 3 } },
    { kind: 'error', message: 'the trigger broke' },
    { kind: 'timeout' },
  ])('is scheduled in the same try with what came of it: $kind', (result) => {
    const view = viewOf([taskSpec('a')], { a: { ...LEFT, state: 'deferred', deferral: { trigger: 'x' } } });
    expect(resumeDeferred(view, 1, result, NOW)).toMatchObject({
      state: 'scheduled',
      deferral: { waited: { trigger: 'x' }, result },
      tryNumber: 2,
      lostDispatches: 0,
      scheduledAt: NOW,
      queuedAt: null,
      wakeAt: null,
      waitingSince: 6,
    });
    expect(view.drain(SCHEDULER, undefined)?.changes).toMatchObject([{ path: ['scheduled'], reason: `deferral_${result.kind}` }]);
  });
});
