/** What people ask about runs, and the one creation outside the timetable. */
import type { NewDagRun } from '../../model/dag.js';
import type { DagRun } from '../../model/dag-run.js';
import type { Instant } from '../../model/instant.js';
import type { DagRunReads, RunCollision, RunFilter } from '../../ports/store.js';
import { listAttempts } from './attempts.js';
import { getRuns, readRun, RUN_COLUMNS } from './dag-runs.js';
import { checkDag, insertRuns, lockDag } from './new-runs.js';
import { deleteRun } from './delete-run.js';
import type { Database, Session, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';
import { listTaskInstances } from './task-instances.js';

const COLLIDING: Statement = {
  name: 'colliding_run',
  text: `select ${RUN_COLUMNS} from dag_run d
    where d.dag_id = $1 and (d.run_id = $2 or d.logical_date = to_timestamp($3::float8 / 1000))
    order by d.run_id = $2 desc limit 1`,
};

const WITH_KEY: Statement = {
  name: 'run_with_key',
  text: `select ${RUN_COLUMNS} from dag_run d where d.dag_id = $1 and d.idempotency_key = $2`,
};

const LIST_ENDED: Statement = {
  name: 'list_ended_runs',
  text: `select ${RUN_COLUMNS} from dag_run d where d.ended_at > to_timestamp($1::float8 / 1000) order by d.ended_at desc, d.dag_run_id desc limit $2`,
};

const SET_NOTE: Statement = {
  name: 'set_note',
  text: `with noted as (update dag_run set note = $2 where dag_run_id = $1 returning dag_run_id, state), recorded as (
    insert into event_log (entity, dag_run_id, entity_id, from_state, to_state, actor_kind, actor_id, reason)
    select 'dag_run', dag_run_id, dag_run_id, state, state, $3::text, $4::text, 'note' from noted
  ) select dag_run_id from noted`,
};

const FIND_REASON: Statement = {
  name: 'find_reason',
  text: `select reason from event_log where dag_run_id = $1 and entity = 'task_instance' and entity_id = $2 order by seq desc limit 1`,
};

export function createRunReads(database: Database, specs: SpecCache): DagRunReads {
  return {
    createRun: (dagId, run, actor, now) =>
      database.transaction(async (session) => {
        const { versionId, spec } = await lockDag(session, specs, dagId);
        const [created] = await insertRuns(session, [{ dagId, versionId, spec, run }], actor, now);
        if (created) {
          await checkDag(session, dagId, now);
          return { run: created };
        }
        return findCollision(session, dagId, run);
      }),
    deleteRun: (dagRunId, actor) => deleteRun(database, dagRunId, actor),
    async setNote(dagRunId, note, actor) {
      return (await database.run(SET_NOTE, [dagRunId, note, actor.kind, actor.id])).length > 0;
    },
    async findRun(dagId, runIdOrLogicalDate) {
      const date = Date.parse(runIdOrLogicalDate);
      const [row] = await database.run(COLLIDING, [dagId, runIdOrLogicalDate, Number.isNaN(date) ? null : date]);
      return row ? readRun(row) : null;
    },
    async getRun(dagRunId) {
      return (await getRuns(database, [dagRunId]))[0] ?? null;
    },
    listRuns: (filter) => listRuns(database, filter),
    listTaskInstances: (dagRunIds) => listTaskInstances(database, dagRunIds),
    listAttempts: (taskInstanceIds) => listAttempts(database, taskInstanceIds),
    async findReason({ id, dagRunId }) {
      const [row] = await database.run(FIND_REASON, [dagRunId, id]);
      return (row?.['reason'] as string | null | undefined) ?? null;
    },
    async listEndedRuns(since, limit) {
      return (await database.run(LIST_ENDED, [since, limit])).map(readRun);
    },
  };
}

async function findCollision(session: Session, dagId: string, run: NewDagRun): Promise<RunCollision> {
  const [withKey] = run.idempotencyKey == null ? [] : await session.run(WITH_KEY, [dagId, run.idempotencyKey]);
  if (withKey) return { exists: readRun(withKey), by: 'idempotency_key' };
  const [existing] = await session.run(COLLIDING, [dagId, run.runId, run.logicalDate]);
  const exists = readRun(existing!);
  return { exists, by: exists.runId === run.runId ? 'run_id' : 'logical_date' };
}

/** Filters are open-ended, so knex puts this text together; it is imported on first use because that takes 200 ms. */
async function listRuns(database: Database, filter: RunFilter): Promise<readonly DagRun[]> {
  const { default: knex } = await import('knex');
  const builder = knex({ client: 'pg' });
  const at = (instant: Instant) => builder.raw('to_timestamp(?::float8 / 1000)', [instant]);
  const query = builder('dag_run as d').select(builder.raw(RUN_COLUMNS));
  if (filter.dagId !== undefined) query.where('d.dag_id', filter.dagId);
  if (filter.states) query.whereIn('d.state', [...filter.states]);
  if (filter.runTypes) query.whereIn('d.run_type', [...filter.runTypes]);
  if (filter.noBackfill) query.whereNull('d.backfill_id');
  if (filter.backfillId !== undefined) query.where('d.backfill_id', filter.backfillId);
  if (filter.from !== undefined) query.where('d.logical_date', '>=', at(filter.from));
  if (filter.to !== undefined) query.where('d.logical_date', '<=', at(filter.to));
  if (filter.taskStates) {
    const states = [...filter.taskStates];
    query.whereExists((some) =>
      some.select(builder.raw('1')).from('task_instance as t').whereRaw('t.dag_run_id = d.dag_run_id').whereIn('t.state', states),
    );
  }
  const direction = filter.order === '-logical_date' ? 'desc' : 'asc';
  query.orderByRaw(`coalesce(d.logical_date, d.run_after) ${direction}, d.dag_run_id ${direction}`);
  if (filter.limit !== undefined) query.limit(filter.limit);
  const { sql, bindings } = query.toSQL().toNative();
  return (await database.runText(sql, bindings)).map(readRun);
}
