/** Rows of callback: how a commit writes them, and what workers do with them. */
import { runContextOf } from '../../core/queueing/assignment.js';
import type { CallbackAssignment, CallbackRequest, StoredCallback } from '../../model/callback.js';
import type { RunCommit } from '../../model/commit.js';
import type { Instant } from '../../model/instant.js';
import type { TaskError } from '../../model/task-instance.js';
import type { CallbackStore } from '../../ports/callback-store.js';
import { listParameter, TypedRows, type RowOf } from './columns.js';
import { getRuns } from './dag-runs.js';
import type { Database, Row, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';

/** `change` is null for callbacks of the run itself and of copies that the commit inserts. */
export const COMMITTED_CALLBACKS = new TypedRows('commit_callback', {
  run: 'integer',
  change: 'integer',
  dag_run_id: 'bigint',
  key: 'text',
  request: 'text',
  due_at: 'instant',
} as const);

type CommittedCallback = RowOf<typeof COMMITTED_CALLBACKS.columns>;

/** The step of the commit statement. The version is the one that the run had before: a commit that ends something never changes it. */
export function callbackStep(rows: string, hasChanges: boolean): string {
  const isChanged = hasChanges ? 'get_bit(changes_ok.ok, c.change) = 1' : 'false';
  return `callbacks_written as (
  insert into callback (key, dag_run_id, version_id, request, due_at)
  select c.key, c.dag_run_id, d.version_id, c.request, c.due_at
  from runs_ok, ${hasChanges ? 'changes_ok, ' : ''}${rows} c join dag_run d on d.dag_run_id = any (array[c.dag_run_id])
  where case when c.change is null then get_bit(runs_ok.ok, c.run) = 1 else ${isChanged} end
  order by c.n
  on conflict (key) do nothing
)`;
}

/**
 * The rows of one commit.
 * @param run Its position in the statement.
 * @param firstChange Position of its first change.
 */
export function callbackRows(commit: RunCommit, run: number, firstChange: number, now: Instant): readonly CommittedCallback[] {
  const rows: CommittedCallback[] = [];
  const add = (change: number | null, request: CallbackRequest | undefined): void => {
    if (!request) return;
    rows.push({ run, change, dag_run_id: commit.dagRunId, key: request.key, request: JSON.stringify(request), due_at: now });
  };
  commit.changes.forEach(({ callback }, index) => add(firstChange + index, callback));
  for (const { callback } of commit.insertions) add(null, callback);
  add(null, commit.run?.callback);
  return rows;
}

const CLAIM: Statement = {
  name: 'claim_callbacks',
  text: `with picked as materialized (
  select c.callback_id from callback c where c.due_at <= to_timestamp($1::float8 / 1000)
  order by c.due_at, c.callback_id limit $2 for update skip locked
)
update callback c set calls = c.calls + 1, lease = gen_random_uuid(), due_at = to_timestamp($3::float8 / 1000)
from picked p where c.callback_id = p.callback_id
returning c.*`,
};

const FINISH: Statement = { name: 'finish_callback', text: 'delete from callback where lease = $1 returning 1 as written' };

const FAIL: Statement = {
  name: 'fail_callback',
  text: `update callback set lease = null, failure = $2, due_at = to_timestamp($3::float8 / 1000) where lease = $1 returning 1 as written`,
};

const LIST: Statement = {
  name: 'list_callbacks',
  text: 'select c.* from callback c where c.dag_run_id = any ($1::bigint[]) order by c.callback_id',
};

async function assignmentsOf(database: Database, specs: SpecCache, rows: readonly Row[]): Promise<readonly CallbackAssignment[]> {
  if (rows.length === 0) return [];
  const runs = await getRuns(database, [...new Set(rows.map((row) => row['dag_run_id'] as number))]);
  const known = await specs.load(
    database,
    rows.map((row) => row['version_id'] as number),
  );
  return rows.flatMap((row) => {
    const versionId = row['version_id'] as number;
    const run = runs.find(({ id }) => id === row['dag_run_id']);
    const spec = known.get(versionId);
    if (!run || !spec) return [];
    return {
      lease: row['lease'] as string,
      request: readRequest(row),
      callNumber: row['calls'] as number,
      versionId,
      run: runContextOf(run, spec),
    };
  });
}

const readRequest = (row: Row) => JSON.parse(row['request'] as string) as CallbackRequest;

function readCallback(row: Row): StoredCallback {
  const failure = row['failure'] as string | null;
  return {
    dagRunId: row['dag_run_id'] as number,
    request: readRequest(row),
    calls: row['calls'] as number,
    dueAt: row['due_at'] as Instant | null,
    failure: failure === null ? null : (JSON.parse(failure) as TaskError),
  };
}

export function createCallbackStore(database: Database, specs: SpecCache): CallbackStore {
  return {
    async claimDue(now, limit, leaseMs) {
      if (limit <= 0) return [];
      const rows = await database.run(CLAIM, [now, limit, now + leaseMs]);
      return assignmentsOf(
        database,
        specs,
        [...rows].sort((a, b) => (a['callback_id'] as number) - (b['callback_id'] as number)),
      );
    },
    async finish(lease) {
      return (await database.run(FINISH, [lease])).length > 0;
    },
    async fail(lease, failure, nextAt) {
      return (await database.run(FAIL, [lease, JSON.stringify(failure), nextAt])).length > 0;
    },
    async list(dagRunIds) {
      return (await database.run(LIST, [listParameter(dagRunIds)])).map(readCallback);
    },
  };
}
