/** Finds what a person named on the command line, or says what is there instead. */
import { AirflowLikeError } from '../model/errors.js';
import type { DagRun } from '../model/dag-run.js';
import type { TaskSpec } from '../model/dag-spec.js';
import { nearestName } from '../model/nearest-name.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { DagListing } from '../ports/store.js';
import { parseInstant } from './dates.js';
import type { Client } from './system.js';

/** @throws AirflowLikeError NOT_FOUND with the nearest DAG id. */
export async function findDag(client: Client, dagId: string): Promise<DagListing> {
  const listing = await client.store.catalog.getDag(dagId);
  if (listing) return listing;
  const known = (await client.store.catalog.listDags({ includeRetired: true })).map(({ dag }) => dag.dagId);
  const problems = await client.store.catalog.listImportProblems();
  const isEmpty = known.length === 0 ? '; the DAGs folder holds none' : '';
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'dag_id',
    message: `there is no such DAG${isEmpty}${problems.length > 0 ? `; ${importErrorsHint(problems.length)}` : ''}`,
    value: dagId,
    suggestion: nearestName(dagId, known),
  });
}

/** The run with that run id, else the one with that logical date (naive: in `zone`). @throws AirflowLikeError NOT_FOUND. */
export async function findRun(client: Client, dagId: string, runIdOrDate: string, zone: string): Promise<DagRun> {
  const byId = await client.store.runs.findRun(dagId, runIdOrDate);
  if (byId) return byId;
  const instant = asInstant(runIdOrDate, zone);
  const byDate =
    instant === null ? null : ((await client.store.runs.listRuns({ dagId, from: instant, to: instant, limit: 1 }))[0] ?? null);
  if (byDate) return byDate;
  const recent = await client.store.runs.listRuns({ dagId, order: '-logical_date', limit: 1_000 });
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'logical_date_or_run_id',
    message: `${dagId} has no run with this run id or logical date`,
    value: runIdOrDate,
    suggestion: nearestName(
      runIdOrDate,
      recent.map((run) => run.runId),
    ),
  });
}

/** @throws AirflowLikeError NOT_FOUND with the nearest task id. */
export function findTask(listing: DagListing, taskId: string): TaskSpec {
  const tasks = listing.spec.tasks;
  const task = tasks.find((candidate) => candidate.taskId === taskId);
  if (task) return task;
  const ids = tasks.map((candidate) => candidate.taskId);
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'task_id',
    message: `${listing.dag.dagId} has no such task`,
    value: taskId,
    allowed: ids.length <= 10 ? ids.join(', ') : undefined,
    suggestion: nearestName(taskId, ids),
  });
}

/** One task instance of a run. @throws AirflowLikeError NOT_FOUND with the nearest task id, or the map indexes there are. */
export function findInstance(dagRun: DagRun, all: readonly TaskInstance[], taskId: string, mapIndex: number): TaskInstance {
  const ofTask = all.filter((instance) => instance.taskId === taskId);
  if (ofTask.length === 0) {
    const ids = [...new Set(all.map((instance) => instance.taskId))];
    throw new AirflowLikeError('NOT_FOUND', {
      place: 'task_id',
      message: `run ${dagRun.runId} of ${dagRun.dagId} has no such task`,
      value: taskId,
      suggestion: nearestName(taskId, ids),
    });
  }
  const found = ofTask.find((instance) => instance.mapIndex === mapIndex);
  if (found) return found;
  const indexes = ofTask.map((instance) => instance.mapIndex);
  throw new AirflowLikeError('NOT_FOUND', {
    place: '--map-index',
    message: `${taskId} has no such copy in this run`,
    value: mapIndex,
    allowed: indexes.length === 1 ? String(indexes[0]) : `${Math.min(...indexes)} to ${Math.max(...indexes)}`,
  });
}

function asInstant(text: string, zone: string): number | null {
  try {
    return parseInstant(text, 'logical_date_or_run_id', zone);
  } catch {
    return null;
  }
}

/** `2 import errors, see airflow-like dags list-import-errors` */
export function importErrorsHint(count: number): string {
  return `${count} import ${count === 1 ? 'error' : 'errors'}, see airflow-like dags list-import-errors`;
}
