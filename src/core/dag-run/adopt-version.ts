/**
 * What becomes of a run's task instances when it goes on with another version of its DAG: those whose task is gone are removed, those of tasks that are back are
 * restored, and tasks that are new get instances.
 */
import type { TaskInstanceChange, TaskInstanceInsertion } from '../../model/commit.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { taskFactsOf } from '../graph/task-facts.js';
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
  const before = taskFactsOf(snapshot.spec);
  const after = taskFactsOf(spec);
  const kept: TaskInstance[] = [];
  const removed: { instance: TaskInstance; change: TaskInstanceChange }[] = [];
  const restored: TaskInstance[] = [];
  const outgrown: TaskInstance[] = [];
  for (const instance of taskInstances) {
    const { taskId, mapIndex, state } = instance;
    const task = after.get(taskId);
    if (!task || (mapIndex >= 0 && task.mapping === null)) {
      if (state !== 'removed') removed.push({ instance, change: removal(instance, now) });
      continue;
    }
    kept.push(instance);
    if (state === 'removed') restored.push(instance);
    else if (task.mapping !== null && before.get(taskId)?.mapping === null) outgrown.push(instance);
  }
  const present = new Set(kept.map(({ taskId }) => taskId));
  const insertions = tasksOfRun(spec, run)
    .filter(({ taskId }) => !present.has(taskId))
    .map((task) => ({ row: newTaskInstance(run.id, task.taskId, -1, queueingValuesOf(task, spec)), path: [] }));
  return { snapshot: { ...snapshot, spec, taskInstances: kept }, removed, restored, outgrown, insertions };
}

function removal(instance: TaskInstance, now: Instant): TaskInstanceChange {
  const pending = pendingFor(instance);
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
