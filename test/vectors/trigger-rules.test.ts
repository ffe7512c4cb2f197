import { expect, it } from '@jest/globals';
import { evaluateTriggerRule } from '../../src/core/trigger-rule/evaluate.js';
import type { ParentStates, Verdict } from '../../src/core/trigger-rule/parent-states.js';
import { runVectors } from './vector-file.js';
import type { RuleCase, RuleHead } from './state/rule-cases.js';

const LETTERS: Readonly<Record<Verdict, string>> = { run: 'R', wait: 'w', skipped: 'k', upstream_failed: 'u', removed: 'x' };

const PATH = 'state/01_trigger_rules.json';

it('every trigger rule over every set of up to three parents', () => {
  const failures = runVectors<RuleCase>({
    path: PATH,
    answer(testCase, head) {
      const [c, m0, m1, m2] = [-1, 0, 1, 2].map((mapIndex) => outcomes(testCase, head, mapIndex));
      return { c, m0, m1, m2 };
    },
    // Without an entry of its own a mapped child has the outcome of one that is not mapped.
    expected: ({ c, m0 = c, m1 = c, m2 = c }) => ({ c, m0, m1, m2 }),
  });
  expect(failures).toEqual([]);
});

it('every trigger rule, where a skip would have to wait for the past', () => {
  const failures = runVectors<RuleCase>({
    path: PATH,
    through: 'the argument that delays skips',
    answer: (testCase, head) => ({ w: outcomes(testCase, head, -1) }),
    expected: ({ w }) => ({ w }),
  });
  expect(failures).toEqual([]);
});

function outcomes({ p }: RuleCase, head: object, mapIndex: number): string {
  const { rules, states } = head as RuleHead;
  const parents = parentStates(p, states);
  return rules.map((rule) => LETTERS[evaluateTriggerRule(rule, parents, mapIndex)]).join('');
}

function parentStates(letters: string, states: RuleHead['states']): ParentStates {
  const count = (state: string): number => [...letters].filter((letter) => letter === states[state]).length;
  const counts = {
    success: count('success'),
    failed: count('failed'),
    upstreamFailed: count('upstream_failed'),
    skipped: count('skipped'),
    removed: count('removed'),
  };
  const setups = { total: 0, success: 0, skipped: 0 };
  return { ...counts, setups, total: letters.length, done: Object.values(counts).reduce((sum, number) => sum + number) };
}
