/** Pools: their rows are what admissions lock, so that nobody is admitted to a pool while it changes. */
import type { Actor } from '../../model/commit.js';
import { describePool, type Pool, type PoolUse } from '../../model/pool.js';
import type { PoolStore } from '../../ports/store.js';
import { listParameter, RowSet } from './columns.js';
import type { Database, Row, Session, Statement } from './session.js';

/** Slots of live attempts and deferred task instances, through partial indexes. */
const HOLDERS = `select a.pool, a.pool_slots, a.state from task_attempt a where a.state in ('queued', 'running')
  union all
  select t.pool, t.pool_slots, t.state from task_instance t where t.is_parked and t.state = 'deferred'`;

const LIST: Statement = {
  name: 'list_pools',
  text: `with used as materialized (
  select h.pool, sum(h.pool_slots) filter (where h.state = 'queued') as queued, sum(h.pool_slots) filter (where h.state = 'running') as running,
    sum(h.pool_slots) filter (where h.state = 'deferred') as deferred
  from (${HOLDERS}) h group by h.pool
)
select p.name, p.slots, p.description, p.include_deferred, coalesce(u.queued, 0)::bigint as queued, coalesce(u.running, 0)::bigint as running,
  coalesce(u.deferred, 0)::bigint as deferred
from pool p left join used u on u.pool = p.name order by p.name`,
};

const LOCK: Statement = {
  name: 'lock_named_pools',
  text: 'select name, slots, description, include_deferred from pool where name = any ($1::text[]) order by name for update',
};

const COUNT_HOLDERS: Statement = {
  name: 'count_pool_holders',
  text: `select count(*) as holders from (${HOLDERS}) h where h.pool = $1`,
};

const POOLS = new RowSet({ name: 'text', slots: 'integer', description: 'text', include_deferred: 'boolean' } as const);
const SAVE: Statement = {
  name: 'save_pools',
  text: `insert into pool (name, slots, description, include_deferred)
    select x.name, x.slots, x.description, x.include_deferred from (${POOLS.select(1)}) x order by x.name
    on conflict (name) do update set slots = excluded.slots, description = excluded.description, include_deferred = excluded.include_deferred`,
};

const DELETE: Statement = { name: 'delete_pool', text: 'delete from pool where name = $1' };

const EVENTS = new RowSet({ subject: 'text', from_state: 'text', to_state: 'text' } as const);
const RECORD: Statement = {
  name: 'record_pool_events',
  text: `insert into event_log (entity, subject, from_state, to_state, actor_kind, actor_id)
    select 'pool', x.subject, x.from_state, x.to_state, $1::text, $2::text from (${EVENTS.select(3)}) x order by x.n`,
};

export function createPoolStore(database: Database): PoolStore {
  return {
    async list() {
      return (await database.run(LIST)).map((row): PoolUse => ({
        ...readPool(row),
        queued: row['queued'] as number,
        running: row['running'] as number,
        deferred: row['deferred'] as number,
      }));
    },
    save: (pools, actor) =>
      database.transaction(async (session) => {
        const before = await lock(
          session,
          pools.map(({ name }) => name),
        );
        const changes = pools.map((pool) => {
          const old = before.get(pool.name);
          if (!old) return 'created';
          return old.description === pool.description && describePool(old) === describePool(pool) ? 'unchanged' : 'changed';
        });
        const changed = pools.filter((_pool, index) => changes[index] !== 'unchanged');
        if (changed.length === 0) return changes;
        const rows = changed.map(({ includeDeferred, ...pool }) => ({ ...pool, include_deferred: includeDeferred }));
        const events = changed.map((pool) => {
          const old = before.get(pool.name);
          return { subject: pool.name, from_state: old ? describePool(old) : null, to_state: describePool(pool) };
        });
        await Promise.all([session.run(SAVE, POOLS.values(rows)), record(session, events, actor)]);
        return changes;
      }),
    delete: (name, actor) =>
      database.transaction(async (session) => {
        const before = (await lock(session, [name])).get(name);
        if (!before) return 'missing';
        const [row] = await session.run<{ holders: number }>(COUNT_HOLDERS, [name]);
        if (row!.holders > 0) return { inUse: row!.holders };
        const event = { subject: name, from_state: describePool(before), to_state: 'deleted' };
        await Promise.all([session.run(DELETE, [name]), record(session, [event], actor)]);
        return 'deleted';
      }),
  };
}

async function lock(session: Session, names: readonly string[]): Promise<ReadonlyMap<string, Pool>> {
  const rows = await session.run(LOCK, [listParameter(names)]);
  return new Map(rows.map((row) => [row['name'] as string, readPool(row)]));
}

function record(
  session: Session,
  events: readonly { subject: string; from_state: string | null; to_state: string }[],
  actor: Actor,
): Promise<unknown> {
  return session.run(RECORD, [actor.kind, actor.id, ...EVENTS.values(events)]);
}

function readPool(row: Row): Pool {
  return {
    name: row['name'] as string,
    slots: row['slots'] as number,
    description: row['description'] as string | null,
    includeDeferred: row['include_deferred'] as boolean,
  };
}
