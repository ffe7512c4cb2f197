/** What keeps the tasks of a run from running, in memory. */
import type { Instant } from '../../model/instant.js';
import {
  MAX_CONTENDERS,
  MAX_HOLDERS,
  type Contender,
  type DagSituation,
  type Situation,
  type SlotHolder,
} from '../../model/situation.js';
import { taskLimitKey } from '../../model/snapshot.js';
import type { TaskInstance, TaskInstanceKey } from '../../model/task-instance.js';
import type { SituationReads } from '../../ports/store.js';
import { readAssetSchedule } from './asset-runs.js';
import { countOccupancy } from './occupancy.js';
import { readSchedule, readSnapshot } from './scheduling.js';
import type { StoredAttempt, Tables } from './tables.js';

export function createSituationReads(tables: Tables): SituationReads {
  return {
    async ofDag(dagId, now) {
      return readDagSituation(tables, dagId, null, now);
    },
    async ofRun(dagRunId, now) {
      return readSituation(tables, dagRunId, now);
    },
  };
}

function readDagSituation(tables: Tables, dagId: string, backfillId: number | null, now: Instant): DagSituation | null {
  const dag = tables.dags.get(dagId);
  if (!dag) return null;
  const lane = tables
    .runsOf(dagId)
    .filter((run) => run.state === 'running' && run.backfillId === backfillId)
    .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || a.id - b.id);
  return {
    now,
    schedule: readSchedule(tables, dag, now),
    assets: readAssetSchedule(tables, dag, now),
    lane: lane.slice(0, MAX_HOLDERS).map(({ runId, startedAt }) => ({ runId, startedAt })),
    components: [...tables.components.values()].filter((component) => component.stoppedAt === null),
  };
}

function readSituation(tables: Tables, dagRunId: number, now: Instant): Situation | null {
  const snapshot = readSnapshot(tables, dagRunId);
  const stored = tables.runs.get(dagRunId);
  if (!snapshot || !stored) return null;
  const { run, spec } = snapshot;
  const dag = readDagSituation(tables, run.dagId, run.backfillId, now);
  if (!dag) return null;
  const limited = spec.tasks.filter((task) => task.maxActiveTisPerDag !== null);
  return {
    ...dag,
    snapshot,
    planAt: stored.planAt,
    occupancy: countOccupancy(tables, {
      pools: [...tables.pools.keys()],
      taskLimits: limited.map((task) => taskLimitKey(run.dagId, task.taskId)),
      dagIds: [run.dagId],
    }),
    holders: [...tables.liveAttempts.values()]
      .map((attempt) => holderOf(tables, attempt))
      .sort((a, b) => a.since - b.since)
      .slice(0, MAX_HOLDERS),
    contenders: contendersOf(tables),
  };
}

function keyOf(tables: Tables, { dagRunId, taskId, mapIndex }: TaskInstance): TaskInstanceKey {
  const { dagId, runId } = tables.runs.get(dagRunId)!;
  return { dagId, runId, taskId, mapIndex };
}

function holderOf(tables: Tables, attempt: StoredAttempt): SlotHolder {
  const { state, pool, poolSlots, queue, workerId, startedAt, createdAt } = attempt;
  return {
    key: keyOf(tables, tables.instances.get(attempt.taskInstanceId)!),
    state: state === 'running' ? 'running' : 'queued',
    pool,
    poolSlots,
    queue,
    workerId,
    since: startedAt ?? createdAt,
  };
}

function contendersOf(tables: Tables): readonly Contender[] {
  const waiting = [...tables.runningRuns].flatMap((id) => tables.instancesOf(id)).filter(({ state }) => state === 'scheduled');
  const dateOf = ({ dagRunId }: TaskInstance) => tables.runs.get(dagRunId)!.logicalDate ?? Number.POSITIVE_INFINITY;
  const isBackfill = ({ dagRunId }: TaskInstance) => tables.runs.get(dagRunId)!.backfillId !== null;
  const inOrder = waiting.sort(
    (a, b) =>
      Number(isBackfill(a)) - Number(isBackfill(b)) ||
      b.priorityWeight - a.priorityWeight ||
      compare(dateOf(a), dateOf(b)) ||
      a.mapIndex - b.mapIndex ||
      a.id - b.id,
  );
  return inOrder.slice(0, MAX_CONTENDERS).map((instance) => ({
    key: keyOf(tables, instance),
    taskInstanceId: instance.id,
    priorityWeight: instance.priorityWeight,
    pool: instance.pool,
    poolSlots: instance.poolSlots,
    isBackfill: isBackfill(instance),
    scheduledAt: instance.scheduledAt,
  }));
}

/** Infinities are equal to each other. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
