import { describe, expect, it } from '@jest/globals';
import { evaluateTriggerRule } from '../../../src/core/trigger-rule/evaluate.js';
import type { ParentStates } from '../../../src/core/trigger-rule/parent-states.js';
import { triggerRuleCheck } from '../../../src/core/dependency/trigger-rule-check.js';
import { TRIGGER_RULES, type TriggerRule } from '../../../src/model/dag-spec.js';
import { taskSpec, viewOf } from './factories.js';

/** S success, F failed, X upstream_failed, K skipped, R removed, - unfinished. */
function parents(letters: string): ParentStates {
  const count = (letter: string) => [...letters].filter((found) => found === letter).length;
  return {
    total: letters.length,
    success: count('S'),
    failed: count('F'),
    upstreamFailed: count('X'),
    skipped: count('K'),
    removed: count('R'),
    done: letters.length - count('-'),
    setups: { total: 0, success: 0, skipped: 0 },
  };
}

const COLUMNS: readonly TriggerRule[] = [
  'all_success',
  'all_failed',
  'all_done',
  'one_success',
  'one_failed',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'all_skipped',
  'all_done_min_one_success',
];

const SHORT = { run: 'run', wait: 'wait', skipped: 'skip', upstream_failed: 'uf', removed: 'removed' } as const;

describe('trigger rules with two parents', () => {
  it.each([
    ['SS', 'run  skip run  run  skip run  run  run  run  skip run'],
    ['S-', 'wait skip wait run  wait run  wait wait wait skip wait'],
    ['SF', 'uf   skip run  run  run  run  uf   uf   run  skip run'],
    ['SK', 'skip skip run  run  skip run  run  run  skip skip skip'],
    ['FF', 'uf   run  run  uf   run  run  uf   uf   run  skip uf'],
    ['F-', 'uf   wait wait wait run  run  uf   uf   wait skip wait'],
    ['FK', 'uf   skip run  uf   run  run  uf   uf   skip skip skip'],
    ['KK', 'skip skip run  skip skip skip run  skip skip run  skip'],
    ['K-', 'skip skip wait wait wait wait wait wait skip wait skip'],
    ['XX', 'uf   run  run  uf   run  skip uf   uf   run  skip uf'],
    ['XS', 'uf   skip run  run  run  run  uf   uf   run  skip run'],
    ['--', 'wait wait wait wait wait wait wait wait wait wait wait'],
    // A removed parent is no longer waited for; only all_skipped insists.
    ['SR', 'run  skip run  run  skip run  run  run  run  skip run'],
    ['KR', 'skip skip run  uf   skip skip run  uf   skip wait skip'],
  ])('%s', (letters, expected) => {
    const verdicts = COLUMNS.map((rule) => SHORT[evaluateTriggerRule(rule, parents(letters), -1)]);
    expect(Object.fromEntries(COLUMNS.map((rule, index) => [rule, verdicts[index]]))).toEqual(
      Object.fromEntries(COLUMNS.map((rule, index) => [rule, expected.split(/\s+/)[index]])),
    );
  });

  it('every rule runs without parents, and `always` whatever they do', () => {
    for (const rule of TRIGGER_RULES) {
      const view = viewOf([taskSpec('a', { triggerRule: rule })]);
      expect(triggerRuleCheck({ view, node: view.node('a'), instance: view.instance(1), now: 0 }).verdict).toBe('met');
    }
    for (const letters of ['-', 'F', 'X', 'K', 'R-']) expect(evaluateTriggerRule('always', parents(letters), -1)).toBe('run');
  });

  it('all_success removes a map index that has no successful counterpart left', () => {
    expect(evaluateTriggerRule('all_success', parents('SR'), 0)).toBe('run');
    expect(evaluateTriggerRule('all_success', parents('SR'), 1)).toBe('removed');
    expect(evaluateTriggerRule('all_success', parents('SR'), -1)).toBe('run');
  });
});
