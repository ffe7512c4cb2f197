/** What the end of a run means to its backfill. */
import type { Instant } from '../../model/instant.js';
import { listParameter } from './columns.js';
import type { Session, Statement } from './session.js';

const LOCK_BACKFILLS: Statement = {
  name: 'commit_lock_backfills',
  text: `select b.backfill_id from backfill b
    where b.completed_at is null and b.backfill_id in (select d.backfill_id from dag_run d where d.dag_run_id = any ($1::bigint[]))
    order by b.backfill_id for update`,
};

const COMPLETE_BACKFILLS: Statement = {
  name: 'commit_complete_backfills',
  text: `with done as (
  update backfill b set completed_at = to_timestamp($2::float8 / 1000)
  where b.completed_at is null and b.backfill_id in (select d.backfill_id from dag_run d where d.dag_run_id = any ($1::bigint[]))
    and not exists (
      select 1 from dag_run d where d.dag_id = b.dag_id and d.backfill_id = b.backfill_id and d.state in ('queued', 'running')
    )
  returning b.backfill_id, b.dag_id, b.is_paused
)
insert into event_log (entity, dag_id, entity_id, from_state, to_state, actor_kind, actor_id)
select 'backfill', b.dag_id, b.backfill_id, case when b.is_paused then 'paused' else 'active' end, 'completed', 'scheduler', 'backfill' from done b`,
};

/**
 * Completes the backfills of these runs all of whose runs have ended. Lock first, count second: of two last runs that end at once, the one that
 * commits later sees the other. Both statements are sent before the first answer.
 */
export function completeBackfills(session: Session, endedRuns: readonly number[], now: Instant): Promise<unknown> {
  const ids = listParameter(endedRuns);
  return Promise.all([session.run(LOCK_BACKFILLS, [ids]), session.run(COMPLETE_BACKFILLS, [ids, now])]);
}
