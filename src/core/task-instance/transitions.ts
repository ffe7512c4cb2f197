/**
 * Every legal transition of a task instance. Nothing else may change `TaskInstance.state`: `RunView.transition` and
 * `settleChange` both look it up here.
 */
import { TASK_INSTANCE_STATES, type TaskInstanceState } from '../../model/states.js';
import type { Transition } from '../transition.js';

const UNFINISHED = [
  'none',
  'scheduled',
  'queued',
  'running',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
] as const;

const define = <Name extends string>(table: Record<Name, Transition<TaskInstanceState>>) => table;

export const TASK_INSTANCE_TRANSITIONS = define({
  schedule: {
    from: ['none', 'up_for_retry', 'up_for_reschedule'],
    to: ['scheduled'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'all its dependencies are met and its waiting time has passed',
  },
  skip: {
    from: ['none', 'up_for_retry', 'up_for_reschedule', 'running'],
    to: ['skipped'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'its trigger rule says so, it is mapped over nothing, or the task itself asked for it',
  },
  complete: {
    from: ['none', 'up_for_retry', 'up_for_reschedule'],
    to: ['success'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'all its dependencies are met, and there is nothing to execute',
  },
  failUpstream: {
    from: ['none', 'up_for_retry', 'up_for_reschedule'],
    to: ['upstream_failed'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'its trigger rule can never be met',
  },
  queue: {
    from: ['scheduled'],
    to: ['queued'],
    actors: ['scheduler', 'worker', 'test'],
    when: 'a slot under every limit is free; an attempt token is minted',
  },
  requeue: {
    from: ['queued', 'running'],
    to: ['scheduled'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'the infrastructure lost the attempt; no retry is used up',
  },
  start: {
    from: ['queued'],
    to: ['running'],
    actors: ['scheduler', 'worker', 'test'],
    when: 'a worker took it',
  },
  succeed: {
    from: ['running'],
    to: ['success'],
    actors: ['scheduler', 'worker', 'test'],
    when: 'the task returned',
  },
  retry: {
    from: ['running'],
    to: ['up_for_retry'],
    actors: ['scheduler', 'worker', 'sweeper', 'test'],
    when: 'the try failed and another one is left',
  },
  fail: {
    from: ['none', 'scheduled', 'queued', 'running', 'deferred', 'awaiting_input'],
    to: ['failed'],
    actors: ['scheduler', 'worker', 'sweeper', 'test'],
    when: 'the last try failed, the infrastructure lost it too often, or it cannot be mapped',
  },
  reschedule: {
    from: ['running'],
    to: ['up_for_reschedule'],
    actors: ['scheduler', 'worker', 'test'],
    when: 'a sensor wants to be called again later',
  },
  defer: {
    from: ['running'],
    to: ['deferred'],
    actors: ['scheduler', 'worker', 'test'],
    when: 'the task waits for a trigger',
  },
  ask: {
    from: ['running'],
    to: ['awaiting_input'],
    actors: ['scheduler', 'worker', 'test'],
    when: 'the task waits for a person',
  },
  resume: {
    from: ['deferred', 'awaiting_input'],
    to: ['scheduled'],
    actors: ['scheduler', 'sweeper', 'user', 'test'],
    when: 'what it waited for has come, or its time is over',
  },
  passOver: {
    from: ['none', 'scheduled', 'queued', 'upstream_failed', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input'],
    to: ['skipped'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'a task above it decided against it, or another task failed in a DAG that fails fast',
  },
  stop: {
    from: ['running'],
    to: ['failed'],
    actors: ['scheduler', 'sweeper', 'worker', 'test'],
    when: 'another task failed in a DAG that fails fast',
  },
  abandon: {
    from: UNFINISHED,
    to: ['skipped'],
    actors: ['scheduler', 'sweeper', 'worker', 'user', 'test'],
    when: 'its run timed out',
  },
  clear: {
    from: TASK_INSTANCE_STATES,
    to: ['none'],
    actors: ['user', 'backfill', 'test'],
    when: 'somebody wants it to run again',
  },
  remove: {
    from: TASK_INSTANCE_STATES.filter((state) => state !== 'running' && state !== 'queued' && state !== 'removed'),
    to: ['removed'],
    actors: ['scheduler', 'sweeper', 'worker', 'user', 'test'],
    when: 'its task or its map index no longer exists',
  },
  restore: {
    from: ['removed'],
    to: ['none'],
    actors: ['scheduler', 'sweeper', 'worker', 'user', 'test'],
    when: 'its task or its map index exists again',
  },
  override: {
    from: TASK_INSTANCE_STATES,
    to: ['success', 'failed', 'skipped'],
    actors: ['user', 'test'],
    when: 'somebody marked it',
  },
});

export type TaskInstanceTransition = keyof typeof TASK_INSTANCE_TRANSITIONS;
