import {
  TRIGGER_RULES,
  WEIGHT_RULES,
  type DecisionSpec,
  type SensorSpec,
  type TaskRole,
  type TaskSpec,
} from '../model/dag-spec.js';
import { formatDuration } from '../model/duration.js';
import { AirflowLikeError } from '../model/errors.js';
import { CALLBACK_HINTS, taskCallback, type TaskCallbacks } from './callback.js';
import { assetRefs } from './check-assets.js';
import { checkOptions, duration, flag, id, integer, listOf, name, oneOf, orNull, text, type OptionPlace } from './check-options.js';
import type { TaskKind } from './metadata.js';
import type { ProblemList } from './problems.js';
import { retryPolicy, type RetryPolicy } from './retry-policy.js';
import type { MapLabel } from './task-options.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';

/** The options of every kind of task: what each may be, and what it is when nobody says. */

const MAX_INTEGER = 2_147_483_647;
/** Longer waits are surely mistakes; they would be stored all right. */
const LONGEST_WAIT_DAYS = 366;

/** What the options say about the spec of a task. */
export type TaskSettings = Pick<
  TaskSpec,
  | 'retries'
  | 'retryDelayMs'
  | 'retryExponentialBackoff'
  | 'maxRetryDelayMs'
  | 'executionTimeoutMs'
  | 'dependsOnPast'
  | 'ignoreFirstDependsOnPast'
  | 'waitForDownstream'
  | 'triggerRule'
  | 'pool'
  | 'poolSlots'
  | 'priorityWeight'
  | 'weightRule'
  | 'queue'
  | 'maxActiveTisPerDag'
  | 'maxActiveTisPerDagrun'
  | 'isolation'
  | 'critical'
  | 'doXcomPush'
  | 'multipleOutputs'
> &
  TaskCallbacks & { readonly retryPolicy: RetryPolicy | null; readonly mapIndexTemplate: string | MapLabel | null };

/** What a task gets when neither it, nor its groups, nor the DAG's `defaultArgs` say otherwise: Airflow's defaults. */
export const TASK_DEFAULTS: TaskSettings = {
  retries: 0,
  retryDelayMs: 300_000,
  retryExponentialBackoff: 0,
  maxRetryDelayMs: null,
  executionTimeoutMs: null,
  dependsOnPast: false,
  ignoreFirstDependsOnPast: false,
  waitForDownstream: false,
  triggerRule: 'all_success',
  pool: 'default_pool',
  poolSlots: 1,
  priorityWeight: 1,
  weightRule: 'downstream',
  queue: 'default',
  maxActiveTisPerDag: null,
  maxActiveTisPerDagrun: null,
  isolation: 'thread',
  critical: true,
  doXcomPush: true,
  multipleOutputs: false,
  mapIndexTemplate: null,
  retryPolicy: null,
  onExecute: null,
  onSuccess: null,
  onFailure: null,
  onRetry: null,
  onSkipped: null,
};

const DEFAULTS_TABLE = {
  retries: integer(0, 100),
  retryDelay: duration(0, LONGEST_WAIT_DAYS),
  retryExponentialBackoff: backoffFactor,
  maxRetryDelay: orNull(duration(1, LONGEST_WAIT_DAYS)),
  executionTimeout: orNull(duration(1, 30)),
  dependsOnPast: flag,
  ignoreFirstDependsOnPast: flag,
  waitForDownstream: flag,
  triggerRule: oneOf(TRIGGER_RULES),
  pool: name,
  poolSlots: integer(1, MAX_INTEGER),
  priorityWeight: integer(-MAX_INTEGER, MAX_INTEGER),
  weightRule: oneOf(WEIGHT_RULES),
  queue: name,
  maxActiveTisPerDag: orNull(integer(1, MAX_INTEGER)),
  maxActiveTisPerDagrun: orNull(integer(1, MAX_INTEGER)),
  isolation: oneOf(['thread', 'process'] as const),
  critical: flag,
  doXcomPush: flag,
  retryPolicy: orNull(retryPolicy),
  onExecute: taskCallback,
  onSuccess: taskCallback,
  onFailure: taskCallback,
  onRetry: taskCallback,
  onSkipped: taskCallback,
};

const TASK_TABLE = {
  ...DEFAULTS_TABLE,
  taskId: id,
  doc: orNull(text(100_000)),
  optional: flag,
  upstream: listOf(name),
  previousIds: listOf(id),
  outlets: assetRefs,
  inlets: assetRefs,
  // Read when the DAG's zone is known.
  startDate: orNull(dateLike),
  endDate: orNull(dateLike),
  multipleOutputs: flag,
  mapIndexTemplate: orNull(mapLabel),
  input: schema,
  output: schema,
};

const SENSOR_TABLE = {
  pokeInterval: duration(1, LONGEST_WAIT_DAYS),
  timeout: duration(1, LONGEST_WAIT_DAYS),
  mode: oneOf(['poke', 'reschedule'] as const),
  softFail: flag,
  silentFail: flag,
  neverFail: flag,
  exponentialBackoff: flag,
  maxWait: orNull(duration(1, LONGEST_WAIT_DAYS)),
};

const SENSOR_TASK_TABLE = { ...TASK_TABLE, ...SENSOR_TABLE };
const TEARDOWN_TABLE = { ...TASK_TABLE, triggerRule: noTriggerRule, onFailureFailDagrun: flag };
const SHORT_CIRCUIT_TABLE = { ...TASK_TABLE, ignoreDownstreamTriggerRules: flag };

export const TASK_OPTION_NAMES: readonly string[] = Object.keys(TASK_TABLE);
/** Those that a sensor has besides. */
export const SENSOR_OPTION_NAMES: readonly string[] = Object.keys(SENSOR_TABLE);

const ELSEWHERE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'schedule',
    'timezone',
    'catchup',
    'maxActiveRuns',
    'maxActiveTasks',
    'dagrunTimeout',
    'tags',
    'owner',
    'params',
    'failFast',
    'maxConsecutiveFailedDagRuns',
  ].map((option) => [option, 'it is an option of @dag']),
);
const SENSOR_ONLY = Object.fromEntries(Object.keys(SENSOR_TABLE).map((option) => [option, 'it is an option of @task.sensor']));
const KIND_ONLY = {
  onFailureFailDagrun: 'it is an option of @task.teardown',
  ignoreDownstreamTriggerRules: 'it is an option of @task.shortCircuit',
};
const NAMES = { ...CALLBACK_HINTS, id: 'taskId', name: 'taskId', needs: 'upstream', docMd: 'doc' };
const TASK_HINTS = { ...ELSEWHERE, ...SENSOR_ONLY, ...KIND_ONLY, ...NAMES, timeout: 'executionTimeout' };
const SENSOR_HINTS = { ...ELSEWHERE, ...KIND_ONLY, ...NAMES, interval: 'pokeInterval', every: 'pokeInterval' };
const DEFAULTS_HINTS = {
  ...CALLBACK_HINTS,
  ...ELSEWHERE,
  ...SENSOR_ONLY,
  ...KIND_ONLY,
  timeout: 'executionTimeout',
  startDate: 'it is an option of @dag and of single tasks',
  endDate: 'it is an option of @dag and of single tasks',
};

/** The checked options of one task: settings that were given, and what only a task has. */
export interface CheckedTask {
  readonly settings: Partial<TaskSettings>;
  readonly taskId: string | undefined;
  readonly doc: string | null;
  readonly optional: boolean;
  readonly upstream: readonly string[];
  readonly previousIds: readonly string[];
  readonly outlets: TaskSpec['outlets'];
  readonly inlets: TaskSpec['inlets'];
  /** As written. */
  readonly startDate: string | Date | null;
  readonly endDate: string | Date | null;
  readonly input: StandardSchema | null;
  readonly output: StandardSchema | null;
}

/** What the kind of a task makes of it. */
export interface CheckedKind {
  readonly task: CheckedTask;
  readonly sensor: SensorSpec | null;
  readonly role: TaskRole;
  readonly onFailureFailDagrun: boolean;
  readonly decides: DecisionSpec | null;
}

/** The options of a task that was declared as `kind`. */
export function checkKindOptions(kind: TaskKind, options: unknown, at: OptionPlace, problems: ProblemList): CheckedKind {
  const plain = { sensor: null, role: 'task', onFailureFailDagrun: false, decides: null } as const;
  const hinted = { ...at, hints: TASK_HINTS };
  switch (kind) {
    case 'sensor':
      return { ...plain, ...checkSensorOptions(options, at, problems) };
    case 'setup':
      return { ...plain, role: 'setup', task: checkTaskOptions(options, at, problems) };
    case 'teardown': {
      const { onFailureFailDagrun = false, ...checked } = checkOptions(options, TEARDOWN_TABLE, hinted, problems);
      return { ...plain, role: 'teardown', onFailureFailDagrun, task: checkedTask(checked) };
    }
    case 'branch':
      return { ...plain, decides: { kind: 'branch' }, task: checkTaskOptions(options, at, problems) };
    case 'shortCircuit': {
      const { ignoreDownstreamTriggerRules = true, ...checked } = checkOptions(options, SHORT_CIRCUIT_TABLE, hinted, problems);
      return { ...plain, decides: { kind: 'shortCircuit', ignoreDownstreamTriggerRules }, task: checkedTask(checked) };
    }
    case 'task':
      return { ...plain, task: checkTaskOptions(options, at, problems) };
  }
}

export function checkTaskOptions(options: unknown, at: OptionPlace, problems: ProblemList): CheckedTask {
  return checkedTask(checkOptions(options, TASK_TABLE, { ...at, hints: TASK_HINTS }, problems));
}

/** Options of `defaultArgs` or of a group. */
export function checkTaskDefaults(options: unknown, at: OptionPlace, problems: ProblemList): Partial<TaskSettings> {
  return settingsOf(checkOptions(options, DEFAULTS_TABLE, { ...at, hints: DEFAULTS_HINTS }, problems));
}

function checkSensorOptions(options: unknown, at: OptionPlace, problems: ProblemList): { task: CheckedTask; sensor: SensorSpec } {
  const checked = checkOptions(options, SENSOR_TASK_TABLE, { ...at, hints: SENSOR_HINTS }, problems);
  const sensor: SensorSpec = {
    pokeIntervalMs: checked.pokeInterval ?? 60_000,
    timeoutMs: checked.timeout ?? 7 * 86_400_000,
    mode: checked.mode ?? 'poke',
    softFail: checked.softFail ?? false,
    silentFail: checked.silentFail ?? false,
    neverFail: checked.neverFail ?? false,
    exponentialBackoff: checked.exponentialBackoff ?? false,
    maxWaitMs: checked.maxWait ?? null,
  };
  if (sensor.timeoutMs < sensor.pokeIntervalMs) {
    problems.add(
      'VALUE_RANGE',
      {
        place: `${at.place}.timeout`,
        message: 'timeout must not be shorter than pokeInterval',
        value: formatDuration(sensor.timeoutMs),
        allowed: `from ${formatDuration(sensor.pokeIntervalMs)}`,
      },
      problems.partOf(at.position, 'timeout'),
    );
  }
  if (sensor.softFail && sensor.neverFail) {
    problems.add(
      'VALUE_RANGE',
      { place: `${at.place}.neverFail`, message: 'softFail and neverFail exclude each other', value: true, allowed: 'one of them' },
      problems.partOf(at.position, 'neverFail'),
    );
  }
  return { task: checkedTask(checked), sensor };
}

type CheckedTaskOptions = ReturnType<typeof checkOptions<typeof TASK_TABLE>>;

function checkedTask(checked: CheckedTaskOptions): CheckedTask {
  return {
    settings: settingsOf(checked),
    taskId: checked.taskId,
    doc: checked.doc ?? null,
    optional: checked.optional ?? false,
    upstream: checked.upstream ?? [],
    previousIds: checked.previousIds ?? [],
    outlets: checked.outlets ?? [],
    inlets: checked.inlets ?? [],
    startDate: checked.startDate ?? null,
    endDate: checked.endDate ?? null,
    input: checked.input ?? null,
    output: checked.output ?? null,
  };
}

type GivenSettings = { -readonly [K in keyof TaskSettings]?: TaskSettings[K] | undefined };

/** Only what was given, under the names of the spec, so that settings can be laid over each other. */
function settingsOf(
  checked: ReturnType<typeof checkOptions<typeof DEFAULTS_TABLE>> & Pick<GivenSettings, 'multipleOutputs' | 'mapIndexTemplate'>,
): Partial<TaskSettings> {
  const { retryDelay: retryDelayMs, maxRetryDelay: maxRetryDelayMs, executionTimeout: executionTimeoutMs } = checked;
  const settings: GivenSettings = {
    retries: checked.retries,
    retryDelayMs,
    retryExponentialBackoff: checked.retryExponentialBackoff,
    maxRetryDelayMs,
    executionTimeoutMs,
    dependsOnPast: checked.dependsOnPast,
    ignoreFirstDependsOnPast: checked.ignoreFirstDependsOnPast,
    waitForDownstream: checked.waitForDownstream,
    triggerRule: checked.triggerRule,
    pool: checked.pool,
    poolSlots: checked.poolSlots,
    priorityWeight: checked.priorityWeight,
    weightRule: checked.weightRule,
    queue: checked.queue,
    maxActiveTisPerDag: checked.maxActiveTisPerDag,
    maxActiveTisPerDagrun: checked.maxActiveTisPerDagrun,
    isolation: checked.isolation,
    critical: checked.critical,
    doXcomPush: checked.doXcomPush,
    multipleOutputs: checked.multipleOutputs,
    mapIndexTemplate: checked.mapIndexTemplate,
    retryPolicy: checked.retryPolicy,
    onExecute: checked.onExecute,
    onSuccess: checked.onSuccess,
    onFailure: checked.onFailure,
    onRetry: checked.onRetry,
    onSkipped: checked.onSkipped,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function backoffFactor(value: unknown, place: string): number {
  if (typeof value === 'boolean') return value ? 2 : 0;
  if (typeof value === 'number' && (value === 0 || (value >= 1 && value <= 100))) return value;
  throw new AirflowLikeError('VALUE_RANGE', {
    place,
    message: 'the factor is out of range',
    value,
    allowed: 'true, false, 0 or 1-100',
  });
}

/** A template, or a function of the inputs. */
export function mapLabel(value: unknown, place: string): string | MapLabel {
  return typeof value === 'function' ? (value as MapLabel) : text(1_000)(value, place);
}

function dateLike(value: unknown, place: string): string | Date {
  if (typeof value === 'string' || value instanceof Date) return value;
  throw new AirflowLikeError('DATE_INVALID', { place, message: 'this is not a date', value, allowed: "for example '2024-01-01'" });
}

function noTriggerRule(value: unknown, place: string): undefined {
  throw new AirflowLikeError('TRIGGER_RULE_INVALID', {
    place,
    message:
      'a teardown has no trigger rule of its own: it runs when its setups succeeded and everything between them and it is done',
    value,
  });
}

function schema(value: unknown, place: string): StandardSchema {
  if (isStandardSchema(value)) return value;
  throw new AirflowLikeError('VALUE_TYPE', {
    place,
    message: 'this must be a Standard Schema, for example z.object({...})',
    value,
  });
}
