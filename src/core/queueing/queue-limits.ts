/** The limits between `scheduled` and `queued`: what is free of each, who is kept back by which, and what has been taken. */
import type { TaskSpec } from '../../model/dag-spec.js';
import { taskLimitKey, type Occupancy } from '../../model/snapshot.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';
import type { TaskNode } from '../dag-run/task-node.js';

export interface QueueCandidate {
  readonly view: RunView;
  readonly instance: TaskInstance;
}

/** Why a scheduled task instance is not queued, as far as limits say; in the order in which they are asked. */
export const HOLD_REASONS = [
  'run_not_running',
  'dag_paused',
  'pool_unknown',
  'pool_too_small',
  'pool_full',
  'max_active_tasks',
  'max_active_tis_per_dagrun',
  'max_active_tis_per_dag',
  'no_free_slot',
] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** What decides, apart from the candidates and their runs. */
export interface QueueState {
  /** Counted from rows, under lock. */
  readonly occupancy: Occupancy;
  /** Most task instances queued or running over everything. */
  readonly parallelism: number;
  /** Most that executors can take now. */
  readonly freeSlots: number;
}

/** Something of which so much is free at the start. Infinite where there is no limit, below zero where too much is in use already. */
export interface Share {
  readonly free: number;
  taken: number;
}

export interface TakenShares {
  readonly slots: number;
  readonly pools: ReadonlyMap<string, number>;
  /** By `taskLimitKey`. */
  readonly tasks: ReadonlyMap<string, number>;
}

/** What one run has under way, with what was taken. */
interface RunUse {
  active: number;
  readonly byTask: Map<string, number>;
}

export class QueueLimits {
  /** The slots of everything. */
  readonly slots: Share;
  readonly #pools = new Map<string, Share>();
  /** By `taskLimitKey`: instances under way, with what was taken. */
  readonly #tasks = new Map<string, number>();
  readonly #runs = new Map<RunView, RunUse>();
  readonly #occupancy: Occupancy;
  readonly #pausedDags: ReadonlySet<string>;

  constructor({ occupancy, parallelism, freeSlots }: QueueState) {
    this.#occupancy = occupancy;
    this.#pausedDags = new Set(occupancy.pausedDags);
    this.slots = { free: Math.max(0, Math.min(freeSlots, parallelism - occupancy.total)), taken: 0 };
    for (const [name, { slots, occupied }] of Object.entries(occupancy.pools)) {
      this.#pools.set(name, { free: slots < 0 ? Number.POSITIVE_INFINITY : slots - occupied, taken: 0 });
    }
  }

  /** True when nobody can be taken any more. */
  get isUsedUp(): boolean {
    return this.slots.taken >= this.slots.free;
  }

  /** The first limit that keeps the candidate back; null: it may be taken. */
  holdReason(candidate: QueueCandidate): HoldReason | null {
    const node = candidate.view.node(candidate.instance.taskId);
    const pool = this.#pools.get(candidate.instance.pool);
    for (const reason of HOLD_REASONS) if (this.#holds(reason, candidate, node, pool)) return reason;
    return null;
  }

  /** All limits that keep the candidate back. */
  holdReasons(candidate: QueueCandidate): readonly HoldReason[] {
    const node = candidate.view.node(candidate.instance.taskId);
    const pool = this.#pools.get(candidate.instance.pool);
    return HOLD_REASONS.filter((reason) => this.#holds(reason, candidate, node, pool));
  }

  /** Asked ten times for each candidate, so what it looks at is found before. */
  #holds(reason: HoldReason, { view, instance }: QueueCandidate, node: TaskNode, pool: Share | undefined): boolean {
    const { maxActiveTisPerDagrun, maxActiveTisPerDag } = node.task;
    switch (reason) {
      case 'run_not_running':
        return view.run.state !== 'running';
      case 'dag_paused':
        return this.#pausedDags.has(view.run.dagId);
      case 'pool_unknown':
        return pool === undefined;
      case 'pool_too_small':
        return isFull(pool, instance) && this.#isTooSmallFor(instance);
      case 'pool_full':
        return isFull(pool, instance) && !this.#isTooSmallFor(instance);
      case 'max_active_tasks':
        return this.#useOf(view).active >= view.spec.maxActiveTasks;
      case 'max_active_tis_per_dagrun':
        return maxActiveTisPerDagrun !== null && activeInRun(node, this.#useOf(view)) >= maxActiveTisPerDagrun;
      case 'max_active_tis_per_dag':
        return maxActiveTisPerDag !== null && this.activeOf(view, node.task) >= maxActiveTisPerDag;
      case 'no_free_slot':
        return this.isUsedUp;
    }
  }

  /** What has been taken so far of the slots, and of each pool and task. */
  taken(): TakenShares {
    return {
      slots: this.slots.taken,
      pools: new Map([...this.#pools].map(([name, { taken }]) => [name, taken])),
      tasks: new Map([...this.#tasks].map(([key, active]) => [key, active - (this.#occupancy.tasks[key] ?? 0)])),
    };
  }

  /** Takes from every limit what the candidate needs; `holdReason` has let it pass. */
  take({ view, instance }: QueueCandidate): void {
    const use = this.#useOf(view);
    const node = view.node(instance.taskId);
    const { task } = node;
    this.slots.taken++;
    this.pool(instance.pool).taken += instance.poolSlots;
    use.active++;
    // Only what has a limit is counted: this goes over every instance that is queued.
    if (task.maxActiveTisPerDagrun !== null) use.byTask.set(task.taskId, activeInRun(node, use) + 1);
    if (task.maxActiveTisPerDag !== null) {
      this.#tasks.set(taskLimitKey(view.run.dagId, task.taskId), this.activeOf(view, task) + 1);
    }
  }

  /** Takes slots for somebody of whose run nothing is known; false: the pool does not have them. */
  takeSlots(poolName: string, poolSlots: number): boolean {
    const pool = this.pool(poolName);
    if (this.isUsedUp || pool.free - pool.taken < poolSlots) return false;
    this.slots.taken++;
    pool.taken += poolSlots;
    return true;
  }

  /** The slots of a pool; of one that does not exist there are none. */
  pool(name: string): Share {
    return this.#pools.get(name) ?? { free: 0, taken: 0 };
  }

  /** Instances of the task that are under way or taken, over all runs. */
  activeOf(view: RunView, task: TaskSpec): number {
    const key = taskLimitKey(view.run.dagId, task.taskId);
    return this.#tasks.get(key) ?? this.#occupancy.tasks[key] ?? 0;
  }

  #useOf(view: RunView): RunUse {
    let use = this.#runs.get(view);
    if (!use) this.#runs.set(view, (use = { active: view.occupiedSlots, byTask: new Map() }));
    return use;
  }

  /** Of a pool that is full: whether it would be so with nothing in it. */
  #isTooSmallFor({ pool, poolSlots }: TaskInstance): boolean {
    return this.#occupancy.pools[pool]!.slots < poolSlots;
  }
}

function isFull(pool: Share | undefined, { poolSlots }: TaskInstance): boolean {
  return pool !== undefined && pool.free - pool.taken < poolSlots;
}

/** Instances of the task in its run that count: also those that hold no slot because they wait for a trigger or a person. */
function activeInRun({ task, counts }: TaskNode, use: RunUse): number {
  return use.byTask.get(task.taskId) ?? counts.queued + counts.running + counts.deferred + counts.awaiting_input;
}
