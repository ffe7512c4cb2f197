import { describe, expect, it } from '@jest/globals';
import { DAG_RUN_TRANSITIONS } from '../../../src/core/dag-run/transitions.js';
import { TASK_INSTANCE_TRANSITIONS, type TaskInstanceTransition } from '../../../src/core/task-instance/transitions.js';
import { destinationOf } from '../../../src/core/transition.js';
import { DAG_RUN_STATES, TASK_INSTANCE_STATES, type TaskInstanceState } from '../../../src/model/states.js';

/** The legal edges, written a second time as a matrix: a state, then what it may become and by which transition. */
const LEGAL: Readonly<Record<TaskInstanceState, string>> = {
  none: 'schedule complete skip failUpstream fail passOver abandon clear remove override',
  scheduled: 'queue fail passOver abandon clear remove override',
  queued: 'requeue start fail passOver abandon clear override',
  running: 'skip requeue succeed retry fail reschedule defer ask stop abandon clear override',
  success: 'clear remove override',
  failed: 'clear remove override',
  skipped: 'clear remove override',
  upstream_failed: 'passOver clear remove override',
  up_for_retry: 'schedule complete skip failUpstream passOver abandon clear remove override',
  up_for_reschedule: 'schedule complete skip failUpstream passOver abandon clear remove override',
  deferred: 'fail resume passOver abandon clear remove override',
  awaiting_input: 'fail resume passOver abandon clear remove override',
  removed: 'clear restore override',
};

const NAMES = Object.keys(TASK_INSTANCE_TRANSITIONS) as TaskInstanceTransition[];

describe('task instance transitions', () => {
  it.each(TASK_INSTANCE_STATES.map((state) => [state]))('from %s exactly the legal ones are allowed', (state) => {
    const allowed = NAMES.filter((name) => {
      try {
        destinationOf('ti', name, TASK_INSTANCE_TRANSITIONS[name], state, 'success');
        return true;
      } catch (error) {
        expect(error).toMatchObject({
          code: 'INTERNAL',
          message: expect.stringContaining(`"${name}" is not allowed in state "${state}"`),
        });
        return false;
      }
    });
    expect(allowed.sort()).toEqual((LEGAL[state] as string).split(' ').sort());
  });

  it('takes a destination only from the list where there are several', () => {
    const { override } = TASK_INSTANCE_TRANSITIONS;
    expect(destinationOf('ti', 'override', override, 'running', 'failed')).toBe('failed');
    expect(() => destinationOf('ti', 'override', override, 'running', 'queued')).toThrow('needs a destination');
    expect(() => destinationOf('ti', 'override', override, 'running', undefined)).toThrow('needs a destination');
  });

  it('finished instances change only by what a user does, because their task is gone, or because it was decided that one that could not run is left out', () => {
    for (const state of ['success', 'failed', 'skipped', 'upstream_failed'] as const) {
      const names = NAMES.filter((name) => TASK_INSTANCE_TRANSITIONS[name].from.includes(state));
      const byMachine = names.filter((name) => TASK_INSTANCE_TRANSITIONS[name].actors.includes('scheduler'));
      expect(byMachine).toEqual(state === 'upstream_failed' ? ['passOver', 'remove'] : ['remove']);
    }
  });
});

describe('run transitions', () => {
  it('are exactly these edges', () => {
    const edges = Object.entries(DAG_RUN_TRANSITIONS).flatMap(([name, { from, to }]) =>
      from.flatMap((source) => to.map((target) => `${name}: ${source} -> ${target}`)),
    );
    expect(edges.filter((edge) => !edge.startsWith('override'))).toEqual([
      'start: queued -> running',
      'succeed: running -> success',
      'succeedPartially: running -> partial',
      'fail: running -> failed',
      'cancel: queued -> failed',
      'reopen: success -> queued',
      'reopen: partial -> queued',
      'reopen: failed -> queued',
    ]);
    expect(edges.filter((edge) => edge.startsWith('override'))).toHaveLength(DAG_RUN_STATES.length * 3);
  });
});
