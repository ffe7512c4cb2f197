import { expect, it } from '@jest/globals';
import type { CheckVerdict } from '../../../src/core/dependency/check.js';
import { evaluateDependencies } from '../../../src/core/dependency/checks.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { dagRun } from '../../support/dag-specs.js';
import { runVectors } from '../vector-file.js';
import { agreeOnOutcomes, type DependencyCase } from './dependency-cases.js';
import { nameOf, rowsOf, specOf, withIds } from './state-world.js';

const LETTERS: Readonly<Record<CheckVerdict, string>> = { met: 'R', wait: 'w', skipped: 'k', upstream_failed: 'u', removed: 'x' };

it.each(['02_setup_teardown', '03_mapped_deps'])('%s, by the checks alone', (name) => {
  const failures = runVectors<DependencyCase>({
    path: `state/${name}.json`,
    answer(testCase) {
      const view = RunView.from({
        run: dagRun(),
        spec: specOf('d', testCase),
        taskInstances: withIds(rowsOf(testCase, testCase, 1)),
        previous: null,
      });
      const answers: Record<string, string> = {};
      for (const instance of view.allInstances()) {
        const name = nameOf(instance.taskId, instance.mapIndex);
        if (!(name in testCase.expect)) continue;
        const { verdict } = evaluateDependencies({ view, node: view.node(instance.taskId), instance, now: 0 });
        answers[name] = LETTERS[verdict];
      }
      return answers;
    },
    expected: ({ expect: recorded }) => recorded,
    agrees: agreeOnOutcomes,
  });
  expect(failures).toEqual([]);
});
