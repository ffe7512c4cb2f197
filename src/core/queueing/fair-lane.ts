/**
 * How much of what is free the runs of backfills may have while other runs wait for it: their share, or what the others leave. Slots that
 * nobody else wants are theirs, so none stays empty for the sake of the share.
 */
import { taskLimitKey } from '../../model/snapshot.js';
import type { QueueCandidate, QueueLimits, Share } from './queue-limits.js';

/**
 * Fractions of slots that were due to backfills and could not be given, since a slot is not divided: by what they are slots of. With half of one
 * slot at a time, every second slot is theirs.
 */
export type LaneCredits = ReadonlyMap<string, number>;

export const NO_CREDITS: LaneCredits = new Map();

const SLOTS = 'slots';
/** Ten times a tenth must make a whole. */
const ROUNDING = 1e-9;

interface Claim {
  /** Most that the lane may take. */
  readonly most: number;
  taken: number;
}

export class FairLane {
  readonly #share: number;
  readonly #before: LaneCredits;
  readonly #credits = new Map<string, number>();
  readonly #claims = new Map<string, Claim>();
  readonly #limits: QueueLimits;
  /** The same limits after the other runs took what they can when there is no backfill. */
  readonly #withoutBackfills: QueueLimits;

  constructor(limits: QueueLimits, withoutBackfills: QueueLimits, share: number, credits: LaneCredits) {
    this.#limits = limits;
    this.#withoutBackfills = withoutBackfills;
    this.#share = share;
    this.#before = credits;
  }

  /** What is carried to the next pass. */
  get credits(): LaneCredits {
    return this.#credits;
  }

  admits(candidate: QueueCandidate): boolean {
    return this.#needsOf(candidate).every(([claim, amount]) => claim.taken + amount <= claim.most);
  }

  take(candidate: QueueCandidate): void {
    for (const [claim, amount] of this.#needsOf(candidate)) claim.taken += amount;
  }

  #needsOf({ view, instance }: QueueCandidate): readonly (readonly [Claim, number])[] {
    const { pool, poolSlots, taskId } = instance;
    const needs: (readonly [Claim, number])[] = [
      [this.#claim(SLOTS, this.#limits.slots.free, this.#withoutBackfills.slots), 1],
      [this.#claim(`pool ${pool}`, this.#limits.pool(pool).free, this.#withoutBackfills.pool(pool)), poolSlots],
    ];
    const task = view.task(taskId);
    if (task.maxActiveTisPerDag !== null) {
      const taken = this.#withoutBackfills.activeOf(view, task) - this.#limits.activeOf(view, task);
      const key = taskLimitKey(view.run.dagId, taskId);
      needs.push([this.#claim(`task ${key}`, task.maxActiveTisPerDag - this.#limits.activeOf(view, task), { taken }), 1]);
    }
    return needs;
  }

  /** Made when first asked for, before the lane has taken anything of it. */
  #claim(resource: string, free: number, others: Pick<Share, 'taken'>): Claim {
    let claim = this.#claims.get(resource);
    if (!claim) {
      const due = Math.max(0, free) * this.#share + (this.#before.get(resource) ?? 0);
      const whole = Math.floor(due + ROUNDING);
      const left = free - others.taken;
      if (left <= whole && Number.isFinite(due)) this.#credits.set(resource, Math.max(0, due - whole));
      this.#claims.set(resource, (claim = { most: Math.max(whole, left), taken: 0 }));
    }
    return claim;
  }
}
