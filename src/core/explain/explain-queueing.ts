/** What keeps a scheduled task instance from its slot, and a queued one from its worker, in words. */
import type { Situation, SlotHolder } from '../../model/situation.js';
import type { Occupancy } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';
import { QueueLimits, type HoldReason } from '../queueing/queue-limits.js';
import { counted, holderName, listed } from './describe.js';
import { blocker, type OpenBlocker } from './explain-run.js';

type PoolUse = Occupancy['pools'][string];

/** What the running schedulers allow. */
export interface SlotLimits {
  /** Most task instances queued or running over everything. */
  readonly parallelism: number;
  /** What schedulers that start tasks in their own process can start now; infinite where workers fetch them. */
  readonly freeSlots: number;
}

/**
 * @param parallelism What counts while no scheduler runs that says otherwise.
 */
export function slotLimitsOf({ components, holders, now }: Situation, parallelism: number): SlotLimits {
  const schedulers = components.filter(({ kind, leaseUntil }) => kind === 'scheduler' && leaseUntil >= now);
  const allowed = schedulers.map(({ details }) => details['parallelism']).filter((value) => typeof value === 'number');
  const local = schedulers.map(({ details }) => details['localSlots']);
  const isLocal = local.length > 0 && local.every((slots) => typeof slots === 'number');
  const running = holders.filter(({ state }) => state === 'running').length;
  return {
    parallelism: allowed.length > 0 ? Math.max(...allowed) : parallelism,
    freeSlots: isLocal ? local.reduce((sum, slots) => sum + slots, -running) : Number.POSITIVE_INFINITY,
  };
}

/** What keeps the instance back now: all limits, in the order in which the queueing decision asks them, or others that come first. */
export function slotBlockers(
  situation: Situation,
  view: RunView,
  instance: TaskInstance,
  slots: SlotLimits,
): readonly OpenBlocker[] {
  const limits = new QueueLimits({ occupancy: situation.occupancy, ...slots });
  const reasons = limits.holdReasons({ view, instance });
  if (reasons.length === 0 && instance.state === 'scheduled') return [turnBlocker(limits, situation, view, instance)];
  return reasons.flatMap((reason) => describe(reason, situation, view, instance, slots) ?? []);
}

/** Of an instance that no limit keeps back: those that come first take what it needs, or its turn is now. */
function turnBlocker(limits: QueueLimits, { contenders }: Situation, view: RunView, instance: TaskInstance): OpenBlocker {
  const ahead: string[] = [];
  for (const contender of contenders) {
    if (contender.taskInstanceId === instance.id) break;
    const own = view.has(contender.taskInstanceId) ? { view, instance: view.instance(contender.taskInstanceId) } : null;
    if (own) {
      if (limits.holdReason(own) !== null) continue;
      limits.take(own);
    } else if (!limits.takeSlots(contender.pool, contender.poolSlots)) continue;
    ahead.push(holderName(contender.key));
  }
  if (limits.holdReason({ view, instance }) === null) {
    return blocker('about_to_be_queued', 'a slot is free: the next pass of the scheduler gives it one');
  }
  const text = `what it needs is free, but goes to what comes first: ${listed(ahead)}`;
  return blocker('outranked', text, { holders: ahead });
}

function describe(
  reason: HoldReason,
  situation: Situation,
  view: RunView,
  { pool, poolSlots, taskId }: TaskInstance,
  { parallelism }: SlotLimits,
): OpenBlocker | null {
  const { run, spec } = view;
  const task = view.task(taskId);
  const { pools, total } = situation.occupancy;
  const held = (isHolder: (holder: SlotHolder) => boolean) => situation.holders.filter(isHolder).map(({ key }) => holderName(key));
  const inRun = ({ key }: SlotHolder) => key.dagId === run.dagId && key.runId === run.runId;
  switch (reason) {
    // Said of the whole run already.
    case 'run_not_running':
    case 'dag_paused':
      return null;
    case 'pool_unknown':
      return blocker(reason, `its pool "${pool}" does not exist; there are: ${Object.keys(pools).sort().join(', ')}`);
    case 'pool_too_small': {
      const { slots } = pools[pool] as PoolUse;
      return blocker(reason, `it needs ${counted(poolSlots, 'slot')}, and its pool "${pool}" has ${slots}`);
    }
    case 'pool_full': {
      const { slots, occupied } = pools[pool] as PoolUse;
      const holders = held((holder) => holder.pool === pool);
      const text = `its pool "${pool}" is full (${occupied} of ${slots} taken, and it needs ${poolSlots}): ${listed(holders)}`;
      return blocker(reason, text, { holders });
    }
    case 'max_active_tasks': {
      const holders = held(inRun);
      const text = `its run has as many tasks under way as it may have (maxActiveTasks ${spec.maxActiveTasks}): ${listed(holders)}`;
      return blocker(reason, text, { holders });
    }
    case 'max_active_tis_per_dagrun': {
      const holders = held((holder) => inRun(holder) && holder.key.taskId === taskId);
      const text = `its run has as many copies of it under way as it may have (maxActiveTisPerDagrun ${task.maxActiveTisPerDagrun}): ${listed(holders)}`;
      return blocker(reason, text, { holders });
    }
    case 'max_active_tis_per_dag': {
      const holders = held(({ key }) => key.dagId === run.dagId && key.taskId === taskId);
      const text = `all runs have as many instances of it under way as they may have (maxActiveTisPerDag ${task.maxActiveTisPerDag}): ${listed(holders)}`;
      return blocker(reason, text, { holders });
    }
    case 'no_free_slot': {
      const holders = held(() => true);
      if (total < parallelism) {
        const text = `the worker of the scheduler has no free slot (worker.slots): ${listed(holders)}`;
        return blocker('no_local_slot', text, { holders });
      }
      const text = `as many tasks are under way as the installation allows (core.parallelism ${parallelism}): ${listed(holders)}`;
      return blocker(reason, text, { holders });
    }
  }
}

/** Of a queued instance: what its workers do. */
export function workerBlocker({ components, holders, now }: Situation, { queue }: TaskInstance): OpenBlocker {
  const alive = components.filter(({ kind, leaseUntil }) => kind === 'worker' && leaseUntil >= now);
  const workers = alive.filter(({ details }) => queuesOf(details).includes(queue));
  if (workers.length === 0) {
    const served = [...new Set(alive.flatMap(({ details }) => queuesOf(details)))].sort();
    const others = served.length === 0 ? 'none runs' : `there are workers for: ${served.join(', ')}`;
    const way = `start one with "airflow-like worker --queues ${queue}", or add it to worker.queues`;
    return blocker('no_worker', `no worker serves the queue "${queue}" (${others}); ${way}`);
  }
  const slots = workers.reduce((sum, { details }) => sum + numberOf(details['slots']), 0);
  const running = holders.filter(({ workerId }) => workers.some(({ id }) => id === workerId));
  if (running.length < slots) return blocker('about_to_start', `a worker of the queue "${queue}" takes it in a moment`);
  const names = running.map(({ key }) => holderName(key));
  const text = `the workers of the queue "${queue}" have no free slot (${running.length} of ${slots} taken): ${listed(names)}`;
  return blocker('workers_busy', text, { holders: names });
}

function queuesOf({ queues }: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(queues) ? queues.filter((queue) => typeof queue === 'string') : [];
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
