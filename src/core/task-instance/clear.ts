/** Lets task instances run again: which ones a person means, and what clearing does to them and to their run. */
import type { DagSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import { FINISHED_RUN_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';
import { flatRelatives } from '../graph/relatives.js';
import { graphOf } from '../graph/task-graph.js';

export interface ClearSelection {
  /** Regular expression that a task id has to contain a match of; default: every task. */
  readonly taskRegex?: string;
  /** Only instances that are failed or upstream_failed. */
  readonly onlyFailed?: boolean;
  /** Only instances that are running; with `onlyFailed`: one or the other. */
  readonly onlyRunning?: boolean;
  /** Also everything upstream, at any depth, of the tasks found. */
  readonly upstream?: boolean;
  /** Also everything downstream, at any depth, of the tasks found. */
  readonly downstream?: boolean;
}

/**
 * The instances of one run that a person means. Relatives are found first, then states are filtered.
 * @throws AirflowLikeError VALUE_TYPE when `taskRegex` is not a regular expression.
 */
export function selectForClear(
  spec: DagSpec,
  instances: readonly TaskInstance[],
  { taskRegex, onlyFailed = false, onlyRunning = false, upstream = false, downstream = false }: ClearSelection,
): readonly TaskInstance[] {
  const graph = graphOf(spec);
  const pattern = compile(taskRegex);
  const found = spec.tasks.map((task) => task.taskId).filter((taskId) => pattern === null || pattern.test(taskId));
  const chosen = new Set(found);
  if (upstream) for (const taskId of flatRelatives(graph, found, 'upstream')) chosen.add(taskId);
  if (downstream) for (const taskId of flatRelatives(graph, found, 'downstream')) chosen.add(taskId);
  const states: TaskInstanceState[] = [...(onlyFailed ? FAILED : []), ...(onlyRunning ? (['running'] as const) : [])];
  return instances.filter(
    (instance) =>
      chosen.has(instance.taskId) && instance.state !== 'removed' && (states.length === 0 || states.includes(instance.state)),
  );
}

const FAILED: readonly TaskInstanceState[] = ['failed', 'upstream_failed'];

/**
 * Sets instances back to `none` with their full number of retries before them, ends attempts that are under way (their tokens no longer count),
 * and queues the run again when it had finished. XComs stay until the next try starts.
 * @param versionId The DAG version the run goes on with; default: its own.
 * @returns How many instances changed; with none, the run stays as it is.
 */
export function clearTaskInstances(
  view: RunView,
  ids: readonly number[],
  now: Instant,
  versionId: number = view.run.versionId,
): number {
  let cleared = 0;
  for (const id of ids) {
    const instance = view.instance(id);
    if (instance.state === 'none' || instance.state === 'removed') continue;
    clearInstance(view, instance, now);
    cleared++;
  }
  if (cleared === 0) return 0;
  const clearNumber = view.run.clearNumber + 1;
  if (FINISHED_RUN_STATES.has(view.run.state)) {
    view.transitionRun('reopen', { clearNumber, versionId, queuedAt: now, startedAt: null, endedAt: null }, 'cleared');
  } else view.patchRun({ clearNumber, versionId }, 'cleared');
  return cleared;
}

function clearInstance(view: RunView, instance: TaskInstance, now: Instant): void {
  view.transition(
    instance.id,
    'clear',
    {
      maxTries: instance.tryNumber + view.task(instance.taskId).retries + 1,
      lostDispatches: 0,
      token: null,
      workerId: null,
      scheduledAt: null,
      queuedAt: null,
      startedAt: null,
      endedAt: null,
      wakeAt: null,
      waitingSince: null,
      pokeNumber: 0,
      outputLength: null,
    },
    {
      reason: 'cleared',
      ...(instance.token === null ? {} : { endAttempt: { state: 'cleared', endedAt: now, reason: 'cleared', error: null } }),
    },
  );
}

function compile(text: string | undefined): RegExp | null {
  if (text === undefined) return null;
  try {
    return new RegExp(text);
  } catch (error) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: 'taskRegex',
      message: `this is not a regular expression (${error instanceof Error ? error.message : String(error)})`,
      value: text,
      cause: error,
    });
  }
}
