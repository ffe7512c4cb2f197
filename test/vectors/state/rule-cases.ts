import type { TriggerRule } from '../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { VectorCase } from '../vector-file.js';
import type { RecordedGraph, RecordedTask } from './state-world.js';

export interface RuleCase extends VectorCase {
  /** States of the parents, a letter each. */
  readonly p: string;
  /** Outcomes, a letter for each rule. */
  readonly c: string;
  /** The same if a skip has to wait for the past of the task. */
  readonly w: string;
  readonly m0?: string;
  readonly m1?: string;
  readonly m2?: string;
}

export interface RuleHead {
  readonly rules: readonly TriggerRule[];
  readonly states: Readonly<Record<string, string>>;
}

const LETTERS: Readonly<Record<string, string>> = {
  none: 'w',
  scheduled: 'R',
  skipped: 'k',
  upstream_failed: 'u',
  removed: 'x',
};

export function outcomeLetter(state: string): string {
  return LETTERS[state] ?? '?';
}

/** The only rule that asks which copy of a mapped task it is about. */
const OF_COPIES: TriggerRule = 'all_success';
const INDEXES = [0, 1, 2] as const;

/** The parents, below them a task with each rule, and one that is mapped. */
export function ruleGraph(p: string, { rules }: RuleHead): RecordedGraph {
  const parents = [...p].map((_letter, index) => `p${index}`);
  const children = rules.map((rule): RecordedTask => ({ id: `c_${rule}`, up: parents, rule }));
  const mapped: RecordedTask = { id: 'm', up: parents, rule: OF_COPIES, map: { literal: INDEXES.length } };
  return { tasks: [...parents.map((id) => ({ id })), ...children, mapped] };
}

export function parentStatesOf(p: string, { states }: RuleHead): Record<string, TaskInstanceState> {
  const names = new Map(Object.entries(states).map(([name, letter]) => [letter, name as TaskInstanceState]));
  return Object.fromEntries([...p].map((letter, index) => [`p${index}`, names.get(letter) as TaskInstanceState]));
}

export function ruleAnswer(
  states: Readonly<Record<string, string>>,
  { rules }: RuleHead,
): { readonly c: string; readonly m: string } {
  return {
    c: rules.map((rule) => outcomeLetter(states[`c_${rule}`] as string)).join(''),
    m: INDEXES.map((index) => outcomeLetter(states[`m[${index}]`] as string)).join(''),
  };
}

/** Without an entry of its own a mapped child has the outcome of one that is not mapped. */
export function recordedRules(
  { c, m0 = c, m1 = c, m2 = c }: RuleCase,
  { rules }: RuleHead,
): { readonly c: string; readonly m: string } {
  const position = rules.indexOf(OF_COPIES);
  return { c, m: [m0, m1, m2].map((outcomes) => outcomes[position]).join('') };
}
