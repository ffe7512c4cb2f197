/** Where we differ from Airflow on purpose. Each rule is documented for users in `docs/reference/timetables.md`. */
import { isDeepStrictEqual } from 'node:util';
import type { VectorCase } from './vector-file.js';

export type RuleName = 'dst';

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
];
