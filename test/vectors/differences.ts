/** Where we differ from Airflow on purpose. Each rule is documented for users in `docs/reference/timetables.md`. */
import { isDeepStrictEqual } from 'node:util';
import type { VectorCase } from './vector-file.js';

export type RuleName = 'dst' | 'weight-overflow' | 'pass-limit';

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
    rule: 'pass-limit',
    reason:
      'What a limit keeps back does not count against the number that one pass queues. In Airflow it does, so that what is behind it waits for the next pass.',
    applies: (testCase, ours) => {
      const { rounds } = (testCase['expect'] ?? {}) as { rounds?: readonly (readonly string[])[] };
      return rounds !== undefined && 'max_tis' in testCase && isQueuedInFewerPasses(ours as typeof rounds, rounds);
    },
  },
];

/**
 * The same task instances, none of them later, and those of one recorded pass in the same order. What was still to come when the recording ended
 * may be there already.
 */
function isQueuedInFewerPasses(ours: readonly (readonly string[])[], recorded: readonly (readonly string[])[]): boolean {
  const mine = ours.flat();
  const isWhole = recorded.at(-1)?.length === 0;
  if (isWhole ? mine.length !== recorded.flat().length : mine.length < recorded.flat().length) return false;
  const passOf = new Map(ours.flatMap((round, pass) => round.map((name) => [name, pass] as const)));
  return recorded.every((round, pass) => {
    const places = round.map((name) => mine.indexOf(name));
    return (
      round.every((name) => (passOf.get(name) ?? Number.POSITIVE_INFINITY) <= pass) &&
      places.every((place, index) => index === 0 || place > places[index - 1]!)
    );
  });
}

function isOutermostWeight(value: unknown): boolean {
  return value === 2_147_483_647 || value === -2_147_483_648;
}
