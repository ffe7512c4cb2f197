import type { Duration } from '../../../model/duration.js';
import { AirflowLikeError } from '../../../model/errors.js';
import { checkId } from '../../../model/ids.js';
import { DAG_RUN_STATES, TASK_INSTANCE_STATES, type DagRunState, type TaskInstanceState } from '../../../model/states.js';
import { duration, flag, listOf, oneOf, text } from '../../../sdk/check-options.js';
import type { TaskContext } from '../../../sdk/context.js';
import type { Templated } from '../../../sdk/operator.js';

/** The options of `externalTaskSensor`: names and defaults are Airflow's, in camelCase. */
export interface ExternalTaskSensorOptions {
  /** The DAG to wait for. */
  readonly externalDagId: Templated<string>;
  /** One task of it, several, or all tasks of a group and of the groups in it; one of the three. Default: the run as a whole. */
  readonly externalTaskId?: Templated<string>;
  readonly externalTaskIds?: Templated<readonly string[]>;
  readonly externalTaskGroupId?: Templated<string>;
  /** It is done when everything it waits for is in one of these: states of tasks, or of runs where it waits for a run. Default `['success']`. */
  readonly allowedStates?: readonly ExternalState[];
  /** It is skipped as soon as something it waits for is in one of these. Default: none. */
  readonly skippedStates?: readonly ExternalState[];
  /** It fails with EXTERNAL_FAILED as soon as something is in one of these; with `softFail` it is skipped. Default: none, so that a failure is waited out. */
  readonly failedStates?: readonly ExternalState[];
  /** How much earlier than its own run the one is that it waits for, by logical date. Default: the same date. Not together with `executionDateFn`. */
  readonly executionDelta?: Duration;
  /** Gives the logical date that it waits for, or several, all of which must be there. Its own run may be without one then. */
  readonly executionDateFn?: (context: TaskContext) => ExternalDates | Promise<ExternalDates>;
  /** True: it fails at once when there is no such DAG, task or group, or the DAG was deleted. Default false: it waits for that, and warns. */
  readonly checkExistence?: boolean;
}

export type ExternalState = TaskInstanceState | DagRunState;
type ExternalDates = Date | readonly Date[];

export const EXTERNAL_OPTION_NAMES = [
  'externalDagId',
  'externalTaskId',
  'externalTaskIds',
  'externalTaskGroupId',
  'allowedStates',
  'skippedStates',
  'failedStates',
  'executionDelta',
  'executionDateFn',
  'checkExistence',
] as const satisfies readonly (keyof ExternalTaskSensorOptions)[];

export type ExternalTemplate = 'externalDagId' | 'externalTaskId' | 'externalTaskIds' | 'externalTaskGroupId';
export const EXTERNAL_TEMPLATES: readonly ExternalTemplate[] = [
  'externalDagId',
  'externalTaskId',
  'externalTaskIds',
  'externalTaskGroupId',
];

const PLACE = 'externalTaskSensor';
const TARGETS = ['externalTaskId', 'externalTaskIds', 'externalTaskGroupId'] as const;
const STATE_LISTS = ['allowedStates', 'skippedStates', 'failedStates'] as const;
const MOST_DELTA_DAYS = 36_600;

/** @throws AirflowLikeError the first mistake. */
export function checkExternalOptions(options: ExternalTaskSensorOptions): void {
  checkName(options.externalDagId, 'externalDagId');
  const targets = TARGETS.filter((name) => options[name] !== undefined);
  if (targets.length > 1) throw exclusive(targets, `one of ${TARGETS.join(', ')}, or none of them for the whole run`);
  if (options.externalTaskId !== undefined) checkName(options.externalTaskId, 'externalTaskId');
  if (options.externalTaskGroupId !== undefined) checkName(options.externalTaskGroupId, 'externalTaskGroupId');
  if (options.externalTaskIds !== undefined) checkNames(options.externalTaskIds);
  checkStates(options, targets.length === 0 ? DAG_RUN_STATES : TASK_INSTANCE_STATES);
  if (options.executionDelta !== undefined && options.executionDateFn !== undefined)
    throw exclusive(['executionDelta', 'executionDateFn'], 'one of them, or none for the same date');
  if (options.executionDelta !== undefined) duration(0, MOST_DELTA_DAYS)(options.executionDelta, `${PLACE}.executionDelta`);
  if (options.executionDateFn !== undefined && typeof options.executionDateFn !== 'function') {
    const place = `${PLACE}.executionDateFn`;
    throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a function', value: options.executionDateFn });
  }
  if (options.checkExistence !== undefined) flag(options.checkExistence, `${PLACE}.checkExistence`);
}

/** The states that count as allowed, skipped and failed. */
export interface StateRules {
  readonly allowed: ReadonlySet<string>;
  readonly skipped: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
}

export function rulesOf(options: Pick<ExternalTaskSensorOptions, (typeof STATE_LISTS)[number]>): StateRules {
  const { allowedStates = ['success'], skippedStates = [], failedStates = [] } = options;
  return { allowed: new Set(allowedStates), skipped: new Set(skippedStates), failed: new Set(failedStates) };
}

/** Every state must be one that what it waits for can have, and stand in one list only. */
function checkStates(options: ExternalTaskSensorOptions, states: readonly ExternalState[]): void {
  for (const name of STATE_LISTS) {
    if (options[name] !== undefined) listOf(oneOf(states))(options[name], `${PLACE}.${name}`);
  }
  if (options.allowedStates?.length === 0) {
    const place = `${PLACE}.allowedStates`;
    throw new AirflowLikeError('VALUE_RANGE', { place, message: 'without a state it could never be done', value: [] });
  }
  const { allowed, skipped, failed } = rulesOf(options);
  const lists = Object.entries({ allowedStates: allowed, skippedStates: skipped, failedStates: failed });
  for (const state of states) {
    const holding = lists.filter(([, list]) => list.has(state)).map(([name]) => name);
    if (holding.length < 2) continue;
    const [first, second] = holding as [string, string];
    const isDefault = first === 'allowedStates' && options.allowedStates === undefined;
    throw new AirflowLikeError('VALUE_RANGE', {
      place: `${PLACE}.${second}`,
      message: `a state cannot be in ${first}${isDefault ? ' (by default)' : ''} and in ${second}`,
      value: state,
    });
  }
}

/** An id; a text with a template in it, and a function, are known when they are rendered. */
function checkName(value: unknown, name: string): void {
  if (typeof value === 'function') return;
  const given = text(10_000)(value, `${PLACE}.${name}`);
  if (!given.includes('{')) checkId(given, `${PLACE}.${name}`);
}

function checkNames(value: unknown): void {
  const place = `${PLACE}.externalTaskIds`;
  if (typeof value === 'function') return;
  if (!Array.isArray(value)) throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a list of task ids', value });
  if (value.length === 0) {
    const message = 'this names no task; leave it out to wait for the whole run';
    throw new AirflowLikeError('VALUE_RANGE', { place, message, value });
  }
  value.forEach((item: unknown, index) => checkName(item, `externalTaskIds[${index}]`));
}

function exclusive(names: readonly string[], allowed: string): AirflowLikeError {
  return new AirflowLikeError('VALUE_RANGE', { place: PLACE, message: `${names.join(' and ')} exclude each other`, allowed });
}
