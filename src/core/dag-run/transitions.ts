/** Every legal transition of a run. Nothing else may change `DagRun.state`. */
import type { DagRunState } from '../../model/states.js';
import type { Transition } from '../transition.js';

const define = <Name extends string>(table: Record<Name, Transition<DagRunState>>) => table;

export const DAG_RUN_TRANSITIONS = define({
  start: {
    from: ['queued'],
    to: ['running'],
    actors: ['scheduler', 'test'],
    when: 'its runAfter has passed and a place under maxActiveRuns is free',
  },
  succeed: {
    from: ['running'],
    to: ['success'],
    actors: ['scheduler', 'worker', 'sweeper', 'test'],
    when: 'nothing is unfinished and no leaf failed',
  },
  succeedPartially: {
    from: ['running'],
    to: ['partial'],
    actors: ['scheduler', 'worker', 'sweeper', 'test'],
    when: 'nothing is unfinished, no critical leaf failed, but a task that is not critical did',
  },
  fail: {
    from: ['running'],
    to: ['failed'],
    actors: ['scheduler', 'worker', 'sweeper', 'test'],
    when: 'nothing is unfinished and a leaf failed, nothing can ever go on, or it timed out',
  },
  cancel: {
    from: ['queued'],
    to: ['failed'],
    actors: ['user', 'backfill', 'test'],
    when: 'its backfill was cancelled before it started',
  },
  reopen: {
    from: ['success', 'partial', 'failed'],
    to: ['queued'],
    actors: ['user', 'backfill', 'test'],
    when: 'some of its task instances were cleared',
  },
  override: {
    from: ['queued', 'running', 'success', 'partial', 'failed'],
    to: ['success', 'failed', 'queued'],
    actors: ['user', 'test'],
    when: 'somebody marked it',
  },
});

export type DagRunTransition = keyof typeof DAG_RUN_TRANSITIONS;
