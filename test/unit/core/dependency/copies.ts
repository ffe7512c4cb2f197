import { evaluateDependencies } from '../../../../src/core/dependency/checks.js';
import { planRun } from '../../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../../src/core/dag-run/run-view.js';
import type { MapSpec, TaskSpec } from '../../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../../src/model/states.js';
import type { TaskInstance } from '../../../../src/model/task-instance.js';
import { dagRun, dagSpec, statesOf, taskInstance, taskSpec } from '../factories.js';

/** Two copies, known from the start. */
export const TWICE: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] };

/** A task in the mapped group `g`. */
export function member(taskId: string, patch: Partial<TaskSpec> = {}): TaskSpec {
  return taskSpec(taskId, { groupId: 'g', ...patch });
}

/** States, or more, by `task` or `task[index]`; only these rows exist. */
export type Rows = Readonly<Record<string, TaskInstanceState | Partial<TaskInstance>>>;

export function viewOfRows(tasks: readonly TaskSpec[], rows: Rows, map: MapSpec = TWICE): RunView {
  return RunView.from({
    run: dagRun(),
    spec: dagSpec(tasks, { groups: [{ groupId: 'g', parentId: null, map }] }),
    taskInstances: Object.entries(rows).map(([name, row], position) => {
      const { taskId, mapIndex } = parseName(name);
      return taskInstance(position + 1, taskId, { mapIndex, ...(typeof row === 'string' ? { state: row } : row) });
    }),
    previous: null,
  });
}

/** What the dependencies of one instance say. */
export function answerOf(tasks: readonly TaskSpec[], rows: Rows, name: string, map?: MapSpec) {
  const view = viewOfRows(tasks, rows, map);
  const { taskId, mapIndex } = parseName(name);
  const instance = view.instances(taskId).find((candidate) => candidate.mapIndex === mapIndex) as TaskInstance;
  return evaluateDependencies({ view, node: view.node(taskId), instance, now: 1 });
}

/** States after one pass. */
export function afterPass(tasks: readonly TaskSpec[], rows: Rows, map?: MapSpec): Readonly<Record<string, string>> {
  const view = viewOfRows(tasks, rows, map);
  planRun(view, 1);
  return statesOf(view);
}

function parseName(name: string): { readonly taskId: string; readonly mapIndex: number } {
  const [taskId, index] = name.split(/[[\]]/) as [string, string?];
  return { taskId, mapIndex: index === undefined ? -1 : Number(index) };
}
