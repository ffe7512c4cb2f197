import type { DagRun } from '../../model/dag-run.js';
import { formatInstant } from '../dates.js';
import type { Row } from '../output/table.js';

/** A run that somebody asked for, under Airflow's field names. */
export function triggeredRow(dagRun: DagRun): Row {
  const date = (instant: number | null | undefined): string | null =>
    instant === null || instant === undefined ? null : formatInstant(instant);
  return {
    conf: dagRun.conf,
    dag_id: dagRun.dagId,
    dag_run_id: dagRun.runId,
    data_interval_start: date(dagRun.dataInterval?.start),
    data_interval_end: date(dagRun.dataInterval?.end),
    end_date: date(dagRun.endedAt),
    logical_date: date(dagRun.logicalDate),
    run_type: dagRun.runType,
    start_date: date(dagRun.startedAt),
    state: dagRun.state,
    triggering_user_name: dagRun.triggeringUser,
    note: dagRun.note,
  };
}
