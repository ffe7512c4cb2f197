import { expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { runVectors } from '../vector-file.js';
import { answerOf, ONE_PASS, snapshotOf, type RunStateCase, type RunStateHead } from './run-state-cases.js';

it('06_run_state, by one pass of the planner', () => {
  const failures = runVectors<RunStateCase>({
    path: 'state/06_run_state.json',
    leftOut: ({ s }) => (s.includes('t') ? 'restarting' : null),
    answer(testCase, head) {
      const snapshot = snapshotOf(testCase, head as unknown as RunStateHead);
      const view = RunView.from(snapshot);
      planRun(view, 1_000, ONE_PASS);
      const reason = view.drain({ kind: 'test', id: 'test' }, undefined)?.run?.reason ?? null;
      return answerOf(snapshot.taskInstances, [...view.allInstances()], view.run.state, reason);
    },
    expected: ({ run, why, go, set }) => ({ run, why: why ?? null, go: go ?? [], set: set ?? {} }),
  });
  expect(failures).toEqual([]);
});
