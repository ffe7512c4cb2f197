/** Rows of dag_run: how they read. They are written by `new-runs.ts`, `due-dags.ts`, `commits.ts`, `attempts.ts` and `backfills.ts`. */
import type { DagRun } from '../../model/dag-run.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunState, RunType, TriggeredBy } from '../../model/states.js';
import { listParameter } from './columns.js';
import type { Row, Session, Statement } from './session.js';

export const RUN_COLUMNS =
  'd.dag_run_id, d.dag_id, d.run_id, d.run_type, d.triggered_by, d.state, d.logical_date, d.interval_start, d.interval_end, d.run_after, ' +
  'd.version_id, d.backfill_id, d.backfill_ordinal, d.triggering_user, d.queued_at, d.started_at, d.ended_at, d.clear_number, d.revision, d.note, d.conf';

/** Reads a row of `RUN_COLUMNS`. */
export function readRun(row: Row): DagRun {
  const { interval_start: start, interval_end: end } = row as { interval_start: Instant | null; interval_end: Instant | null };
  return {
    id: row['dag_run_id'] as number,
    dagId: row['dag_id'] as string,
    runId: row['run_id'] as string,
    runType: row['run_type'] as RunType,
    triggeredBy: row['triggered_by'] as TriggeredBy,
    state: row['state'] as DagRunState,
    logicalDate: row['logical_date'] as Instant | null,
    dataInterval: start === null || end === null ? null : { start, end },
    runAfter: row['run_after'] as Instant,
    conf: JSON.parse(row['conf'] as string) as DagRun['conf'],
    versionId: row['version_id'] as number,
    backfillId: row['backfill_id'] as number | null,
    backfillOrdinal: row['backfill_ordinal'] as number | null,
    queuedAt: row['queued_at'] as Instant,
    startedAt: row['started_at'] as Instant | null,
    endedAt: row['ended_at'] as Instant | null,
    clearNumber: row['clear_number'] as number,
    note: row['note'] as string | null,
    triggeringUser: row['triggering_user'] as string | null,
    revision: row['revision'] as number,
  };
}

const GET: Statement = { name: 'get_run', text: `select ${RUN_COLUMNS} from dag_run d where d.dag_run_id = any ($1::bigint[])` };

/** Runs by id, in no order; those that are gone are left out. */
export async function getRuns(session: Session, dagRunIds: readonly number[]): Promise<readonly DagRun[]> {
  return (await session.run(GET, [listParameter(dagRunIds)])).map(readRun);
}
