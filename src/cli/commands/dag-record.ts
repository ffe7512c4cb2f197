import { join } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.js';
import type { AssetCondition } from '../../model/asset.js';
import type { DagSpec } from '../../model/dag-spec.js';
import { formatDuration } from '../../model/duration.js';
import { assetConditionOf, timePartOf } from '../../model/schedule-parts.js';
import type { DagListing } from '../../ports/store.js';
import { formatInstant } from '../dates.js';
import type { Row } from '../output/table.js';

/** Airflow's name for the one folder that DAGs come from. */
const BUNDLE_NAME = 'dags-folder';

/** A DAG under Airflow's field names, and after them what only this system knows. */
export function dagRecord({ dag, spec }: DagListing, { config }: LoadedConfig): Row {
  const date = (instant: number | null | undefined): string | null =>
    instant === null || instant === undefined ? null : formatInstant(instant);
  return {
    dag_id: dag.dagId,
    dag_display_name: dag.dagId,
    is_paused: dag.isPaused,
    is_stale: dag.isRetired,
    last_parsed_time: date(dag.lastParsedAt),
    bundle_name: BUNDLE_NAME,
    bundle_version: null,
    relative_fileloc: dag.file,
    fileloc: join(config.core.dagsFolder, dag.file),
    description: spec.description,
    timetable_summary: scheduleText(spec),
    timetable_description: scheduleDescription(spec),
    timetable_periodic: isPeriodic(spec),
    asset_expression: assetExpression(assetConditionOf(spec.schedule)),
    tags: spec.tags,
    max_active_tasks: spec.maxActiveTasks,
    max_active_runs: spec.maxActiveRuns,
    has_task_concurrency_limits: spec.tasks.some((task) => task.maxActiveTisPerDag !== null || task.maxActiveTisPerDagrun !== null),
    has_import_errors: dag.hasImportErrors,
    next_dagrun_logical_date: date(dag.nextRun?.logicalDate),
    next_dagrun_data_interval_start: date(dag.nextRun?.dataInterval.start),
    next_dagrun_data_interval_end: date(dag.nextRun?.dataInterval.end),
    next_dagrun_run_after: date(dag.nextRun?.runAfter),
    owners: [spec.owner],
    is_backfillable: isPeriodic(spec),
    timezone: spec.timezone,
    start_date: date(spec.startDate),
    end_date: date(spec.endDate),
    catchup: spec.catchup,
    version_number: dag.versionNumber,
    paused_reason: dag.pausedReason,
    task_count: spec.tasks.length,
    doc_md: spec.doc,
  };
}

/** The schedule as its author wrote it; null: none. */
export function scheduleText({ schedule }: DagSpec): string | null {
  switch (schedule.kind) {
    case 'none':
      return null;
    case 'once':
      return '@once';
    default:
      return schedule.text;
  }
}

function scheduleDescription(spec: DagSpec): string {
  switch (spec.schedule.kind) {
    case 'none':
      return 'only when triggered';
    case 'assets':
      return `when there are events of ${spec.schedule.text}`;
    case 'fileWatch':
      return `when a new file matches ${spec.schedule.pattern}`;
    case 'assetOrTime':
      return `${scheduleText(spec)}, by time in ${spec.timezone}`;
    default:
      return `${scheduleText(spec)} in ${spec.timezone}`;
  }
}

/** The condition in the form of Airflow's `asset_expression`; null: the DAG does not wait for assets. */
function assetExpression(condition: AssetCondition | null): { readonly [key: string]: unknown } | null {
  if (condition === null) return null;
  if ('of' in condition) return { [condition.kind]: condition.of.map(assetExpression) };
  if (condition.kind === 'alias') return { alias: condition.alias };
  const { name, uri, group } = condition.asset;
  return { asset: { uri, name, group } };
}

/** What its runs wait for besides time, as the rest of a sentence about the DAG; null: nothing. */
export function waitsForText(spec: DagSpec): string | null {
  if (spec.schedule.kind === 'assets') return `runs when there are events of ${spec.schedule.text}`;
  if (spec.schedule.kind === 'assetOrTime') return 'runs by time, and whenever there are events of its assets';
  const schedule = timePartOf(spec.schedule);
  switch (schedule.kind) {
    case 'fileWatch':
      return `runs when a new file matches ${schedule.pattern}`;
    case 'hybrid':
      return `waits for a file with each run: ${schedule.file}, at most ${formatDuration(schedule.waitForMs)} from when it is due`;
    default:
      return null;
  }
}

/** It has intervals that follow each other, so that a range of dates means a list of runs. */
function isPeriodic(spec: DagSpec): boolean {
  return !['none', 'once', 'continuous', 'fileWatch'].includes(timePartOf(spec.schedule).kind);
}
