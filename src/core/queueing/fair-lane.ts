/**
 * How much of what is free the runs of backfills may have while other runs wait for it: their share, or what the others leave. Slots that
 * nobody else wants are theirs, so none stays empty for the sake of the share.
 */
import { taskLimitKey } from '../../model/snapshot.js';
import type { QueueCandidate, QueueLimits, TakenShares } from './queue-limits.js';

/**
 * Fractions of slots that were due to backfills and could not be given, since a slot is not divided: by what they are slots of. With half of one
 * slot at a time, every second slot is theirs.
 */
export type LaneCredits = ReadonlyMap<string, number>;

export const NO_CREDITS: LaneCredits = new Map();

/** Ten times a tenth must make a whole. */
const ROUNDING = 1e-9;

/** What the lane may take of one thing. */
interface Claim {
  readonly most: number;
  taken: number;
}

export class FairLane {
  readonly #share: number;
  readonly #before: LaneCredits;
  readonly #credits = new Map<string, number>();
  readonly #slots: Claim;
  readonly #pools = new Map<string, Claim>();
  readonly #tasks = new Map<string, Claim>();
  readonly #limits: QueueLimits;
  readonly #others: TakenShares;

  /**
   * @param candidates All that are in the lane: what they wait for earns credits also where it goes to others.
   * @param others What the other runs would take if there were no backfills.
   */
  constructor(
    candidates: readonly QueueCandidate[],
    limits: QueueLimits,
    others: TakenShares,
    share: number,
    credits: LaneCredits,
  ) {
    this.#limits = limits;
    this.#others = others;
    this.#share = share;
    this.#before = credits;
    this.#slots = this.#claim('slots', limits.slots.free, others.slots);
    for (const candidate of candidates) {
      this.#poolOf(candidate);
      this.#taskOf(candidate);
    }
  }

  /** What is carried to the next pass. */
  get credits(): LaneCredits {
    return this.#credits;
  }

  /** True when no backfill can be let pass any more. */
  get isUsedUp(): boolean {
    return this.#slots.taken >= this.#slots.most;
  }

  /** Whether what the candidate waits for is due to the lane. While the lane is used up nobody has to be asked. */
  admits(candidate: QueueCandidate): boolean {
    const pool = this.#poolOf(candidate);
    const task = this.#taskOf(candidate);
    return pool.taken + candidate.instance.poolSlots <= pool.most && (task === null || task.taken + 1 <= task.most);
  }

  take(candidate: QueueCandidate): void {
    this.#slots.taken++;
    this.#poolOf(candidate).taken += candidate.instance.poolSlots;
    const task = this.#taskOf(candidate);
    if (task) task.taken++;
  }

  #poolOf({ instance: { pool } }: QueueCandidate): Claim {
    let claim = this.#pools.get(pool);
    if (!claim) {
      claim = this.#claim(`pool ${pool}`, this.#limits.pool(pool).free, this.#others.pools.get(pool) ?? 0);
      this.#pools.set(pool, claim);
    }
    return claim;
  }

  /** Null: the task has no limit over all runs. */
  #taskOf({ view, instance }: QueueCandidate): Claim | null {
    const task = view.task(instance.taskId);
    if (task.maxActiveTisPerDag === null) return null;
    const key = taskLimitKey(view.run.dagId, task.taskId);
    let claim = this.#tasks.get(key);
    if (!claim) {
      const free = task.maxActiveTisPerDag - this.#limits.activeOf(view, task);
      claim = this.#claim(`task ${key}`, free, this.#others.tasks.get(key) ?? 0);
      this.#tasks.set(key, claim);
    }
    return claim;
  }

  #claim(resource: string, free: number, takenByOthers: number): Claim {
    // Of what has no end there is nothing to share.
    if (free === Number.POSITIVE_INFINITY) return { most: free, taken: 0 };
    const due = Math.max(0, free) * this.#share + (this.#before.get(resource) ?? 0);
    const whole = Math.floor(due + ROUNDING);
    const left = free - takenByOthers;
    if (left <= whole) this.#credits.set(resource, Math.max(0, due - whole));
    return { most: Math.max(whole, left), taken: 0 };
  }
}
