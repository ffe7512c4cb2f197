import { expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { queueInstance, startInstance } from '../../../src/core/queueing/dispatch.js';
import { resumeDeferred } from '../../../src/core/task-instance/resume.js';
import { settleAttempt } from '../../../src/core/task-instance/settle-attempt.js';
import type { AttemptToken } from '../../../src/model/task-instance.js';
import { dagRun } from '../../support/dag-specs.js';
import { runVectors } from '../vector-file.js';
import { agreesWithRun, normalized } from './run-answers.js';
import { ONE_PASS } from './run-state-cases.js';
import { ScriptedRun, type RecordedRun, type RunCase } from './scripted-run.js';
import { nameOf, TICK_MS, withIds } from './state-world.js';

it.each(['04_runs', '03b_mapped_runs'])('%s, by the pure core', (name) => {
  const failures = runVectors<RunCase>({
    path: `state/${name}.json`,
    answer: (testCase) => normalized(simulate(testCase)),
    expected: ({ expect: recorded }) => normalized(recorded),
    agrees: agreesWithRun,
  });
  expect(failures).toEqual([]);
});

function simulate(testCase: RunCase): RecordedRun {
  const script = new ScriptedRun(testCase, 'd');
  const view = RunView.from({ run: dagRun(), spec: script.spec, taskInstances: withIds(script.initialRows(1)), previous: null });
  let ids = 1_000;
  for (let t = 0; script.result === null; t++) {
    const { endings, fired } = script.endings(t, [...view.allInstances()]);
    for (const id of fired) resumeDeferred(view, id, { kind: 'event', payload: null }, t * TICK_MS);
    const dropped = new Set<AttemptToken>();
    for (const { taskInstanceId, token, outcome, endedAt } of endings) {
      if (view.instance(taskInstanceId).token === token) settleAttempt(view, taskInstanceId, outcome, endedAt, endedAt);
      else dropped.add(token);
    }
    script.settled([...view.allInstances()], dropped);
    planRun(view, t * TICK_MS, ONE_PASS);
    const commit = view.drain({ kind: 'test', id: 'test' }, undefined);
    if (commit) {
      const inserted = commit.insertions.map(({ row: { taskId, mapIndex } }) => ({ id: ids++, dagRunId: 1, taskId, mapIndex }));
      view.committed({ staleRuns: [], staleTaskInstances: [], revisions: new Map([[1, view.revision + 1]]), inserted });
    }
    script.planned([...view.allInstances()], { state: view.run.state, reason: commit?.run?.reason ?? null });
    for (const { id, taskId, mapIndex } of [...view.ready()]) {
      const token = crypto.randomUUID();
      queueInstance(view, id, token, t * TICK_MS);
      startInstance(view, id, 'worker', t * TICK_MS);
      script.started(t, id, nameOf(taskId, mapIndex), token);
    }
  }
  return script.result;
}
