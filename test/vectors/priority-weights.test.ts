import { expect, it } from '@jest/globals';
import { effectiveWeights } from '../../src/core/queueing/effective-weights.js';
import type { WeightRule } from '../../src/model/dag-spec.js';
import { dagSpec, taskSpec } from '../unit/core/factories.js';
import { runVectors, type VectorCase } from './vector-file.js';

interface WeightCase extends VectorCase {
  readonly tasks: readonly {
    readonly id: string;
    readonly up?: readonly string[];
    readonly weight?: number;
    readonly rule?: WeightRule;
    readonly mapped?: number;
  }[];
}

it('a task has the weight that it has in Airflow 3.3.2', () => {
  const failures = runVectors<WeightCase>({
    path: 'state/09_priority_weights.json',
    answer: ({ tasks }) => Object.fromEntries(effectiveWeights(dagSpec(tasks.map(taskOf)))),
    expected: ({ expect: recorded }) => recorded,
  });
  expect(failures).toEqual([]);
});

function taskOf({ id, up = [], weight = 1, rule = 'downstream', mapped }: WeightCase['tasks'][number]) {
  return taskSpec(id, {
    upstream: up,
    priorityWeight: weight,
    weightRule: rule,
    map:
      mapped === undefined ? null : { kind: 'each', sources: [{ kind: 'value', value: Array.from({ length: mapped }, () => 0) }] },
  });
}
