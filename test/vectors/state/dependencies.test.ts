import { expect, it } from '@jest/globals';
import type { CheckVerdict } from '../../../src/core/dependency/check.js';
import { evaluateDependencies } from '../../../src/core/dependency/checks.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import { dagRun } from '../../support/dag-specs.js';
import { runVectors, type VectorCase } from '../vector-file.js';
import { nameOf, rowsOf, specOf, withIds, type RecordedGraph } from './state-world.js';

export interface DependencyCase extends VectorCase, RecordedGraph {
  readonly states: Readonly<Record<string, TaskInstanceState>>;
  readonly expand?: Readonly<Record<string, readonly [number, readonly string[]]>>;
  readonly targets?: readonly string[];
  /** Outcome per instance; `a/b` where it depends on an unspecified order. */
  readonly expect: Readonly<Record<string, string>>;
}

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
    agrees: (ours, recorded) => agree(ours as Record<string, string>, recorded as Record<string, string>),
  });
  expect(failures).toEqual([]);
});

function agree(ours: Record<string, string>, recorded: Record<string, string>): boolean {
  const names = Object.keys(recorded);
  return names.length === Object.keys(ours).length && names.every((name) => recorded[name]?.split('/').includes(ours[name] ?? ''));
}
