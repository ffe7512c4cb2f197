/** Where we differ from Airflow on purpose. Each rule is documented for users in `docs/reference/timetables.md`. */
import { isDeepStrictEqual } from 'node:util';
import { failsFast, waitsForLength } from './state/state-differences.js';
import type { VectorCase } from './vector-file.js';

export type RuleName = 'dst' | 'weight-overflow' | 'wait-for-length' | 'fail-fast-is-failed';

export interface Difference {
  readonly rule: RuleName;
  readonly reason: string;
  /** Whether the rule explains that our answer to this case is another one. */
  applies(testCase: VectorCase, ours: unknown): boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    rule: 'dst',
    reason:
      'A fixed time that a change of the clocks skips is made up at the first instant after the gap, where Airflow moves it on by the length of the gap; ' +
      'one that occurs twice fires at its first occurrence, where Airflow takes the second.',
    applies: (testCase, ours) => 'croner' in testCase && isDeepStrictEqual(ours, testCase['croner']),
  },
  {
    rule: 'weight-overflow',
    reason:
      'A sum of weights beyond 32 bits is clamped to the largest or smallest weight there is, where in Airflow no run can be created.',
    applies: (testCase, ours) => {
      const recorded = JSON.stringify(testCase['expect'] ?? null);
      return recorded.includes('does not fit in 32 bits') && Object.values(ours as object).some(isOutermostWeight);
    },
  },
  {
    rule: 'wait-for-length',
    reason:
      'A mapped task whose trigger rule is met before the number of its copies is known waits until it is, where in Airflow it goes on without a length and ' +
      'becomes upstream_failed.',
    applies: waitsForLength,
  },
  {
    rule: 'fail-fast-is-failed',
    reason:
      'A run that its first failure has stopped is failed, where in Airflow it succeeds if the tasks without children were skipped by that.',
    applies: failsFast,
  },
];

function isOutermostWeight(value: unknown): boolean {
  return value === 2_147_483_647 || value === -2_147_483_648;
}
