/** Plans what marking does to one run: of task instances, with the descendants that go on because of it, or of the run as a whole. */
import type { Actor, RunCommit } from '../../model/commit.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { clearInstances, reopenRun } from '../task-instance/clear.js';
import { markInstances, type MarkTarget } from '../task-instance/mark.js';
import { selectForMark, selectToResume, type Relatives, type TaskChoice } from '../task-instance/select-instances.js';
import { markRun, type RunMarkTarget } from './mark-run.js';
import { RunView } from './run-view.js';

export interface MarkOptions {
  readonly task: TaskChoice;
  readonly relatives: Relatives;
  readonly target: MarkTarget;
  /** False: in this run nothing is marked, but what failed below the task goes on here, too. */
  readonly marks: boolean;
  /** True: failed and upstream_failed descendants are cleared and the run is queued again, so that it goes on. */
  readonly resumes: boolean;
}

export interface MarkPlan {
  /** null: nothing changes. */
  readonly commit: RunCommit | null;
  /** As they were before. */
  readonly marked: readonly TaskInstance[];
  /** Descendants that are cleared; some of them may have been marked as well. */
  readonly cleared: readonly TaskInstance[];
}

/** @throws AirflowLikeError INTERNAL when the actor may not mark. */
export function planMark(snapshot: DagRunSnapshot, options: MarkOptions, actor: Actor, now: Instant): MarkPlan {
  const { task, relatives, target, marks, resumes } = options;
  const { spec, taskInstances } = snapshot;
  const view = RunView.from(snapshot);
  const before = new Map(taskInstances.map((instance) => [instance.id, instance]));
  const asBefore = (ids: readonly number[]) => ids.map((id) => before.get(id) as TaskInstance);
  const idsOf = (instances: readonly TaskInstance[]) => instances.map(({ id }) => id);
  const marked = marks ? markInstances(view, idsOf(selectForMark(spec, taskInstances, [task], relatives)), target, now) : [];
  const cleared = resumes ? idsOf(selectToResume(spec, [...view.allInstances()], task.taskId)) : [];
  clearInstances(view, cleared, now);
  if (cleared.length > 0) reopenRun(view, now);
  return {
    commit: marked.length + cleared.length === 0 ? null : view.drain(actor, now),
    marked: asBefore(marked),
    cleared: asBefore(cleared),
  };
}

/** @throws AirflowLikeError INTERNAL when the actor may not mark. */
export function planRunMark(snapshot: DagRunSnapshot, target: RunMarkTarget, actor: Actor, now: Instant): MarkPlan {
  const view = RunView.from(snapshot);
  const changed = markRun(view, target, now);
  const isSame = changed.length === 0 && view.run.state === snapshot.run.state;
  const before = new Map(snapshot.taskInstances.map((instance) => [instance.id, instance]));
  return {
    commit: isSame ? null : view.drain(actor, now),
    marked: changed.map((id) => before.get(id) as TaskInstance),
    cleared: [],
  };
}
