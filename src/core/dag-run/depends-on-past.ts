import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { PreviousRun } from '../../model/snapshot.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaskGraph } from '../graph/task-graph.js';

/** What the run before says about a task that looks at it; the last three hold the task back. */
export type PastFinding =
  | 'not_asked'
  | 'first_run_of_backfill'
  | 'no_previous_run'
  | 'never_ran_before'
  | 'previous_done_well'
  | 'previous_missing'
  | 'previous_not_done_well'
  | 'children_of_previous_not_done_well';

const HOLDS_BACK: ReadonlySet<PastFinding> = new Set([
  'previous_missing',
  'previous_not_done_well',
  'children_of_previous_not_done_well',
]);

/** The run that a task is in, as its past sees it. */
export interface PastOfRun {
  readonly spec: DagSpec;
  readonly graph: TaskGraph;
  readonly logicalDate: Instant | null;
  readonly previous: PreviousRun | null;
  /** The run's tasks do not look at the past: the first run of a backfill. */
  readonly ignoresPast: boolean;
}

/**
 * Whether the run before allows `task` to run now. It does where the task does not look at the past, where there is no run before, and where every
 * instance of the task (with `waitForDownstream` also of its direct children) ended there in success or skipped. With catchup, a run from the
 * task's start date on does not look at runs before it: those are a backfill's, which keep their order among themselves. A
 * task that the run before does not have waits for ever, unless it never ran and says `ignoreFirstDependsOnPast`.
 */
export function lookAtPast(task: TaskSpec, { spec, graph, logicalDate, previous, ignoresPast }: PastOfRun): PastFinding {
  if (!task.dependsOnPast && !task.waitForDownstream) return 'not_asked';
  if (ignoresPast) return 'first_run_of_backfill';
  if (logicalDate === null || previous === null) return 'no_previous_run';
  const startDate = task.startDate ?? spec.startDate;
  if (spec.catchup !== false && isFirstOfSchedule(startDate, logicalDate, previous.logicalDate)) return 'no_previous_run';
  const states = previous.states[task.taskId];
  if (states === undefined) {
    return task.ignoreFirstDependsOnPast && !previous.everRan.includes(task.taskId) ? 'never_ran_before' : 'previous_missing';
  }
  if (!states.every(isDoneWell)) return 'previous_not_done_well';
  if (!task.waitForDownstream) return 'previous_done_well';
  const children = graph.downstream.get(task.taskId)!;
  const childrenDoneWell = children.every((child) => (previous.states[child] ?? []).every(isDoneWell));
  return childrenDoneWell ? 'previous_done_well' : 'children_of_previous_not_done_well';
}

export function holdsBack(finding: PastFinding): boolean {
  return HOLDS_BACK.has(finding);
}

/** Whether the next run's tasks look at how `task` ended. */
export function mattersToNextRun(task: TaskSpec, graph: TaskGraph): boolean {
  if (!graph.hasDependsOnPast) return false;
  return task.dependsOnPast || task.waitForDownstream || task.upstream.some((id) => graph.tasks.get(id)!.waitForDownstream);
}

function isFirstOfSchedule(startDate: Instant | null, logicalDate: Instant, previousDate: Instant): boolean {
  return startDate !== null && previousDate < startDate && logicalDate >= startDate;
}

/** What a task that looks at the past wants to see there. */
export function isDoneWell(state: TaskInstanceState): boolean {
  return state === 'success' || state === 'skipped';
}
