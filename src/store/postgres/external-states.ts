/** How runs stand at exact logical dates, for tasks that wait for another DAG: two statements, whatever the number of dates and tasks. */
import type { ExternalCount, ExternalDate, ExternalQuery, ExternalStates } from '../../model/external-states.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunState, TaskInstanceState } from '../../model/states.js';
import { tasksAskedFor, unknownTargets } from '../external-states.js';
import { RowSet } from './columns.js';
import type { Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';

const DATES = new RowSet({ at: 'instant' } as const);

/** A row for each date, with the DAG on each. The nearest dates are looked up only where there is no run. */
const FIND_RUNS: Statement = {
  name: 'external_runs',
  text: `select x.at, d.dag_run_id, d.run_id, d.state, d.version_id, g.current_version_id, g.is_paused, g.is_retired,
      case when d.dag_run_id is null then
        (select e.logical_date from dag_run e where e.dag_id = $1 and e.logical_date < x.at order by e.logical_date desc limit 1)
      end as before,
      case when d.dag_run_id is null then
        (select e.logical_date from dag_run e where e.dag_id = $1 and e.logical_date > x.at order by e.logical_date limit 1)
      end as after
    from (${DATES.select(2)}) x
    left join dag g on g.dag_id = $1
    left join dag_run d on d.dag_id = $1 and d.logical_date = any (array[x.at])
    order by x.n`,
};

const RUNS = new RowSet({ dag_run_id: 'bigint', version_id: 'bigint' } as const);
const TASKS = new RowSet({ version_id: 'bigint', task_id: 'text' } as const);

const COUNT_INSTANCES: Statement = {
  name: 'external_counts',
  text: `select r.dag_run_id, t.state, count(t.task_instance_id)::integer as instances, count(distinct w.task_id)::integer as tasks,
      min(w.task_id collate "C") as task_id
    from (${RUNS.select(1)}) r
    join (${TASKS.select(1 + RUNS.width)}) w on w.version_id = r.version_id
    left join task_instance t on t.dag_run_id = any (array[r.dag_run_id]) and t.task_id = w.task_id
      and ($${1 + RUNS.width + TASKS.width}::boolean or t.state <> 'removed')
    group by r.dag_run_id, t.state order by r.dag_run_id, t.state collate "C" nulls first`,
};

interface RunRow {
  readonly at: Instant;
  readonly dag_run_id: number | null;
  readonly run_id: string;
  readonly state: DagRunState;
  readonly version_id: number;
  readonly current_version_id: number | null;
  readonly is_paused: boolean;
  readonly is_retired: boolean;
  readonly before: Instant | null;
  readonly after: Instant | null;
}

interface CountRow {
  readonly dag_run_id: number;
  readonly state: TaskInstanceState | null;
  readonly instances: number;
  readonly tasks: number;
  readonly task_id: string;
}

export async function readExternalStates(
  session: Session,
  specs: SpecCache,
  { dagId, target, logicalDates, countsRemoved = false }: ExternalQuery,
): Promise<ExternalStates> {
  const rows = await session.run<RunRow & Record<string, unknown>>(FIND_RUNS, [
    dagId,
    ...DATES.values(logicalDates.map((at) => ({ at }))),
  ]);
  const found = rows.filter(({ dag_run_id }) => dag_run_id !== null);
  const versionIds = new Set(found.map(({ version_id }) => version_id));
  const currentId = rows[0]?.current_version_id ?? null;
  const known =
    target.kind === 'run' ? null : await specs.load(session, currentId === null ? versionIds : [...versionIds, currentId]);
  const wanted = [...versionIds].flatMap((version_id) =>
    tasksAskedFor(target, known?.get(version_id)).map((task_id) => ({ version_id, task_id })),
  );
  const counts = new Map<number, ExternalCount[]>();
  if (wanted.length > 0) {
    const runs = found.map(({ dag_run_id, version_id }) => ({ dag_run_id, version_id }));
    const values = [...RUNS.values(runs), ...TASKS.values(wanted), countsRemoved];
    for (const row of await session.run<CountRow & Record<string, unknown>>(COUNT_INSTANCES, values)) {
      const { dag_run_id, state, instances, tasks, task_id: taskId } = row;
      const ofRun = counts.get(dag_run_id);
      if (ofRun) ofRun.push({ state, instances, tasks, taskId });
      else counts.set(dag_run_id, [{ state, instances, tasks, taskId }]);
    }
  }
  return {
    dag: dagStateOf(rows[0]),
    unknown: unknownTargets(target, [...(known?.values() ?? [])]),
    dates: rows.map((row) => dateOf(row, counts)),
  };
}

function dagStateOf(row: RunRow | undefined): ExternalStates['dag'] {
  if (!row || row.current_version_id === null) return 'missing';
  return row.is_retired ? 'retired' : row.is_paused ? 'paused' : 'active';
}

function dateOf(row: RunRow, counts: ReadonlyMap<number, readonly ExternalCount[]>): ExternalDate {
  const { at: logicalDate, dag_run_id: id, run_id: runId, state, before, after } = row;
  return { logicalDate, run: id === null ? null : { runId, state }, counts: (id !== null && counts.get(id)) || [], before, after };
}
