/** The package's main entry: everything that a DAG file needs. */
export type { CalendarSpan, Catchup, TriggerRule, WeightRule } from '../model/dag-spec.js';
export type { Duration } from '../model/duration.js';
export type { ExternalCount, ExternalDate, ExternalQuery, ExternalStates, ExternalTarget } from '../model/external-states.js';
export { AirflowLikeError } from '../model/errors.js';
export { asset, assetAlias, type Asset, type AssetAlias, type AssetExpression, type AssetOptions } from './asset.js';
export type {
  AliasEvents,
  AssetEvent,
  AssetEventOptions,
  InletEvents,
  OutletEvent,
  OutletEvents,
  TriggeringAssetEvents,
} from './asset-context.js';
export type { CallbackError, DagCallback, DagCallbackContext, TaskCallback, TaskCallbackContext } from './callback.js';
export { bash, type BashOptions } from '../providers/standard/bash.js';
export { externalTaskSensor } from '../providers/standard/external-task-sensor.js';
export type { ExternalState, ExternalTaskSensorOptions } from '../providers/standard/external-task/options.js';
export { empty, latestOnly } from '../providers/standard/empty.js';
export {
  context,
  runWithContext,
  type PullOptions,
  type SuccessfulRun,
  type TaskContext,
  type TaskLog,
  type TaskXCom,
} from './context.js';
export { dag, type DagClass } from './dag.js';
export type { DagOptions } from './dag-options.js';
export { defineDag, defineDags, type DagBuilder, type DagFamily, type DefinedDag } from './define-dag.js';
export { each, type Each } from './each.js';
export { graph } from './graph-text.js';
export type { MapOptions, ProductOptions, ZipOptions } from './map-options.js';
export type { Lazy } from './lazy.js';
export {
  operator,
  type Operator,
  type OperatorDefinition,
  type OperatorTaskOptions,
  type RenderedOptions,
  type Templated,
} from './operator.js';
export { PokeResult } from './poke-result.js';
export type { Group, Ref, Upstream } from './ref.js';
export type { ErrorMatcher, FailedTry, RetryDecision, RetryPolicy, RetryRule } from './retry-policy.js';
export {
  assetOrTime,
  cronTrigger,
  crons,
  deltaTrigger,
  events,
  fileWatch,
  hybrid,
  type CronTriggerOptions,
  type DeltaTriggerOptions,
  type EventsOptions,
  type FileWatchOptions,
  type HybridOptions,
  type ScheduleSource,
  type TimeSchedule,
} from './schedule-source.js';
export { sensor, type SensorDefinition, type SensorUseOptions } from './sensor.js';
export type { StandardSchema } from './standard-schema.js';
export { task } from './task.js';
export { FailTask, SkipTask } from './task-errors.js';
export type { SensorOptions, ShortCircuitOptions, TaskDefaults, TaskOptions, TeardownOptions } from './task-options.js';
export { timetable, type CustomTimetable } from './timetable.js';
export type { In, MappedGroupOptions, MapSource, Skipped, Wired, WiredTask } from './wired.js';
