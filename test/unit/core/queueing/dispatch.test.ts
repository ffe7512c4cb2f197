import { describe, expect, it } from '@jest/globals';
import { queueInstance, startInstance } from '../../../../src/core/queueing/dispatch.js';
import type { TaskInstance } from '../../../../src/model/task-instance.js';
import { SCHEDULER, taskSpec, viewOf } from '../factories.js';

describe('dispatching', () => {
  describe('counts within a try, and deletes the XComs of the dispatches before', () => {
    const open = (changes: Partial<TaskInstance>) => {
      const view = viewOf([taskSpec('a')], { a: { state: 'scheduled', ...changes } });
      queueInstance(view, 1, 'token', 5);
      const change = view.drain(SCHEDULER, undefined)?.changes[0];
      return [change?.openAttempt?.dispatchNumber, change?.clearXComs];
    };
    it('pitfall 14: at the next start, not before, and not when the task goes on after a deferral', () => {
      expect(open({ tryNumber: 1 })).toEqual([1, false]);
      expect(open({ tryNumber: 2 })).toEqual([1, true]);
      expect(open({ tryNumber: 1, lostDispatches: 1 })).toEqual([2, true]);
      expect(open({ tryNumber: 2, deferral: { event: 1 } })).toEqual([1, false]);
    });

    it('pitfall 15: also when a sensor looks again', () => {
      expect(open({ tryNumber: 1, pokeNumber: 4 })).toEqual([5, true]);
    });
  });

  it('remembers when a sensor began to wait', () => {
    const sensor = {
      pokeIntervalMs: 1,
      timeoutMs: 1,
      mode: 'reschedule',
      softFail: false,
      silentFail: false,
      neverFail: false,
      exponentialBackoff: false,
      maxWaitMs: null,
    } as const;
    const view = viewOf([taskSpec('a', { sensor }), taskSpec('b')], { a: { state: 'queued' }, b: { state: 'queued' } });
    startInstance(view, 1, 'w', 7);
    startInstance(view, 2, 'w', 7);
    expect([view.instance(1).waitingSince, view.instance(2).waitingSince]).toEqual([7, null]);
    const again = viewOf([taskSpec('a', { sensor })], { a: { state: 'queued', waitingSince: 3 } });
    expect(startInstance(again, 1, 'w', 9)).toMatchObject({ waitingSince: 3, startedAt: 9 });
  });

  it('takes away what the attempt before left, and opens a new one', () => {
    const left = { token: 'old', workerId: 'w', queuedAt: 1, startedAt: 2, endedAt: 3, tryNumber: 2, pokeNumber: 1 };
    const view = viewOf([taskSpec('a')], { a: { state: 'scheduled', ...left } });
    const queued = queueInstance(view, 1, 'new', 7);
    expect(queued).toMatchObject({ state: 'queued', token: 'new', workerId: null, queuedAt: 7, startedAt: null, endedAt: null });
    expect(view.drain(SCHEDULER, undefined)?.changes[0]).toMatchObject({
      expectedToken: 'old',
      path: ['queued'],
      openAttempt: { dispatchNumber: 2, createdAt: 7, startedAt: null, workerId: null },
    });
  });

  it('starts what was queued before under the same number, and says who runs it', () => {
    const states = { state: 'queued', token: 't', queuedAt: 7, tryNumber: 1, lostDispatches: 1, pokeNumber: 2 } as const;
    const view = viewOf([taskSpec('a')], { a: states });
    expect(startInstance(view, 1, 'w', 9)).toMatchObject({
      state: 'running',
      token: 't',
      workerId: 'w',
      queuedAt: 7,
      startedAt: 9,
    });
    expect(view.drain(SCHEDULER, undefined)?.changes[0]).toMatchObject({
      expectedToken: 't',
      path: ['running'],
      openAttempt: { dispatchNumber: 4, createdAt: 7, startedAt: 9, workerId: 'w' },
      clearXComs: false,
    });
  });

  it('opens one attempt for what is queued and started at once', () => {
    const view = viewOf([taskSpec('a')], { a: { state: 'scheduled', tryNumber: 2 } });
    queueInstance(view, 1, 't', 7);
    startInstance(view, 1, 'w', 9);
    expect(view.drain(SCHEDULER, undefined)?.changes).toMatchObject([
      {
        path: ['queued', 'running'],
        openAttempt: { dispatchNumber: 1, createdAt: 7, startedAt: 9, workerId: 'w' },
        clearXComs: true,
      },
    ]);
  });
});
