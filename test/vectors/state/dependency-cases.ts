import type { TaskInstanceState } from '../../../src/model/states.js';
import type { VectorCase } from '../vector-file.js';
import type { RecordedGraph } from './state-world.js';

export interface DependencyCase extends VectorCase, RecordedGraph {
  readonly states: Readonly<Record<string, TaskInstanceState>>;
  readonly expand?: Readonly<Record<string, readonly [number, readonly string[]]>>;
  readonly targets?: readonly string[];
  /** Outcome per instance; `a/b` where it depends on an unspecified order. */
  readonly expect: Readonly<Record<string, string>>;
}

/** Where an answer depends on an order that Airflow does not specify, either is right. */
export function agreeOnOutcomes(ours: unknown, recorded: unknown): boolean {
  const [answers, expected] = [ours as Record<string, string>, recorded as Record<string, string>];
  const names = Object.keys(expected);
  return (
    names.length === Object.keys(answers).length && names.every((name) => expected[name]?.split('/').includes(answers[name] ?? ''))
  );
}
