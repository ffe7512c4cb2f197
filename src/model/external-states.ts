import { AirflowLikeError } from './errors.js';
import { isId } from './ids.js';
import type { Instant } from './instant.js';
import type { DagRunState, TaskInstanceState } from './states.js';

/** What a task may ask of runs at exact logical dates, of another DAG or its own, and the answer. */

/** What is asked about each run: itself, some of its tasks, or those of a group with all groups in it. */
export type ExternalTarget =
  | { readonly kind: 'run' }
  | { readonly kind: 'tasks'; readonly taskIds: readonly string[] }
  | { readonly kind: 'group'; readonly groupId: string };

/** `At`: how dates are given, as instants inside and as Dates to authors. */
export interface ExternalQuery<At = Instant> {
  readonly dagId: string;
  readonly target: ExternalTarget;
  /** 1 to `MOST_EXTERNAL_DATES`. */
  readonly logicalDates: readonly At[];
  /** Whether instances count that the run no longer has, because the code or the length of a list changed. Default false. */
  readonly countsRemoved?: boolean;
}

export interface ExternalStates<At = Instant> {
  /** `retired`: its file is gone, or no longer holds it. */
  readonly dag: 'active' | 'paused' | 'retired' | 'missing';
  /** Of the tasks or the group asked for those that are in no version of the DAG that counts: the current one, and those of the runs found. */
  readonly unknown: readonly UnknownTarget[];
  /** One for each date, in the order of the query. */
  readonly dates: readonly ExternalDate<At>[];
}

export interface UnknownTarget {
  readonly id: string;
  /** The name that was most likely meant. */
  readonly suggestion: string | null;
}

export interface ExternalDate<At = Instant> {
  readonly logicalDate: At;
  /** Null: there is no run of this very date. */
  readonly run: { readonly runId: string; readonly state: DagRunState } | null;
  /** How many instances of the tasks are in which state; none when only the run was asked for. */
  readonly counts: readonly ExternalCount[];
  /** Where there is no run: logical dates of the nearest ones before and after. */
  readonly before: At | null;
  readonly after: At | null;
}

export interface ExternalCount {
  /** Null: tasks of which the run has no instance. */
  readonly state: TaskInstanceState | null;
  readonly instances: number;
  /** How many tasks they belong to, and the first of these by id. */
  readonly tasks: number;
  readonly taskId: string;
}

/** Most dates, and most tasks by name, that one question may hold. */
export const MOST_EXTERNAL_DATES = 1_000;
export const MOST_EXTERNAL_TASKS = 1_000;

/** @throws AirflowLikeError ID_INVALID, DATE_INVALID; VALUE_RANGE for no dates or tasks, or too many. */
export function checkExternalQuery({ dagId, target, logicalDates }: ExternalQuery): void {
  const ids = [dagId, ...(target.kind === 'tasks' ? target.taskIds : target.kind === 'group' ? [target.groupId] : [])];
  const wrong = ids.findIndex((id) => !isId(id));
  if (wrong >= 0) {
    const message = `this cannot be the id of a ${wrong === 0 ? 'DAG' : 'task or group'}`;
    throw new AirflowLikeError('ID_INVALID', { message, value: ids[wrong] });
  }
  const broken = logicalDates.find((date) => !Number.isFinite(date));
  if (broken !== undefined) throw new AirflowLikeError('DATE_INVALID', { message: 'a logical date is no date', value: broken });
  checkCount('logical dates', logicalDates.length, MOST_EXTERNAL_DATES);
  if (target.kind === 'tasks') checkCount('tasks', target.taskIds.length, MOST_EXTERNAL_TASKS);
}

function checkCount(what: string, count: number, most: number): void {
  if (count >= 1 && count <= most) return;
  throw new AirflowLikeError('VALUE_RANGE', {
    message: `too ${count < 1 ? 'few' : 'many'} ${what}`,
    value: count,
    allowed: `1 to ${most}`,
  });
}
