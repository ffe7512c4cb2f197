/**
 * What becomes of a run's task instances when it goes on with another version of its DAG: those whose task is gone are removed, those of tasks that are back are
 * restored, and tasks that are new get instances.
 */
import type { TaskInstanceChange, TaskInstanceInsertion } from '../../model/commit.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { graphOf } from '../graph/task-graph.js';
import { TASK_INSTANCE_TRANSITIONS, type TaskInstanceTransition } from '../task-instance/transitions.js';
import { destinationOf } from '../transition.js';
import { newTaskInstance, queueingValuesOf } from './new-task-instance.js';
import { mergeTransition, pendingFor, toChange } from './pending-change.js';
import { tasksOfRun } from './tasks-of-run.js';

export interface AdoptedVersion {
  /** The run with the spec of the other version and the instances that go on with it. */
  readonly snapshot: DagRunSnapshot;
  /** Instances that have no task, or another kind of task, in the other version, with the changes that remove them. */
  readonly removed: readonly { readonly instance: TaskInstance; readonly change: TaskInstanceChange }[];
  /** Instances in `removed` whose task is there (again): to be restored. */
  readonly restored: readonly TaskInstance[];
  /** Instances of tasks that are mapped now and were not before: to be cleared, because their one value is not a list. */
  readonly outgrown: readonly TaskInstance[];
  readonly insertions: readonly TaskInstanceInsertion[];
}

/** A running instance whose task is gone is stopped: its code is not part of the other version. */
export function adoptVersion(snapshot: DagRunSnapshot, spec: DagSpec, now: Instant): AdoptedVersion {
  const { run, taskInstances } = snapshot;
  const before = graphOf(snapshot.spec).tasks;
  const after = graphOf(spec).tasks;
  const mapped = { before: mappedTasks(snapshot.spec), after: mappedTasks(spec) };
  const kept: TaskInstance[] = [];
  const removed: { instance: TaskInstance; change: TaskInstanceChange }[] = [];
  const restored: TaskInstance[] = [];
  const outgrown: TaskInstance[] = [];
  for (const instance of taskInstances) {
    const { taskId, mapIndex, state } = instance;
    if (!after.has(taskId) || (mapIndex >= 0 && !mapped.after.has(taskId))) {
      if (state !== 'removed') removed.push({ instance, change: removal(instance, now) });
      continue;
    }
    kept.push(instance);
    if (state === 'removed') restored.push(instance);
    else if (mapIndex < 0 && mapped.after.has(taskId) && before.has(taskId) && !mapped.before.has(taskId)) outgrown.push(instance);
  }
  const present = new Set(kept.map(({ taskId }) => taskId));
  const insertions = tasksOfRun(spec, run)
    .filter(({ taskId }) => !present.has(taskId))
    .map((task) => ({ row: newTaskInstance(run.id, task.taskId, -1, queueingValuesOf(task, spec)), path: [] }));
  return { snapshot: { ...snapshot, spec, taskInstances: kept }, removed, restored, outgrown, insertions };
}

/** Tasks of which a run may have several instances: mapped ones, and those in a mapped group. */
function mappedTasks({ tasks, groups }: DagSpec): ReadonlySet<string> {
  const byId = new Map(groups.map((group) => [group.groupId, group]));
  const isInMapped = (groupId: string | null): boolean => {
    const group = groupId === null ? undefined : byId.get(groupId);
    return group !== undefined && (group.map !== null || isInMapped(group.parentId));
  };
  return new Set(tasks.filter(({ map, groupId }) => map !== null || isInMapped(groupId)).map(({ taskId }) => taskId));
}

function removal(instance: TaskInstance, now: Instant): TaskInstanceChange {
  const pending = pendingFor(instance, false);
  let { state } = instance;
  const take = (name: TaskInstanceTransition): void => {
    state = destinationOf(`task instance ${instance.id}`, name, TASK_INSTANCE_TRANSITIONS[name], state, undefined);
    mergeTransition(pending, state, { reason: 'task_removed' });
  };
  if (state === 'running' || state === 'queued') take('clear');
  take('remove');
  if (instance.token !== null) pending.endAttempt = { state: 'cleared', endedAt: now, reason: 'task_removed', error: null };
  const waits = { wakeAt: null, waitingSince: null, deferral: null, token: null, workerId: null };
  return toChange({ ...instance, ...waits, state, endedAt: instance.endedAt ?? now }, pending);
}
