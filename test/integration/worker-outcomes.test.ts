/**
 * Every way in which a task can end, from code in real runner processes to the state that follows: the recorded cases of one attempt are
 * answered with what the worker reports, settled by the core.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { settleChange } from '../../src/core/task-instance/settle-attempt.js';
import type { Outcome } from '../../src/model/outcome.js';
import { taskInstance, taskSpec } from '../support/dag-specs.js';
import { runVectors, type VectorCase } from '../vectors/vector-file.js';
import { WorkerHarness } from './worker/harness.js';

const SOURCE = `
import { dag, FailTask, SkipTask, task, type Wired } from 'airflow-like';

const never = () => new Promise<never>(() => undefined);
const failing = (retryPolicy: 'fail' | 'default' | { retryIn: '30s' }) => ({ retries: 9, retryPolicy: () => retryPolicy });

@dag({ dagId: 'endings', startDate: '2024-01-01', schedule: null })
export class Endings {
  @task() return() { return 1; }
  @task() skip() { throw new SkipTask('no data'); }
  @task() fail() { throw new FailTask('bad input'); }
  @task() error() { throw new Error('oops'); }
  @task() system_exit_0() { process.exit(0); }
  @task() system_exit_1() { process.exit(1); }
  @task({ isolation: 'process' }) async keyboard_interrupt() { process.kill(process.pid, 'SIGINT'); await never(); }
  @task({ executionTimeout: '200ms' }) async timeout() { await never(); }
  @task.sensor({ pokeInterval: '10ms', timeout: '20ms' }) sensor_timeout() { return false; }
  @task.sensor({ pokeInterval: '1m', mode: 'reschedule' }) reschedule() { return false; }
  @task.shortCircuit() skip_downstream() { return false; }
  @task() after() {}
  @task(failing('fail')) policy_fail() { throw new Error('oops'); }
  @task(failing('default')) policy_default() { throw new Error('oops'); }
  @task(failing({ retryIn: '30s' })) policy_retry_30s() { throw new Error('oops'); }

  wire(t: Wired<Endings>) {
    t.return(); t.skip(); t.fail(); t.error(); t.system_exit_0(); t.system_exit_1(); t.keyboard_interrupt(); t.timeout(); t.sensor_timeout();
    t.reschedule(); t.policy_fail(); t.policy_default(); t.policy_retry_30s();
    t.after().after(t.skip_downstream());
  }
}
`;
const KINDS = [
  'return',
  'skip',
  'fail',
  'error',
  'system_exit_0',
  'system_exit_1',
  'keyboard_interrupt',
  'timeout',
  'sensor_timeout',
  'reschedule',
  'skip_downstream',
  'policy_fail',
  'policy_default',
  'policy_retry_30s',
];
/** Airflow's words for what an ordinary error says here. */
const SAME: Readonly<Record<string, string>> = { airflow_exception: 'error' };

interface AttemptCase extends VectorCase {
  readonly kind: string;
  readonly start_state: string;
  readonly outcome: string;
  readonly try_number: number;
  readonly max_tries: number;
  readonly retries: number;
  readonly expect: {
    readonly state: string;
    readonly try_number: number;
    readonly xcom_pushed: boolean;
    readonly next_try_after_end_s?: number;
    readonly downstream?: string;
  };
}

let worker: WorkerHarness;
const withTriesLeft = new Map<string, Outcome>();
const onLastTry = new Map<string, Outcome>();

beforeAll(async () => {
  worker = new WorkerHarness({ executionGraceMs: 100 });
  const dag = await worker.addDag(SOURCE);
  for (const kind of KINDS) {
    withTriesLeft.set(kind, await worker.runTask(dag, kind, { tryNumber: 1, maxTries: 10 }));
    onLastTry.set(kind, kind.startsWith('policy_') ? await worker.runTask(dag, kind) : withTriesLeft.get(kind)!);
  }
});
afterAll(() => worker.close());

const kindOf = ({ outcome }: AttemptCase) => SAME[outcome] ?? outcome;

/** What becomes of the case's task instance; our `maxTries` is the number of the last try. */
function settle(testCase: AttemptCase) {
  const { try_number: tryNumber, max_tries, retries } = testCase;
  const maxTries = max_tries + 1;
  const outcome = (tryNumber < maxTries ? withTriesLeft : onLastTry).get(kindOf(testCase)) as Outcome;
  const running = taskInstance(1, 'a', { state: 'running', tryNumber, maxTries, token: 't', startedAt: 0 });
  const run = { dagId: 'd', logicalDate: 0 };
  const { next, xcoms } = settleChange(running, taskSpec('a', { retries }), run, outcome, 1_000_000);
  return {
    state: next.state,
    try_number: next.tryNumber,
    xcom_pushed: xcoms.some(({ key }) => key === 'return_value'),
    next_try_after_end_s: next.state === 'up_for_retry' ? ((next.wakeAt ?? 0) - 1_000_000) / 1_000 : null,
    decision: next.decision,
  };
}

describe('what a task can do, and what becomes of it', () => {
  it('agrees with what Airflow makes of it', () => {
    const differences = runVectors<AttemptCase>({
      path: 'state/07a_attempts.json',
      answer: settle,
      expected: ({ expect: { state, try_number, xcom_pushed, next_try_after_end_s = null, downstream } }) => ({
        state,
        try_number,
        xcom_pushed,
        next_try_after_end_s,
        decision: downstream === 'skipped' ? { skipped: ['after'] } : null,
      }),
      missing: (testCase) => {
        if (testCase.kind !== 'worker') return testCase.kind;
        if (testCase.start_state !== 'queued') return `a start from ${testCase.start_state}`;
        return KINDS.includes(kindOf(testCase)) ? null : testCase.outcome;
      },
    });
    expect(differences).toEqual([]);
  });

  it('says in each report what happened', () => {
    const said = (kind: string) => {
      const outcome = withTriesLeft.get(kind);
      return outcome?.kind === 'failed' ? outcome.error.code : outcome?.kind;
    };
    expect(Object.fromEntries(KINDS.map((kind) => [kind, said(kind)]))).toEqual({
      return: 'success',
      skip: 'skipped',
      fail: 'TASK_ERROR',
      error: 'TASK_ERROR',
      system_exit_0: 'TASK_EXITED',
      system_exit_1: 'TASK_EXITED',
      keyboard_interrupt: 'TASK_CRASHED',
      timeout: 'TASK_TIMEOUT',
      sensor_timeout: 'SENSOR_TIMEOUT',
      reschedule: 'reschedule',
      skip_downstream: 'success',
      policy_fail: 'TASK_ERROR',
      policy_default: 'TASK_ERROR',
      policy_retry_30s: 'TASK_ERROR',
    });
  });
});
