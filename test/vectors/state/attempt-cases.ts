/**
 * What becomes of one attempt. In our design nobody but the attempt's own worker reports how it ended, under the token of the dispatch:
 *
 * - `worker`: the report is an `Outcome`. A task that is stopped to run again has lost its token, so there is no state `restarting` and nothing to settle.
 * - `handle_failure`: what the scheduler finds failed is an attempt that is queued or running, and fails like any other. A deferred task has no attempt; what broke
 *   is its trigger, and the task is resumed to fail. Without an attempt nothing can fail.
 * - `executor_event`: the end of a process is an outcome of its token. It counts if that is the current one, and is dropped if the row was
 *   dispatched again, taken away or finished meanwhile: no comparison of try numbers can mistake one dispatch for another.
 */
import { RunView } from '../../../src/core/dag-run/run-view.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { Outcome } from '../../../src/model/outcome.js';
import type { AttemptEnd } from '../../../src/model/commit.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { NewTaskInstance, TaskInstance } from '../../../src/model/task-instance.js';
import { newTaskInstance } from '../../../src/core/dag-run/new-task-instance.js';
import { dagRun, dagSpec, taskSpec } from '../../support/dag-specs.js';
import type { VectorCase } from '../vector-file.js';
import { withIds } from './state-world.js';

export interface AttemptCase extends VectorCase {
  readonly kind: 'worker' | 'handle_failure' | 'executor_event';
  readonly start_state?: string;
  readonly state?: string;
  readonly outcome?: string;
  readonly event?: 'success' | 'failed';
  readonly event_try?: number;
  readonly other_job?: boolean;
  readonly has_task?: boolean;
  readonly fail_fast?: boolean;
  readonly try_number: number;
  readonly max_tries: number;
  readonly retries: number;
  readonly expect: Readonly<Record<string, unknown>>;
}

export const ENDED_AT = 1_000_000;
export const TOKEN = '11111111-1111-4111-8111-111111111111';

export function leftOutFor({ start_state: start, state = start }: AttemptCase): 'restarting' | null {
  return state === 'restarting' ? 'restarting' : null;
}

export function attemptSpec(dagId: string, { retries, fail_fast: failFast = false }: AttemptCase): DagSpec {
  return dagSpec(dagId, {
    tasks: [
      // What waits stays as it is, also when the run is planned: `b` is not done.
      taskSpec('a', { retries, upstream: ['b'], decides: { kind: 'branch' } }),
      taskSpec('x', { upstream: ['a'] }),
      taskSpec('b'),
      taskSpec('c', { upstream: ['b'] }),
      // A teardown that would go on, but for the one before it, shows whether it was stopped.
      taskSpec('td0', { role: 'teardown', triggerRule: 'all_done_setup_success' }),
      taskSpec('td', { upstream: ['c', 'td0'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
    ],
    failFast,
  });
}

/**
 * Where the attempt stands that the case is about. What fails here is an attempt, never a row that has none: where Airflow finds a row without a
 * state or only scheduled that has to fail, the same counters decide about the attempt that it would have been queued for.
 */
function startStateOf({ kind, start_state: start, state = start }: AttemptCase): TaskInstanceState {
  return kind === 'handle_failure' && (state === 'none' || state === 'scheduled') ? 'queued' : (state as TaskInstanceState);
}

/** The rows of a run in which `a` is as the case says, and `b` is running. */
export function attemptRows(testCase: AttemptCase, token: string): NewTaskInstance[] {
  const state = startStateOf(testCase);
  const values = { maxTries: 1, pool: 'default_pool', poolSlots: 1, priorityWeight: 1, queue: 'default' };
  const row = (taskId: string, patch: Partial<TaskInstance>): NewTaskInstance => ({
    ...newTaskInstance(1, taskId, -1, values),
    ...patch,
  });
  return [
    row('a', {
      state,
      tryNumber: testCase.try_number,
      maxTries: testCase.max_tries + 1,
      token: state === 'queued' || state === 'running' ? token : null,
      wakeAt: state === 'up_for_retry' || state === 'up_for_reschedule' ? ENDED_AT * 10 : null,
    }),
    row('x', {}),
    row('b', { state: 'running', tryNumber: 1, token: crypto.randomUUID() }),
    row('c', {}),
    row('td0', {}),
    row('td', {}),
  ];
}

export function attemptView(testCase: AttemptCase): RunView {
  return RunView.from({
    run: dagRun(),
    spec: attemptSpec('d', testCase),
    taskInstances: withIds(attemptRows(testCase, TOKEN)),
    previous: null,
  });
}

/** What is reported; null: the report bears a token that is no longer current. */
export function reportOf(testCase: AttemptCase): Outcome | null {
  const { kind, state, outcome, event_try: eventTry, try_number: tryNumber, other_job: otherJob, has_task: hasTask } = testCase;
  if (kind === 'worker') return outcomeOf(outcome as string);
  if (kind === 'handle_failure') return failed(true);
  const isCurrent = (state === 'queued' || state === 'running') && eventTry === tryNumber && !otherJob && !hasTask;
  return isCurrent ? failed(true) : null;
}

function outcomeOf(name: string): Outcome {
  switch (name) {
    case 'return':
      return { kind: 'success', output: { value: 42, length: -1 } };
    case 'skip_downstream':
      return { kind: 'success', output: null, decision: { skipped: ['x'] } };
    case 'skip':
      return { kind: 'skipped', message: null };
    case 'reschedule':
      return { kind: 'reschedule', at: ENDED_AT + 60_000 };
    case 'defer':
      return { kind: 'defer', deferral: { trigger: 'any' }, timeoutAt: null };
    case 'fail':
    case 'sensor_timeout':
    case 'terminated':
    case 'inactive_asset':
    case 'policy_fail':
      return failed(false);
    case 'policy_retry_30s':
      return { ...failed(true), retryDelayMs: 30_000 };
    case 'airflow_exception':
    case 'error':
    case 'system_exit_0':
    case 'system_exit_1':
    case 'keyboard_interrupt':
    case 'timeout':
    case 'policy_default':
      return failed(true);
    default:
      throw new Error(`no outcome of ours is ${name}`);
  }
}

function failed(retryable: boolean): Extract<Outcome, { kind: 'failed' }> {
  return { kind: 'failed', error: { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null }, retryable };
}

/** Our answer from what is stored afterwards. */
export function attemptAnswer(
  testCase: AttemptCase,
  rows: readonly TaskInstance[],
  { ends, hasOutput }: { readonly ends: readonly AttemptEnd['state'][]; readonly hasOutput: boolean },
): Record<string, unknown> {
  const stateOf = (taskId: string): unknown => rows.find((row) => row.taskId === taskId)?.state;
  const row = rows.find(({ taskId }) => taskId === 'a') as TaskInstance;
  const answer = { state: row.state, try_number: row.tryNumber, max_tries: row.maxTries - 1 };
  const siblings = testCase.fail_fast ? { siblings: { b: stateOf('b'), c: stateOf('c'), td: stateOf('td') } } : {};
  if (testCase.kind !== 'worker') return { ...answer, ...siblings };
  return {
    ...answer,
    ...siblings,
    should_retry: testCase.try_number <= testCase.max_tries,
    // A try that is repeated is kept as one that failed.
    history: ends.includes('up_for_retry') ? [[row.tryNumber, 'failed']] : [],
    xcom_pushed: hasOutput,
    reschedule_rows: row.pokeNumber,
    next_try_after_end_s: row.wakeAt === null || row.state !== 'up_for_retry' ? null : (row.wakeAt - ENDED_AT) / 1_000,
    downstream: stateOf('x') === 'skipped' && row.state === 'success' ? 'skipped' : null,
  };
}

/** What of the recorded answer has a meaning here. Every dispatch has an identity of its own, so none is replaced. */
export function recordedAttempt({ kind, fail_fast: failFast, expect: recorded }: AttemptCase): Record<string, unknown> {
  const { state, try_number, max_tries, siblings } = recorded;
  const answer = { state, try_number, max_tries, ...(failFast ? { siblings } : {}) };
  if (kind !== 'worker') return answer;
  const { should_retry, history, xcom_pushed, reschedule_rows, next_try_after_end_s = null, downstream = null } = recorded;
  return { ...answer, should_retry, history, xcom_pushed, reschedule_rows, next_try_after_end_s, downstream };
}
