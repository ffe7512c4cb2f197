import { topologicalOrder } from '../core/graph/topology.js';
import type { DagSpec, TaskSpec, TriggerRule } from '../model/dag-spec.js';
import type { CheckedChoice } from './check-choices.js';
import { CHOOSE } from './choices.js';
import type { ProblemList } from './problems.js';

/** What the compiler cannot see of choices: a join that is skipped whatever is chosen, and decisions that reach nobody. */

/** One skipped parent skips a task with such a rule. */
const SKIPPED_BY_ONE: readonly TriggerRule[] = ['all_success', 'none_skipped', 'all_done_min_one_success'];

export function checkSkips(spec: DagSpec, tasks: readonly CheckedChoice[], warnings: ProblemList): void {
  const written = new Map(tasks.map((task) => [task.spec.taskId, task]));
  const choices = spec.tasks.filter(({ member }) => member === CHOOSE.name);
  const order = choices.length === 0 ? [] : topologicalOrder(spec.tasks, spec.dagId);
  for (const choice of choices) {
    const never = tasksWithoutCase(
      choice,
      order.map((taskId) => (written.get(taskId) as CheckedChoice).spec),
    );
    for (const taskId of never) {
      warnings.add(
        'TASK_NEVER_RUNS',
        {
          place: `tasks.${taskId}`,
          message:
            `it follows several cases of "${choice.taskId}", all but one of which are skipped, and would be skipped with them: ` +
            "give it another trigger rule, for example 'none_failed_min_one_success'",
        },
        written.get(taskId)?.wiredAt,
      );
    }
  }
  for (const { spec: task, mappedGroup, wiredAt } of tasks) {
    if (task.map !== null) continue;
    for (const parent of task.upstream.map((taskId) => written.get(taskId))) {
      if (
        !parent?.spec.decides ||
        (parent.spec.map === null && (parent.mappedGroup === null || parent.mappedGroup === mappedGroup))
      )
        continue;
      const message = `"${parent.spec.taskId}" has copies, each with a decision of its own: none of them counts for a task that follows all of them`;
      warnings.add('DECISION_WITHOUT_EFFECT', { place: `tasks.${task.taskId}`, message }, wiredAt);
    }
  }
}

/** Tasks that no case of the choice lets run, without those that only follow them. */
function tasksWithoutCase({ inputs }: TaskSpec, inOrder: readonly TaskSpec[]): readonly string[] {
  const cases = inputs[1]?.kind === 'value' ? Object.entries(inputs[1].value as Readonly<Record<string, readonly string[]>>) : [];
  const all = cases.map(([name]) => name);
  /** The cases in which a task may run. */
  const open = new Map<string, readonly string[]>();
  const never: string[] = [];
  for (const { taskId, upstream, triggerRule } of inOrder) {
    const own = cases.filter(([, firstTasks]) => firstTasks.includes(taskId)).map(([name]) => name);
    const parents = SKIPPED_BY_ONE.includes(triggerRule) ? upstream.map((parent) => open.get(parent) ?? all) : [];
    const left = (own.length > 0 ? own : all).filter((name) => parents.every((names) => names.includes(name)));
    open.set(taskId, left);
    if (left.length === 0 && parents.every((names) => names.length > 0)) never.push(taskId);
  }
  return all.length === 0 ? [] : never;
}
