/** The run creator's pass: claims DAGs that are due, lets a pure function decide, and writes what it answered, in one transaction. */
import type { Actor } from '../../model/commit.js';
import type { BackfillLane, DagSchedule, DagSchedulePlan, QueuedRun } from '../../model/dag.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunState } from '../../model/states.js';
import type { SchedulingStore } from '../../ports/store.js';
import { PLAN_ERROR_DELAY_MS } from '../../core/dag-run/plan-error-delay.js';
import { DAG_COLUMNS, readDag } from './dags.js';
import { listParameter, RowSet } from './columns.js';
import { insertRuns, type RunToCreate } from './new-runs.js';
import type { Database, Row, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';

const ACTOR: Actor = { kind: 'scheduler', id: 'run-creator' };

const CLAIM_DAGS: Statement = {
  name: 'claim_due_dags',
  text: `select ${DAG_COLUMNS} from dag g join dag_version v on v.dag_version_id = g.current_version_id
    where g.check_at is not null and g.check_at <= to_timestamp($1::float8 / 1000)
    order by g.check_at, g.dag_id limit $2 for update of g skip locked`,
};

/** Counted in a statement of its own: one that waits for a lock counts what was there before it waited. */
const COUNT_RUNS: Statement = {
  name: 'count_unfinished_runs',
  text: `select x.dag_id,
      (select count(*) from dag_run d where d.dag_id = x.dag_id and d.state in ('queued', 'running') and d.backfill_id is null) as unfinished,
      (select count(*) from dag_run d where d.dag_id = x.dag_id and d.state in ('queued', 'running') and d.state = 'running'
         and d.backfill_id is null) as running,
      (select g.active_since from dag g where g.dag_id = x.dag_id) as active_since,
      last.logical_date, last.interval_start, last.interval_end
    from unnest($1::text[]) as x(dag_id)
    left join lateral (
      select d.logical_date, d.interval_start, d.interval_end from dag_run d
      where d.dag_id = x.dag_id and d.logical_date is not null and d.run_type in ('scheduled', 'backfill')
      order by d.logical_date desc limit 1
    ) last on true`,
};

const LANES = new RowSet({ dag_id: 'text', backfill_id: 'bigint', places: 'integer' } as const);

const QUEUED = `d.dag_id = x.dag_id and d.state in ('queued', 'running') and d.state = 'queued'`;
const DUE = 'd.run_after <= to_timestamp($1::float8 / 1000)';
const WAITS = 'd.run_after > to_timestamp($1::float8 / 1000)';
const queuedRuns = (rank: number, condition: string, order: string, limit: string): string => `
    (select s.*, ${rank} as rank, row_number() over () as place from (
      select d.dag_run_id, d.run_id, d.run_after from dag_run d where ${condition} order by ${order} limit ${limit}
    ) s)`;

/**
 * Runs of each lane (a DAG's own runs, or one backfill's) that may start, and after them the one that becomes due next. A backfill may have a
 * hundred thousand that wait: each part finds its first ones through an index.
 */
const QUEUED_RUNS: Statement = {
  name: 'list_queued_runs',
  text: `select x.n::integer as lane, q.dag_run_id, q.run_id, q.run_after from (${LANES.select(2)}) x cross join lateral (${[
    queuedRuns(
      1,
      `x.backfill_id is null and d.backfill_id is null and ${QUEUED} and ${DUE}`,
      'coalesce(d.logical_date, d.run_after), d.dag_run_id',
      'x.places',
    ),
    queuedRuns(1, `d.backfill_id = x.backfill_id and ${QUEUED} and ${DUE}`, 'd.backfill_ordinal, d.dag_run_id', 'x.places'),
    queuedRuns(2, `x.backfill_id is null and d.backfill_id is null and ${QUEUED} and ${WAITS}`, 'd.run_after, d.dag_run_id', '1'),
    queuedRuns(2, `d.backfill_id = x.backfill_id and d.state = 'queued' and ${WAITS}`, 'd.run_after, d.dag_run_id', '1'),
  ].join('\n    union all')}
  ) q order by x.n, q.rank, q.place`,
};

const NEWEST = new RowSet({ dag_id: 'text', places: 'integer' } as const);

/** Asked only for DAGs that pause after so many failures. */
const NEWEST_RUNS: Statement = {
  name: 'list_newest_runs',
  text: `select x.dag_id, q.state, q.ended_at from (${NEWEST.select(1)}) x cross join lateral (
    select d.state, d.ended_at from dag_run d where d.dag_id = x.dag_id
    order by coalesce(d.logical_date, d.run_after) desc, d.dag_run_id desc limit x.places
  ) q`,
};

const PAUSES = new RowSet({ dag_id: 'text', reason: 'text' } as const);

/** As whoever pauses a DAG by hand: the flag, its reason, and the event. */
const PAUSE_DAGS: Statement = {
  name: 'pause_dags',
  text: `with paused as (
  update dag g set is_paused = true, paused_reason = x.reason, check_at = null, asset_check_at = null
  from (${PAUSES.select(1)}) x where g.dag_id = any (array[x.dag_id])
  returning g.dag_id, x.reason
)
insert into event_log (entity, dag_id, from_state, to_state, actor_kind, actor_id, reason)
select 'dag', p.dag_id, 'active', 'paused', $3::text, $4::text, p.reason from paused p`,
};

/** Also an ended one that has open runs again, because they were cleared: it is no longer paused or cancelled. */
const ACTIVE_BACKFILLS: Statement = {
  name: 'list_active_backfills',
  text: `select b.dag_id, b.backfill_id, b.is_paused and b.completed_at is null as is_paused, b.max_active_runs,
      (select count(*) from dag_run d where d.dag_id = b.dag_id and d.backfill_id = b.backfill_id and d.state in ('queued', 'running')
         and d.state = 'running') as running
    from backfill b where b.dag_id = any ($1::text[]) and (b.completed_at is null or exists (
      select 1 from dag_run d where d.dag_id = b.dag_id and d.backfill_id = b.backfill_id and d.state in ('queued', 'running')
    )) order by b.backfill_id`,
};

const START_RUNS: Statement = {
  name: 'start_runs',
  text: `with started as (
  update dag_run d set state = 'running', started_at = to_timestamp($2::float8 / 1000), plan_at = to_timestamp($2::float8 / 1000),
    revision = d.revision + 1
  from (select unnest($1::bigint[]) as id order by 1) x where d.dag_run_id = any (array[x.id]) and d.state = 'queued'
  returning d.dag_run_id
), events as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id)
  select 'dag_run', s.dag_run_id, s.dag_run_id, 'queued', 'running', $3::text, $4::text from started s
)
select dag_run_id from started`,
};

const CHECKS = new RowSet({
  dag_id: 'text',
  keeps_next_run: 'boolean',
  next_logical_date: 'instant',
  next_interval_start: 'instant',
  next_interval_end: 'instant',
  next_run_after: 'instant',
  check_at: 'instant',
} as const);

const WRITE_CHECKS: Statement = {
  name: 'write_dag_checks',
  text: `update dag g set check_at = x.check_at,
    next_logical_date = case when x.keeps_next_run then g.next_logical_date else x.next_logical_date end,
    next_interval_start = case when x.keeps_next_run then g.next_interval_start else x.next_interval_start end,
    next_interval_end = case when x.keeps_next_run then g.next_interval_end else x.next_interval_end end,
    next_run_after = case when x.keeps_next_run then g.next_run_after else x.next_run_after end
    from (${CHECKS.select(1)}) x where g.dag_id = any (array[x.dag_id])`,
};

type Planned = Awaited<ReturnType<SchedulingStore['planDueDags']>>;

export function planDueDags(
  database: Database,
  specs: SpecCache,
  now: Instant,
  limit: number,
  plan: (schedule: DagSchedule) => DagSchedulePlan,
): Promise<Planned> {
  return database.transaction(async (session) => {
    const claimed = (await session.run(CLAIM_DAGS, [now, limit])).map(readDag);
    const active = claimed.filter((dag) => !dag.isPaused && !dag.isRetired);
    const schedules = await readSchedules(session, specs, active, now);
    const create: RunToCreate[] = [];
    const start: number[] = [];
    const errors: { dagId: string; error: unknown }[] = [];
    const pauses: { dag_id: string; reason: string }[] = [];
    const checks = claimed
      .filter((dag) => dag.isPaused || dag.isRetired)
      .map(({ dagId }) => checkRow(dagId, { nextRun: null, checkAt: null }, true));
    for (const schedule of schedules) {
      const { dagId } = schedule.dag;
      try {
        const answer = plan(schedule);
        for (const run of answer.createRuns) create.push({ dagId, versionId: schedule.versionId, spec: schedule.spec, run });
        start.push(...answer.startRuns);
        checks.push(checkRow(dagId, answer, false));
        if (answer.pause !== undefined) pauses.push({ dag_id: dagId, reason: answer.pause });
      } catch (error) {
        errors.push({ dagId, error });
        checks.push(checkRow(dagId, { nextRun: null, checkAt: now + PLAN_ERROR_DELAY_MS }, true));
      }
    }
    const [started, created] = await Promise.all([
      start.length > 0 ? session.run(START_RUNS, [listParameter(start), now, ACTOR.kind, ACTOR.id]) : [],
      insertRuns(session, create, ACTOR, now),
      checks.length > 0 && session.run(WRITE_CHECKS, CHECKS.values(checks)),
    ]);
    if (pauses.length > 0) await session.run(PAUSE_DAGS, [...PAUSES.values(pauses), ACTOR.kind, ACTOR.id]);
    return { claimed: claimed.length, createdRuns: created.length, startedRuns: started.length, errors };
  });
}

function checkRow(dagId: string, { nextRun, checkAt }: Pick<DagSchedulePlan, 'nextRun' | 'checkAt'>, keepsNextRun: boolean) {
  return {
    dag_id: dagId,
    keeps_next_run: keepsNextRun,
    next_logical_date: nextRun?.logicalDate ?? null,
    next_interval_start: nextRun?.dataInterval.start ?? null,
    next_interval_end: nextRun?.dataInterval.end ?? null,
    next_run_after: nextRun?.runAfter ?? null,
    check_at: checkAt,
  };
}

/** What the run creator knows of these DAGs; under their locks when it is the run creator that asks. */
export async function readSchedules(
  session: Session,
  specs: SpecCache,
  dags: readonly ReturnType<typeof readDag>[],
  now: Instant,
): Promise<readonly DagSchedule[]> {
  if (dags.length === 0) return [];
  const ids = listParameter(dags.map((dag) => dag.dagId));
  const known = await specs.load(
    session,
    dags.map((dag) => dag.currentVersionId),
  );
  const [counted, backfills] = await Promise.all([session.run(COUNT_RUNS, [ids]), session.run(ACTIVE_BACKFILLS, [ids])]);
  const counts = new Map(counted.map((row) => [row['dag_id'] as string, row]));
  const laneRows = [
    ...dags.map((dag) => ({ dag_id: dag.dagId, backfill_id: null, places: known.get(dag.currentVersionId)!.maxActiveRuns })),
    ...backfills.map((row) => ({
      dag_id: row['dag_id'] as string,
      backfill_id: row['backfill_id'] as number,
      places: row['max_active_runs'] as number,
    })),
  ];
  const limited = dags.flatMap((dag) => {
    const places = known.get(dag.currentVersionId)!.maxConsecutiveFailedDagRuns;
    return places > 0 ? [{ dag_id: dag.dagId, places }] : [];
  });
  const newest = limited.length === 0 ? [] : await session.run(NEWEST_RUNS, NEWEST.values(limited));
  const queued = laneRows.map((): QueuedRun[] => []);
  for (const row of await session.run(QUEUED_RUNS, [now, ...LANES.values(laneRows)])) {
    queued[(row['lane'] as number) - 1]!.push({
      id: row['dag_run_id'] as number,
      runId: row['run_id'] as string,
      runAfter: row['run_after'] as Instant,
    });
  }
  return dags.map((dag, index): DagSchedule => {
    const count = counts.get(dag.dagId)!;
    return {
      dag,
      spec: known.get(dag.currentVersionId)!,
      versionId: dag.currentVersionId,
      lastAutomated: readLastAutomated(count),
      unfinishedRuns: count['unfinished'] as number,
      runningRuns: count['running'] as number,
      queuedRuns: queued[index]!,
      backfills: backfills.flatMap((row, lane): BackfillLane[] =>
        row['dag_id'] !== dag.dagId
          ? []
          : [
              {
                backfillId: row['backfill_id'] as number,
                isPaused: row['is_paused'] as boolean,
                maxActiveRuns: row['max_active_runs'] as number,
                runningRuns: row['running'] as number,
                queuedRuns: queued[dags.length + lane]!,
              },
            ],
      ),
      newestRuns: newest
        .filter((row) => row['dag_id'] === dag.dagId)
        .map((row) => ({ state: row['state'] as DagRunState, endedAt: row['ended_at'] as Instant | null })),
      activeSince: count['active_since'] as Instant | null,
      now,
    };
  });
}

function readLastAutomated(row: Row): DagSchedule['lastAutomated'] {
  const { logical_date, interval_start, interval_end } = row as Record<string, Instant | null>;
  if (logical_date == null) return null;
  return { logicalDate: logical_date, dataInterval: { start: interval_start ?? logical_date, end: interval_end ?? logical_date } };
}
