import { decideBranch } from '../core/task-instance/decision.js';
import type { DagSpec, TaskSpec } from '../model/dag-spec.js';
import { nearestName } from '../model/nearest-name.js';
import { CHOOSE } from './choices.js';
import type { ProblemList } from './problems.js';
import type { LazyPosition } from './source-position.js';
import type { StandardSchema } from './standard-schema.js';

/**
 * What a branch or a choice can come to, where an `output` schema says which values there are: each id of a branch must be below it, each value
 * must have its case. Without a schema the compiler checks the types, and the rest is known when it runs.
 */

/** A task, the schema of its output, and where it is written. */
export interface CheckedChoice {
  readonly spec: TaskSpec;
  readonly output: StandardSchema | null;
  readonly declaredAt: LazyPosition | null;
  readonly wiredAt: LazyPosition | null;
  /** Id of the innermost mapped group it is in. */
  readonly mappedGroup: string | null;
}

export function checkChoices(spec: DagSpec, tasks: readonly CheckedChoice[], problems: ProblemList): void {
  const byId = new Map(tasks.map((task) => [task.spec.taskId, task]));
  for (const task of tasks) {
    if (task.spec.decides?.kind !== 'branch') continue;
    if (task.spec.member === CHOOSE.name) checkCases(task, byId, problems);
    for (const id of task.output ? (literalsOf(task.output) ?? []) : []) {
      problems.try(() => decideBranch(spec, task.spec.taskId, id), task.declaredAt);
    }
  }
}

function checkCases({ spec, wiredAt }: CheckedChoice, byId: ReadonlyMap<string, CheckedChoice>, problems: ProblemList): void {
  const [subject, cases] = spec.inputs;
  const output = subject?.kind === 'ref' ? byId.get(subject.taskId)?.output : null;
  const values = output ? literalsOf(output)?.map(String) : null;
  if (!values || cases?.kind !== 'value') return;
  const names = Object.keys(cases.value as object);
  const place = `tasks.${spec.taskId}`;
  for (const value of values.filter((candidate) => !names.includes(candidate))) {
    const suggestion = nearestName(value, names);
    problems.add(
      'BRANCH_INVALID',
      { place, message: 'there is no case for this value', value, allowed: names.join(', '), suggestion },
      wiredAt,
    );
  }
  for (const name of names.filter((candidate) => !values.includes(candidate))) {
    const suggestion = nearestName(name, values);
    problems.add(
      'BRANCH_INVALID',
      { place, message: 'the task never returns this', value: name, allowed: values.join(', '), suggestion },
      wiredAt,
    );
  }
}

/** The values of a schema that lists them; null for others. */
function literalsOf(schema: StandardSchema): readonly unknown[] | null {
  let json: Readonly<Record<string, unknown>> | undefined;
  try {
    json = schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
  } catch {
    // A schema that JSON Schema cannot say lists no values.
  }
  return json ? literalsIn(json) : null;
}

function literalsIn(schema: Readonly<Record<string, unknown>>): readonly unknown[] | null {
  if ('const' in schema) return [schema['const']];
  if (Array.isArray(schema['enum'])) return schema['enum'] as readonly unknown[];
  if (schema['type'] === 'boolean') return [true, false];
  if (!Array.isArray(schema['anyOf'])) return null;
  const parts = (schema['anyOf'] as Readonly<Record<string, unknown>>[]).map(literalsIn);
  return parts.every((part) => part !== null) ? parts.flat() : null;
}
