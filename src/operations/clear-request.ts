/** What a person may ask to be cleared, checked as far as it can be without a look at the runs. */
import type { TaskChoice } from '../core/task-instance/select-instances.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';

export interface ClearRequest {
  readonly dagId: string;
  /** Only these tasks, or these copies of mapped ones. Default: all. */
  readonly tasks?: readonly TaskChoice[] | null;
  /** Only tasks whose id holds a match. Not together with `tasks`. */
  readonly taskRegex?: string | null;
  /** Only these runs. Default: all of the DAG. */
  readonly runIds?: readonly string[] | null;
  /** With one run id: also the runs before (after) it by logical date. Both: every run, also those without a logical date. */
  readonly past?: boolean;
  readonly future?: boolean;
  /** Bounds of the logical date, both inclusive. Default: open. Runs without a logical date lie in no bounds. */
  readonly from?: Instant | null;
  readonly to?: Instant | null;
  /** Also all tasks before (after) the chosen ones, at any depth. Both, with run ids: also those after the ones before. */
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  /** Only instances in state failed or upstream_failed (running); both: either. */
  readonly onlyFailed?: boolean;
  readonly onlyRunning?: boolean;
  /** Clear nothing: runs that have finished only take up tasks that are new in the DAG's newest version. */
  readonly onlyNew?: boolean;
  /** Refuse when an instance that would be cleared is running; a dry run shows it. Default: it is stopped. */
  readonly preventRunning?: boolean;
  /** Queue finished runs again. Default: true. */
  readonly resetRuns?: boolean;
  /** Which code runs again: that of the run, or the DAG's newest. Default: `own`; `latest` with `onlyNew`. */
  readonly version?: 'own' | 'latest';
  /** Change nothing, only answer what would be done. */
  readonly dryRun?: boolean;
  /** The token of a dry run: needed where much would be cleared, so that nobody does that unseen. */
  readonly token?: string | null;
}

/** @throws AirflowLikeError DATE_ORDER, VALUE_TYPE (`taskRegex`), VALUE_RANGE (a map index), REQUEST_INVALID for options that exclude each other. */
export function checkClearRequest(request: ClearRequest): void {
  const { from, to, tasks, taskRegex, runIds, past, future, onlyNew, version } = request;
  if (from != null && to != null && from > to) {
    throw new AirflowLikeError('DATE_ORDER', {
      place: 'from',
      message: `it is ${new Date(from).toISOString()}, after to ${new Date(to).toISOString()}`,
    });
  }
  if (tasks && taskRegex != null) throw exclusive('taskRegex', 'tasks');
  if ((past || future) && runIds?.length !== 1) {
    throw new AirflowLikeError('REQUEST_INVALID', {
      place: past ? 'past' : 'future',
      message: 'past and future are seen from one run: name exactly one run id',
    });
  }
  if ((past || future) && (from != null || to != null)) throw exclusive(past ? 'past' : 'future', 'from and to');
  if (onlyNew && version === 'own') throw exclusive('onlyNew', 'version own');
  for (const { taskId, mapIndexes } of tasks ?? []) checkMapIndexes(taskId, mapIndexes);
}

/** @throws AirflowLikeError VALUE_RANGE */
export function checkMapIndexes(taskId: string, mapIndexes: readonly number[] | null): void {
  for (const index of mapIndexes ?? []) {
    if (Number.isSafeInteger(index) && index >= -1) continue;
    throw new AirflowLikeError('VALUE_RANGE', {
      place: `mapIndexes of ${taskId}`,
      message: 'a map index is an integer from 0 on, or -1 for a task that is not mapped',
      value: index,
    });
  }
}

/** Whether nothing at all narrows it down to less than all that the DAG ever did. */
export function isUnfiltered({ tasks, taskRegex, runIds, from, to, onlyFailed, onlyRunning, onlyNew }: ClearRequest): boolean {
  return !tasks && taskRegex == null && !runIds && from == null && to == null && !onlyFailed && !onlyRunning && !onlyNew;
}

/** @throws AirflowLikeError VALUE_TYPE */
export function compileTaskRegex(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: 'taskRegex',
      message: `this is not a regular expression (${error instanceof Error ? error.message : String(error)})`,
      value: text,
      cause: error,
    });
  }
}

function exclusive(place: string, other: string): AirflowLikeError {
  return new AirflowLikeError('REQUEST_INVALID', { place, message: `cannot be used together with ${other}` });
}
