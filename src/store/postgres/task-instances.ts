/** Rows of task_instance: how they read. They are written by `commits.ts`, `dag-runs.ts` (creation) and `attempts.ts` (claims) only. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { FlowDecision, TaskInstance } from '../../model/task-instance.js';
import { listParameter } from './columns.js';
import type { Row, Session, Statement } from './session.js';

export const INSTANCE_COLUMNS =
  't.task_instance_id, t.dag_run_id, t.task_id, t.map_index, t.state, t.try_number, t.max_tries, t.lost_dispatches, t.token, t.worker_id, t.pool, ' +
  't.pool_slots, t.priority_weight, t.queue, t.scheduled_at, t.queued_at, t.started_at, t.ended_at, t.wake_at, t.waiting_since, t.poke_number, ' +
  't.output_length, t.decision, t.map_label, t.deferral';

/** Reads a row of `INSTANCE_COLUMNS`. */
export function readInstance(row: Row): TaskInstance {
  return {
    id: row['task_instance_id'] as number,
    dagRunId: row['dag_run_id'] as number,
    taskId: row['task_id'] as string,
    mapIndex: row['map_index'] as number,
    state: row['state'] as TaskInstanceState,
    tryNumber: row['try_number'] as number,
    maxTries: row['max_tries'] as number,
    lostDispatches: row['lost_dispatches'] as number,
    token: row['token'] as string | null,
    workerId: row['worker_id'] as string | null,
    pool: row['pool'] as string,
    poolSlots: row['pool_slots'] as number,
    priorityWeight: row['priority_weight'] as number,
    queue: row['queue'] as string,
    scheduledAt: row['scheduled_at'] as Instant | null,
    queuedAt: row['queued_at'] as Instant | null,
    startedAt: row['started_at'] as Instant | null,
    endedAt: row['ended_at'] as Instant | null,
    wakeAt: row['wake_at'] as Instant | null,
    waitingSince: row['waiting_since'] as Instant | null,
    pokeNumber: row['poke_number'] as number,
    outputLength: row['output_length'] as number | null,
    decision: readJson<FlowDecision>(row['decision']),
    mapLabel: row['map_label'] as string | null,
    deferral: readJson<TaggedJson>(row['deferral']),
  };
}

/** Null stays null. */
function readJson<T>(text: unknown): T | null {
  return text === null ? null : (JSON.parse(text as string) as T);
}

const LIST: Statement = {
  name: 'list_task_instances',
  text: `select ${INSTANCE_COLUMNS} from task_instance t where t.dag_run_id = any ($1::bigint[])
    order by t.dag_run_id, t.task_id, t.map_index`,
};

/** All task instances of the runs, by run, task and map index. */
export async function listTaskInstances(session: Session, dagRunIds: readonly number[]): Promise<readonly TaskInstance[]> {
  return (await session.run(LIST, [listParameter(dagRunIds)])).map(readInstance);
}
