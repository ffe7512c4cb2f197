import type { DagSpec, InputSpec, TaskSpec } from '../model/dag-spec.js';
import type { ProblemList } from './problems.js';
import type { LazyPosition } from './source-position.js';

/** What the tasks of a DAG must be together: trigger rules that fit roles, mapping and `failFast`, chunks only where they make sense, and defaults where an output may be missing. */

/** A task as the spec will have it, and where it is written: its options, and its call. */
export interface RuledTask {
  readonly spec: TaskSpec;
  readonly declaredAt: LazyPosition | null;
  readonly wiredAt: LazyPosition | null;
  /** Id of the innermost mapped group it is in. */
  readonly mappedGroup: string | null;
}

export function checkTaskRules(
  tasks: readonly RuledTask[],
  { failFast }: Pick<DagSpec, 'failFast'>,
  problems: ProblemList,
  warnings: ProblemList,
): void {
  const byId = new Map(tasks.map(({ spec }) => [spec.taskId, spec]));
  for (const task of tasks) {
    const message = wrongTriggerRule(task, byId, failFast);
    if (message !== null) {
      const { taskId, triggerRule } = task.spec;
      problems.add(
        'TRIGGER_RULE_INVALID',
        { place: `tasks.${taskId}.triggerRule`, message, value: triggerRule, allowed: 'all_success' },
        problems.partOf(task.declaredAt, 'triggerRule'),
      );
    }
    refuseChunks(task, problems);
    warnOfMissingDefaults(task, byId, warnings);
  }
}

/** A copy with a chunk calls the task several times and hands on a list: that says nothing where one answer is meant. */
function refuseChunks(
  { spec: { taskId, map, sensor, decides, multipleOutputs }, wiredAt }: RuledTask,
  problems: ProblemList,
): void {
  if ((map?.chunk ?? 1) === 1) return;
  const reason = sensor
    ? 'a sensor waits for one thing'
    : decides
      ? 'a task that decides gives one answer'
      : multipleOutputs
        ? 'a list has no fields to store (multipleOutputs)'
        : null;
  if (reason === null) return;
  problems.add(
    'MAPPING_INVALID',
    { place: `tasks.${taskId}`, message: `${reason}; map it without chunk`, value: map?.chunk },
    wiredAt,
  );
}

/** Null when the trigger rule of the task is fine. */
function wrongTriggerRule(
  { spec: task, mappedGroup }: RuledTask,
  byId: ReadonlyMap<string, TaskSpec>,
  failFast: boolean,
): string | null {
  if (task.role === 'teardown' || task.triggerRule === 'all_success') return null;
  if (failFast) return 'a DAG with failFast ends its other tasks at the first failure, so they must wait for all_success';
  const setup = task.upstream.find((parent) => byId.get(parent)?.role === 'setup');
  if (setup !== undefined) return `it directly follows the setup "${setup}", and must not run when that failed`;
  if (task.triggerRule !== 'always') return null;
  if (mappedGroup !== null) return `it is in the mapped group "${mappedGroup}", whose elements it must wait for`;
  return task.map?.sources.some(takesOutput) ? 'it is mapped over an output, which it must wait for' : null;
}

/** A task that must run, fed by one that may fail without harm: what a person wants there is a default. */
function warnOfMissingDefaults({ spec, wiredAt }: RuledTask, byId: ReadonlyMap<string, TaskSpec>, warnings: ProblemList): void {
  if (!spec.critical) return;
  const inputs = [...spec.inputs, ...(spec.map?.sources ?? [])].flatMap(refsIn);
  const unsure = new Set(inputs.filter(({ taskId, orElse }) => orElse === undefined && byId.get(taskId)?.critical === false));
  for (const { taskId } of unsure) {
    warnings.add(
      'EDGE_NEEDS_DEFAULT',
      {
        place: `tasks.${spec.taskId}`,
        message:
          `it takes the output of "${taskId}", which is not critical, and does not run when that fails: give the edge a default with ` +
          '.orElse(value), or make this task { critical: false } too',
      },
      wiredAt,
    );
  }
}

function takesOutput(input: InputSpec): boolean {
  return refsIn(input).length > 0;
}

function refsIn(input: InputSpec): readonly Extract<InputSpec, { kind: 'ref' }>[] {
  switch (input.kind) {
    case 'ref':
      return [input];
    case 'list':
      return input.items.flatMap(refsIn);
    case 'object':
      return Object.values(input.fields).flatMap(refsIn);
    default:
      return [];
  }
}
