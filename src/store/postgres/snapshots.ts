/** Loads what is needed to plan runs, each at one revision. */
import { graphOf } from '../../core/graph/task-graph.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunSnapshot, PreviousRun } from '../../model/snapshot.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { listParameter } from './columns.js';
import { getRuns } from './dag-runs.js';
import type { Row, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';
import { INSTANCE_COLUMNS, readInstance } from './task-instances.js';

/** The revision comes with every row, so that a run and its rows can be told to belong together without a transaction. */
const LOAD_INSTANCES: Statement = {
  name: 'load_snapshot_instances',
  text: `select d.revision, ${INSTANCE_COLUMNS} from dag_run d join task_instance t on t.dag_run_id = any (array[d.dag_run_id])
    where d.dag_run_id = any ($1::bigint[]) order by t.dag_run_id, t.task_instance_id`,
};

const PREVIOUS: Statement = {
  name: 'load_previous_run',
  text: `select d.dag_run_id, d.logical_date from dag_run d
    where d.dag_id = $1 and d.logical_date < to_timestamp($2::float8 / 1000) and (not $3::boolean or d.run_type <> 'manual')
    order by d.logical_date desc limit 1`,
};

const PREVIOUS_STATES: Statement = {
  name: 'load_previous_states',
  text: 'select t.task_id, t.state from task_instance t where t.dag_run_id = $1 order by t.task_id, t.map_index',
};

/** Newest runs first, so that a task that ran lately is found at once. */
const EVER_RAN: Statement = {
  name: 'find_tasks_that_ever_ran',
  text: `select x.task_id from unnest($3::text[]) as x(task_id) where (
      select true from dag_run d join task_instance t on t.dag_run_id = any (array[d.dag_run_id]) and t.task_id = x.task_id
      where d.dag_id = $1 and d.logical_date < to_timestamp($2::float8 / 1000)
      order by d.logical_date desc limit 1
    )`,
};

/** In the order asked for; runs that are gone, or whose version is, are left out. */
export async function loadSnapshots(
  session: Session,
  specs: SpecCache,
  dagRunIds: readonly number[],
): Promise<readonly DagRunSnapshot[]> {
  const found = new Map<number, DagRunSnapshot>();
  for (let wanted = dagRunIds; wanted.length > 0;) {
    const runs = await getRuns(session, wanted);
    const known = await specs.load(
      session,
      runs.map((run) => run.versionId),
    );
    const instances = groupByRun(await session.run(LOAD_INSTANCES, [listParameter(wanted)]));
    const moved: number[] = [];
    for (const run of runs) {
      const spec = known.get(run.versionId);
      const rows = instances.get(run.id);
      if (!spec) continue;
      if (rows && rows.revision !== run.revision) moved.push(run.id);
      else found.set(run.id, { run, spec, taskInstances: rows?.instances ?? [], previous: await loadPrevious(session, run, spec) });
    }
    wanted = moved;
  }
  return dagRunIds.flatMap((id) => found.get(id) ?? []);
}

function groupByRun(rows: readonly Row[]): ReadonlyMap<number, { revision: number; instances: TaskInstance[] }> {
  const runs = new Map<number, { revision: number; instances: TaskInstance[] }>();
  for (const row of rows) {
    const instance = readInstance(row);
    const run = runs.get(instance.dagRunId);
    if (run) run.instances.push(instance);
    else runs.set(instance.dagRunId, { revision: row['revision'] as number, instances: [instance] });
  }
  return runs;
}

/**
 * Read after the run itself: if the previous run moves on in between, its commit has counted up this run's revision too, and the plan
 * made from the newer states comes back as stale instead of wrong.
 */
async function loadPrevious(session: Session, run: DagRun, spec: DagSpec): Promise<PreviousRun | null> {
  if (run.logicalDate === null || !graphOf(spec).hasDependsOnPast) return null;
  const withoutManual = spec.catchup !== false;
  const [row] = await session.run<{ dag_run_id: number; logical_date: Instant }>(PREVIOUS, [
    run.dagId,
    run.logicalDate,
    withoutManual,
  ]);
  if (!row) return null;
  const states: Record<string, TaskInstanceState[]> = {};
  for (const { task_id, state } of await session.run<{ task_id: string; state: TaskInstanceState }>(PREVIOUS_STATES, [
    row.dag_run_id,
  ])) {
    (states[task_id] ??= []).push(state);
  }
  const others = spec.tasks.map((task) => task.taskId).filter((taskId) => !(taskId in states));
  const everRan = Object.keys(states);
  if (others.length > 0) {
    const ran = await session.run<{ task_id: string }>(EVER_RAN, [run.dagId, run.logicalDate, listParameter(others)]);
    everRan.push(...ran.map(({ task_id }) => task_id));
  }
  return { dagRunId: row.dag_run_id, logicalDate: row.logical_date, states, everRan: everRan.sort() };
}
