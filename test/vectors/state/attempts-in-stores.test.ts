import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { queueInstance } from '../../../src/core/queueing/dispatch.js';
import { resumeDeferred } from '../../../src/core/task-instance/resume.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { AttemptOutcome } from '../../../src/model/outcome.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { Store } from '../../../src/ports/store.js';
import { readVectors, runVectors } from '../vector-file.js';
import {
  attemptAnswer,
  attemptRows,
  attemptSpec,
  ENDED_AT,
  leftOutFor,
  recordedAttempt,
  reportOf,
  type AttemptCase,
} from './attempt-cases.js';
import { ONE_PASS } from './run-state-cases.js';
import { ACTOR, createRun, giveRows, noExecutor, openStore, rowsByRun, saveSpecs, schedulerOver, STORES } from './stores.js';

const PATH = 'state/07a_attempts.json';

describe.each(STORES)('through the %s store', (storeName) => {
  let store: Store;
  beforeAll(async () => void (store = await openStore(storeName)));
  afterAll(() => store.close());

  it('07a_attempts', async () => {
    const cases = (readVectors<AttemptCase>(PATH)?.cases ?? []).filter((testCase) => leftOutFor(testCase) === null);
    const answers = await settleAll(store, cases);
    const failures = runVectors<AttemptCase>({
      path: PATH,
      through: `the ${storeName} store`,
      leftOut: leftOutFor,
      answer: ({ id }) => answers.get(id),
      expected: recordedAttempt,
    });
    expect(failures).toEqual([]);
  });
});

async function settleAll(store: Store, cases: readonly AttemptCase[]): Promise<Map<string, unknown>> {
  const given: { readonly testCase: AttemptCase; readonly run: DagRun; readonly token: string; readonly dagId: string }[] = [];
  await saveSpecs(
    store,
    cases.map((testCase, index) => attemptSpec(`attempt-${index}`, testCase)),
  );
  for (const [index, testCase] of cases.entries()) {
    const dagId = `attempt-${index}`;
    given.push({ testCase, dagId, token: randomUUID(), run: await createRun(store, dagId) });
  }
  await giveRows(
    store,
    given.map(({ testCase, run, token }) => ({ run, rows: attemptRows(testCase, token) })),
  );
  const runs = given.map(({ run }) => run);
  const before = await rowsByRun(store, runs);
  const outcomes = given.flatMap(({ testCase, run, token }): AttemptOutcome[] => {
    const report = reportOf(testCase);
    const row = before.get(run.id)?.find(({ taskId }) => taskId === 'a') as TaskInstance;
    const ended = { taskInstanceId: row.id, dagRunId: run.id, endedAt: ENDED_AT };
    // A report of an attempt that no longer counts is made, and must change nothing.
    const stale: AttemptOutcome = { ...ended, token: randomUUID(), outcome: { kind: 'success', output: null } };
    return [report ? { ...ended, token, outcome: report } : stale];
  });
  for (const { testCase, run, token } of given) {
    if (testCase.state === 'deferred' && reportOf(testCase)) await resumeToFail(store, run, token);
  }
  const { advancer } = schedulerOver(store, noExecutor, ONE_PASS);
  await advancer.advance(outcomes, ENDED_AT);
  const after = await rowsByRun(store, runs);
  const answers = new Map<string, unknown>();
  for (const { testCase, run } of given) {
    const rows = after.get(run.id) ?? [];
    const row = rows.find(({ taskId }) => taskId === 'a') as TaskInstance;
    const [values = []] = await store.attempts.readXComs([{ dagRunId: run.id, taskId: 'a', key: 'return_value' }]);
    const ends = (await store.runs.listAttempts([row.id])).map(({ state }) => state);
    answers.set(testCase.id, attemptAnswer(testCase, rows, { ends, hasOutput: values.length > 0 }));
  }
  return answers;
}

/** What breaks of a deferred task is its trigger: the task goes on in an attempt of its own, which fails. */
async function resumeToFail(store: Store, run: DagRun, token: string): Promise<void> {
  for (const step of [
    (view: RunView, id: number) => resumeDeferred(view, id, { kind: 'error', message: 'boom' }, ENDED_AT),
    (view: RunView, id: number) => queueInstance(view, id, token, ENDED_AT),
  ]) {
    const [snapshot] = await store.scheduling.loadSnapshots([run.id]);
    const view = RunView.from(snapshot!);
    const [instance] = view.instances('a');
    step(view, instance!.id);
    const commit = view.drain(ACTOR, undefined);
    if (commit) await store.scheduling.commit([commit], ENDED_AT);
  }
}
