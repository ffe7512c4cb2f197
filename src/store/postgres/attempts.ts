/** What workers do with attempts: claims, XComs, revocation; and how attempts read. */
import type { Instant } from '../../model/instant.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Attempt, TaskError } from '../../model/task-instance.js';
import type { Assignment } from '../../model/workload.js';
import type { AttemptStore, XComRequest, XComValue } from '../../ports/store.js';
import { assignmentOf } from '../../core/queueing/assignment.js';
import { listEvents } from './asset-events.js';
import { findAssetsLike } from './assets.js';
import { listParameter, RowSet } from './columns.js';
import { getRuns } from './dag-runs.js';
import { readExternalStates } from './external-states.js';
import type { Database, Row, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';
import { INSTANCE_COLUMNS, readInstance } from './task-instances.js';

/** Picks by priority, then age. Runs are locked in id order and before the task instances, as commits do. */
const CLAIM: Statement = {
  name: 'claim_queued',
  text: `with picked as materialized (
  select a.token, a.task_instance_id, a.dag_run_id from task_attempt a
  where a.state = 'queued' and a.worker_id is null and a.queue = any ($2::text[])
  order by a.priority_weight desc, a.created_at, a.task_instance_id limit $3 for update skip locked
), locked as materialized (
  select d.dag_run_id from dag_run d where d.dag_run_id in (select dag_run_id from picked) order by d.dag_run_id for update
), claimed as (
  update task_instance t set state = 'running', worker_id = $1, started_at = to_timestamp($4::float8 / 1000),
    waiting_since = coalesce(t.waiting_since, to_timestamp($4::float8 / 1000))
  from picked p, (select count(*) from locked) as l
  where t.task_instance_id = any (array[p.task_instance_id]) and t.state = 'queued' and t.token = p.token
  returning t.*
), counted as (
  update dag_run d set revision = d.revision + 1 from (select distinct dag_run_id from claimed) as c
  where d.dag_run_id = any (array[c.dag_run_id])
), started as (
  update task_attempt a set state = 'running', worker_id = $1, started_at = to_timestamp($4::float8 / 1000)
  from claimed c where a.token = any (array[c.token]) and a.state = 'queued'
), events as (
  insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, token, actor_kind, actor_id)
  select 'task_instance', c.dag_run_id, c.task_instance_id, 'queued', 'running', c.token, 'worker', $1 from claimed c
)
select ${INSTANCE_COLUMNS} from claimed t order by t.priority_weight desc, t.queued_at, t.task_instance_id`,
};

const FIND_FORGOTTEN: Statement = {
  name: 'find_forgotten',
  text: `select ${INSTANCE_COLUMNS} from task_attempt a
    join task_instance t on t.task_instance_id = any (array[a.task_instance_id]) and t.token = a.token and t.state = 'running'
    where a.state = 'running' and a.worker_id = $1 and not a.token = any ($2::uuid[])
    order by t.task_instance_id`,
};

const XCOM_REQUESTS = new RowSet({
  dag_run_id: 'bigint',
  task_id: 'text',
  key: 'text',
  from_copy: 'integer',
  to_copy: 'integer',
} as const);
/** Map indexes are whole numbers from -1 on. */
const ALL_COPIES = { from: -1, to: 2_147_483_647 };

const READ_XCOMS: Statement = {
  name: 'read_xcoms',
  text: `select r.n::integer as request, t.map_index, x.value from (${XCOM_REQUESTS.select(1)}) r
    join task_instance t on t.dag_run_id = any (array[r.dag_run_id]) and t.task_id = r.task_id
      and t.state = 'success' and t.map_index >= r.from_copy and t.map_index < r.to_copy
    join xcom x on x.task_instance_id = any (array[t.task_instance_id]) and x.key = r.key
    order by r.n, t.map_index`,
};

const XCOM_SPANS = new RowSet({
  dag_run_id: 'bigint',
  task_id: 'text',
  key: 'text',
  from_copy: 'integer',
  to_copy: 'integer',
  from_position: 'integer',
  to_position: 'integer',
} as const);

/** Values outside of the positions are counted and not fetched. */
const READ_XCOM_SPANS: Statement = {
  name: 'read_xcom_spans',
  text: `select request, map_index, value from (
    select r.n::integer as request, t.map_index, x.value, r.from_position, r.to_position,
      row_number() over (partition by r.n order by t.map_index) - 1 as position
    from (${XCOM_SPANS.select(1)}) r
    join task_instance t on t.dag_run_id = any (array[r.dag_run_id]) and t.task_id = r.task_id
      and t.state = 'success' and t.map_index >= r.from_copy and t.map_index < r.to_copy
    join xcom x on x.task_instance_id = any (array[t.task_instance_id]) and x.key = r.key
  ) p where position >= from_position and position < to_position
  order by request, map_index`,
};

const PULLS = new RowSet({ task_id: 'text', map_index: 'integer' } as const);

/** `$1` is the asking run, `$2` the run that is read, or null for the newest up to it that has a value. */
const PULL_XCOMS: Statement = {
  name: 'pull_xcoms',
  text: `select r.task_id, t.map_index, x.value from (${PULLS.select(4)}) r
    cross join lateral (
      select d.dag_run_id from dag_run d where d.dag_run_id = $2
      union all
      (select d.dag_run_id from (
          select e.dag_run_id from dag_run e join dag_run own on own.dag_run_id = $1
          where $2::bigint is null and e.dag_id = own.dag_id
            and coalesce(e.logical_date, e.run_after) <= coalesce(own.logical_date, own.run_after)
          order by coalesce(e.logical_date, e.run_after) desc, e.dag_run_id desc
        ) d
        where exists (
          select 1 from task_instance v join xcom y on y.task_instance_id = v.task_instance_id and y.key = $3
          where v.dag_run_id = d.dag_run_id and v.task_id = r.task_id and y.value <> 'null'
            and (r.map_index is null or v.map_index = r.map_index)
        ) limit 1)
    ) d
    join task_instance t on t.dag_run_id = any (array[d.dag_run_id]) and t.task_id = r.task_id
      and (r.map_index is null or t.map_index = r.map_index)
    join xcom x on x.task_instance_id = any (array[t.task_instance_id]) and x.key = $3`,
};

const RUN_BY_ID: Statement = {
  name: 'run_of_pull',
  text: `select d.dag_run_id from dag_run d join dag_run own on own.dag_id = d.dag_id where own.dag_run_id = $1 and d.run_id = $2`,
};

const SET_RENDERED: Statement = {
  name: 'set_rendered',
  text: `update task_attempt a set rendered = $2 where a.token = $1 and a.state = 'running' returning 1 as written`,
};

const COUNT_COPIES: Statement = {
  name: 'count_copies',
  text: `select count(*)::integer as copies from task_instance t where t.dag_run_id = $1 and t.task_id = $2 and t.map_index >= 0`,
};

const PREVIOUS_SUCCESS: Statement = {
  name: 'previous_success',
  text: `select d.dag_run_id from dag_run d join dag_run own on own.dag_id = d.dag_id
    where own.dag_run_id = $1 and d.logical_date < own.logical_date and d.state in ('success', 'partial')
    order by d.logical_date desc limit 1`,
};

const COUNT_XCOMS: Statement = {
  name: 'count_xcoms',
  text: `select r.n::integer as request, count(x.key)::integer as found,
      coalesce(max(t.map_index) filter (where x.key is not null) + 1, 0)::integer as upper_end,
      coalesce(sum(greatest(t.output_length, 0)) filter (where x.key is not null), 0)::integer as elements
    from (${XCOM_REQUESTS.select(1)}) r
    left join task_instance t on t.dag_run_id = any (array[r.dag_run_id]) and t.task_id = r.task_id
      and t.state = 'success' and t.map_index >= r.from_copy and t.map_index < r.to_copy
    left join xcom x on x.task_instance_id = any (array[t.task_instance_id]) and x.key = r.key
    group by r.n order by r.n`,
};

/** The share lock keeps the attempt current until the value is stored. */
const PUSH_XCOM: Statement = {
  name: 'push_xcom',
  text: `with current as (
  select a.task_instance_id, a.token from task_attempt a where a.token = $1 and a.state = 'running' for share
)
insert into xcom (task_instance_id, key, value, token) select c.task_instance_id, $2, $3, c.token from current c
on conflict (task_instance_id, key) do update set value = excluded.value, token = excluded.token
returning 1 as written`,
};

const FIND_REVOKED: Statement = {
  name: 'find_revoked',
  text: `select x.token from unnest($1::uuid[]) as x(token)
    where not exists (select 1 from task_attempt a where a.token = any (array[x.token]) and a.state in ('queued', 'running'))`,
};

const LOG_PATHS = new RowSet({ token: 'uuid', log_path: 'text' } as const);

const SET_LOG_PATHS: Statement = {
  name: 'set_log_paths',
  text: `update task_attempt a set log_path = p.log_path from (${LOG_PATHS.select(1)}) p where a.token = any (array[p.token])`,
};

const LIST: Statement = {
  name: 'list_attempts',
  text: `select a.* from task_attempt a where a.task_instance_id = any ($1::bigint[])
    order by a.task_instance_id, a.try_number, a.dispatch_number, a.created_at`,
};

/** All attempts of the task instances, oldest first. */
export async function listAttempts(session: Session, taskInstanceIds: readonly number[]): Promise<readonly Attempt[]> {
  return (await session.run(LIST, [listParameter(taskInstanceIds)])).map(readAttempt);
}

async function assignmentsOf(database: Database, specs: SpecCache, rows: readonly Row[]): Promise<readonly Assignment[]> {
  if (rows.length === 0) return [];
  const instances = rows.map(readInstance);
  const runs = new Map((await getRuns(database, [...new Set(instances.map((row) => row.dagRunId))])).map((run) => [run.id, run]));
  const known = await specs.load(
    database,
    [...runs.values()].map((run) => run.versionId),
  );
  return instances.flatMap((instance) => {
    const run = runs.get(instance.dagRunId);
    const spec = run && known.get(run.versionId);
    return (run && spec && assignmentOf(instance, run, spec)) ?? [];
  });
}

function readAttempt(row: Row): Attempt {
  const error = row['error'] as string | null;
  const rendered = row['rendered'] as string | null;
  return {
    token: row['token'] as string,
    taskInstanceId: row['task_instance_id'] as number,
    tryNumber: row['try_number'] as number,
    dispatchNumber: row['dispatch_number'] as number,
    state: row['state'] as Attempt['state'],
    workerId: row['worker_id'] as string | null,
    createdAt: row['created_at'] as Instant,
    startedAt: row['started_at'] as Instant | null,
    endedAt: row['ended_at'] as Instant | null,
    endReason: row['end_reason'] as string | null,
    error: error === null ? null : (JSON.parse(error) as TaskError),
    logPath: row['log_path'] as string | null,
    rendered: rendered === null ? null : (JSON.parse(rendered) as TaggedJson),
  };
}

function xcomParameters(requests: readonly XComRequest[]): string[] {
  return XCOM_REQUESTS.values(
    requests.map(({ dagRunId, taskId, key, copies: { from, to } = ALL_COPIES }) => {
      return { dag_run_id: dagRunId, task_id: taskId, key, from_copy: from, to_copy: to };
    }),
  );
}

function spanParameters(requests: readonly XComRequest[]): string[] {
  return XCOM_SPANS.values(
    requests.map(({ dagRunId, taskId, key, copies = ALL_COPIES, positions = { from: 0, to: ALL_COPIES.to } }) => ({
      dag_run_id: dagRunId,
      task_id: taskId,
      key,
      from_copy: copies.from,
      to_copy: copies.to,
      from_position: positions.from,
      to_position: positions.to,
    })),
  );
}

export function createAttemptStore(database: Database, specs: SpecCache): AttemptStore {
  return {
    async claimQueued(workerId, queues, limit, now) {
      if (limit <= 0 || queues.length === 0) return [];
      return assignmentsOf(database, specs, await database.run(CLAIM, [workerId, listParameter(queues), limit, now]));
    },
    async findForgotten(workerId, known) {
      return assignmentsOf(database, specs, await database.run(FIND_FORGOTTEN, [workerId, listParameter(known)]));
    },
    async readXComs(requests: readonly XComRequest[]) {
      const answers: XComValue[][] = requests.map(() => []);
      if (requests.length === 0) return answers;
      const isWhole = requests.every(({ positions }) => positions === undefined);
      const statement = isWhole ? READ_XCOMS : READ_XCOM_SPANS;
      const values = isWhole ? xcomParameters(requests) : spanParameters(requests);
      for (const row of await database.run<{ request: number; map_index: number; value: string }>(statement, values)) {
        answers[row.request - 1]!.push({ mapIndex: row.map_index, value: JSON.parse(row.value) as TaggedJson });
      }
      return answers;
    },
    async pullXComs(ownRunId, { taskIds, key, mapIndexes, runId, includePriorDates }) {
      let dagRunId = ownRunId;
      if (runId !== null) {
        const [found] = await database.run<{ dag_run_id: number }>(RUN_BY_ID, [ownRunId, runId]);
        if (!found) return [];
        dagRunId = found.dag_run_id;
      }
      const wanted = taskIds.flatMap((task_id) => (mapIndexes ?? [null]).map((map_index) => ({ task_id, map_index })));
      if (wanted.length === 0) return [];
      const rows = await database.run<{ task_id: string; map_index: number; value: string }>(PULL_XCOMS, [
        dagRunId,
        includePriorDates ? null : dagRunId,
        key,
        ...PULLS.values(wanted),
      ]);
      return rows.map((row) => ({
        taskId: row.task_id,
        mapIndex: row.map_index,
        value: JSON.parse(row.value) as TaggedJson,
      }));
    },
    async setRendered(token, rendered) {
      return (await database.run(SET_RENDERED, [token, JSON.stringify(rendered)])).length > 0;
    },
    async countCopies(dagRunId, taskId) {
      const [row] = await database.run<{ copies: number }>(COUNT_COPIES, [dagRunId, taskId]);
      return row?.copies ?? 0;
    },
    async previousSuccess(dagRunId) {
      const [found] = await database.run<{ dag_run_id: number }>(PREVIOUS_SUCCESS, [dagRunId]);
      return found ? ((await getRuns(database, [found.dag_run_id]))[0] ?? null) : null;
    },
    async countXComs(requests) {
      if (requests.length === 0) return [];
      const rows = await database.run<{ found: number; elements: number; upper_end: number }>(
        COUNT_XCOMS,
        xcomParameters(requests),
      );
      return rows.map(({ found: values, elements, upper_end: end }) => ({ values, elements, end }));
    },
    async pushXCom(token, key, value) {
      return (await database.run(PUSH_XCOM, [token, key, JSON.stringify(value)])).length > 0;
    },
    readExternalStates: (query) => readExternalStates(database, specs, query),
    findAssetsLike: (keys) => findAssetsLike(database, keys),
    readAssetEvents: (filter) => listEvents(database, filter),
    async findRevoked(tokens) {
      if (tokens.length === 0) return [];
      return (await database.run<{ token: string }>(FIND_REVOKED, [listParameter(tokens)])).map((row) => row.token);
    },
    async setLogPaths(paths) {
      if (paths.length === 0) return;
      await database.run(SET_LOG_PATHS, LOG_PATHS.values(paths.map(({ token, logPath }) => ({ token, log_path: logPath }))));
    },
  };
}
