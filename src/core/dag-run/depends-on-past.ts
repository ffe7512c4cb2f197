import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { PreviousRun } from '../../model/snapshot.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaskGraph } from '../graph/task-graph.js';

/**
 * Does the run before allow `task` to run now? True where the task does not look at the past, where there is no run before, and where
 * every instance of the task (with `waitForDownstream` also of its direct children) ended there in success or skipped.
 * With catchup, a run from the task's start date on does not look at runs before it: those are a backfill's, which keep their order among
 * themselves. A task that the run before does not have waits for ever, unless it never ran and says `ignoreFirstDependsOnPast`.
 */
export function isPastMet(
  task: TaskSpec,
  spec: DagSpec,
  graph: TaskGraph,
  logicalDate: Instant | null,
  previous: PreviousRun | null,
): boolean {
  if (!task.dependsOnPast && !task.waitForDownstream) return true;
  if (previous === null) return true;
  if (spec.catchup !== false && isFirstOfSchedule(task.startDate ?? spec.startDate, logicalDate, previous.logicalDate)) return true;
  const states = previous.states[task.taskId];
  if (states === undefined || states.length === 0) {
    return task.ignoreFirstDependsOnPast && !previous.everRan.includes(task.taskId);
  }
  if (!states.every(isDoneWell)) return false;
  if (!task.waitForDownstream) return true;
  const children = graph.downstream.get(task.taskId) ?? [];
  return children.every((child) => (previous.states[child] ?? []).every(isDoneWell));
}

/** Whether the next run's `isPastMet` looks at how `task` ended. */
export function mattersToNextRun(task: TaskSpec, graph: TaskGraph): boolean {
  if (!graph.hasDependsOnPast) return false;
  return task.dependsOnPast || task.waitForDownstream || task.upstream.some((id) => graph.tasks.get(id)?.waitForDownstream);
}

function isFirstOfSchedule(startDate: Instant | null, logicalDate: Instant | null, previousDate: Instant): boolean {
  return startDate !== null && previousDate < startDate && (logicalDate === null || logicalDate >= startDate);
}

function isDoneWell(state: TaskInstanceState): boolean {
  return state === 'success' || state === 'skipped';
}
