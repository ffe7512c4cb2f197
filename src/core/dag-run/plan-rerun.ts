/**
 * Plans what a clear does to one run: what is cleared, what its new version removes and adds, and whether the run is queued again. The same plan is shown
 * by a dry run and committed by the real one.
 */
import type { Actor, RunCommit } from '../../model/commit.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { clearInstances, reopenRun } from '../task-instance/clear.js';
import { selectForClear, statesOf, type ClearSelection } from '../task-instance/select-instances.js';
import { adoptVersion, type AdoptedVersion } from './adopt-version.js';
import { queueingValuesOf } from './new-task-instance.js';
import { RunView } from './run-view.js';

export interface RerunOptions {
  /** What is cleared; null: nothing, the run only takes up tasks that its version did not have. */
  readonly selection: ClearSelection | null;
  /** The version that the run goes on with; null: its own. */
  readonly version: { readonly id: number; readonly spec: DagSpec } | null;
  /** False: the run stays as it is, finished or not. */
  readonly resetRun: boolean;
}

/** What happens to one task instance, with the state it was in before; `add`: it does not exist yet. */
export interface RerunEffect {
  readonly effect: 'clear' | 'remove' | 'restore' | 'add';
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: TaskInstance['state'];
}

export interface RerunPlan {
  /** null: nothing changes. */
  readonly commit: RunCommit | null;
  readonly effects: readonly RerunEffect[];
}

/** @throws AirflowLikeError INTERNAL when the actor may not clear. */
export function planRerun(snapshot: DagRunSnapshot, options: RerunOptions, actor: Actor, now: Instant): RerunPlan {
  const { selection, version, resetRun } = options;
  const isOther = version !== null && version.id !== snapshot.run.versionId;
  const adopted = isOther ? adoptVersion(snapshot, version.spec, now) : null;
  const { spec, taskInstances } = adopted?.snapshot ?? snapshot;
  const chosen = new Map<number, TaskInstance>();
  if (selection !== null) for (const instance of selectForClear(spec, taskInstances, selection)) chosen.set(instance.id, instance);
  const changes = selection === null ? adopted !== null && addsTasks(adopted) : chosen.size > 0 || isWholeRun(selection);
  if (!changes) return { commit: null, effects: [] };

  const view = RunView.from(adopted?.snapshot ?? snapshot);
  for (const instance of adopted?.outgrown ?? []) chosen.set(instance.id, instance);
  const restored = (adopted?.restored ?? []).filter(({ id }) => !chosen.has(id));
  for (const { id } of restored) view.transition(id, 'restore', { endedAt: null }, { reason: 'task_restored' });
  clearInstances(view, chosen.keys(), now);
  if (isOther) takeValues(view);
  if (resetRun) reopenRun(view, now, version?.id);
  else if (isOther) view.patchRun({ versionId: version.id }, 'cleared');
  const drained = view.drain(actor, now) as RunCommit; // something changed, so there is one
  const commit = adopted
    ? {
        ...drained,
        changes: [...drained.changes, ...adopted.removed.map(({ change }) => change)],
        insertions: adopted.insertions,
      }
    : drained;
  const show = (effect: RerunEffect['effect'], { taskId, mapIndex, state }: Pick<TaskInstance, 'taskId' | 'mapIndex' | 'state'>) =>
    ({ effect, taskId, mapIndex, state }) as const;
  return {
    commit,
    effects: [
      ...[...chosen.values()].map((instance) => show('clear', instance)),
      ...(adopted?.removed ?? []).map(({ instance }) => show('remove', instance)),
      ...restored.map((instance) => show('restore', instance)),
      ...(adopted?.insertions ?? []).map(({ row }) => show('add', row)),
    ],
  };
}

/** Instances that wait for their first try wait in the pool and queue that the other version names. */
function takeValues(view: RunView): void {
  for (const { id, taskId, state, tryNumber } of [...view.allInstances()]) {
    if (state !== 'none' || tryNumber > 0) continue;
    view.patch(id, queueingValuesOf(view.task(taskId), view.spec));
  }
}

/** A run is cleared as a whole even if it has no task instances. */
function isWholeRun(selection: ClearSelection): boolean {
  return selection.tasks === null && statesOf(selection) === null;
}

function addsTasks({ insertions, restored }: AdoptedVersion): boolean {
  return insertions.length > 0 || restored.length > 0;
}
