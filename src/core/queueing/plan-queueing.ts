/**
 * Chooses which scheduled task instances may be queued now: in order of urgency, under every limit, taking a smaller one where a wide one does
 * not fit. Pure over the occupancy that was counted under lock.
 */
import { FairLane, NO_CREDITS, type LaneCredits } from './fair-lane.js';
import { QueueLimits, type HoldReason, type QueueCandidate, type QueueState } from './queue-limits.js';

export type { QueueCandidate } from './queue-limits.js';

export interface QueueingInput<Candidate extends QueueCandidate = QueueCandidate> extends QueueState {
  readonly candidates: readonly Candidate[];
  /** Part of the free slots that runs of backfills get while other runs wait, 0 to 1. */
  readonly backfillShare: number;
  /** What the pass before carried over. Default: nothing. */
  readonly laneCredits?: LaneCredits;
}

export interface QueueingPlan<Candidate extends QueueCandidate> {
  /** Most urgent first; runs of backfills after all others. */
  readonly chosen: readonly Candidate[];
  readonly laneCredits: LaneCredits;
}

/**
 * Urgency: higher weight, older logical date (none comes last), lower map index. Runs of backfills come after all others, but get their share
 * of what is free (`FairLane`), and all that the others leave. What a limit keeps back does not count against the slots of the pass.
 */
export function planQueueing<Candidate extends QueueCandidate>(input: QueueingInput<Candidate>): QueueingPlan<Candidate> {
  const { candidates, backfillShare, laneCredits = NO_CREDITS } = input;
  const others = inOrder(candidates.filter(({ view }) => view.run.backfillId === null));
  const backfills = inOrder(candidates.filter(({ view }) => view.run.backfillId !== null));
  const alone = new QueueLimits(input);
  const withoutBackfills = fill(alone, others);
  // What the lane has to know, before backfills take of it.
  const takenByOthers = others.length > 0 && backfills.length > 0 ? alone.taken() : null;
  const left = fill(alone, backfills);
  const isContended = withoutBackfills.isContended || left.isContended;
  if (takenByOthers === null || !isContended) {
    return { chosen: [...withoutBackfills.chosen, ...left.chosen], laneCredits: NO_CREDITS };
  }
  const limits = new QueueLimits(input);
  const lane = new FairLane(backfills, limits, takenByOthers, backfillShare, laneCredits);
  const inLane = new Set(fill(limits, backfills, lane).chosen);
  const { chosen } = fill(limits, others);
  const rest = fill(
    limits,
    backfills.filter((candidate) => !inLane.has(candidate)),
  );
  return { chosen: [...chosen, ...inLane, ...rest.chosen], laneCredits: lane.credits };
}

/** Somebody else could have what keeps the candidate back. That no slot is left at all is seen before anybody is asked. */
const CONTENDED: ReadonlySet<HoldReason> = new Set(['pool_full', 'max_active_tis_per_dag']);

interface Filled<Candidate> {
  readonly chosen: Candidate[];
  /** Others wait for what was taken. */
  readonly isContended: boolean;
}

function fill<Candidate extends QueueCandidate>(
  limits: QueueLimits,
  candidates: readonly Candidate[],
  lane?: FairLane,
): Filled<Candidate> {
  const chosen: Candidate[] = [];
  let isContended = false;
  for (const candidate of candidates) {
    if (limits.isUsedUp || lane?.isUsedUp) return { chosen, isContended: true };
    // Copies that are not stored yet have to wait for the next pass.
    if (candidate.instance.id < 0) continue;
    const reason = limits.holdReason(candidate);
    if (reason !== null) {
      isContended ||= CONTENDED.has(reason);
      continue;
    }
    if (lane) {
      if (!lane.admits(candidate)) continue;
      lane.take(candidate);
    }
    limits.take(candidate);
    chosen.push(candidate);
  }
  return { chosen, isContended };
}

/** What urgency is made of, read once: a candidate is compared a dozen times. */
interface Urgency<Candidate> {
  readonly candidate: Candidate;
  readonly weight: number;
  readonly date: number;
  readonly mapIndex: number;
  readonly runAfter: number;
  readonly id: number;
}

/** Most urgent first; equal ones by the age of their run and by id, so that every pass has the same order. */
function inOrder<Candidate extends QueueCandidate>(candidates: readonly Candidate[]): readonly Candidate[] {
  const entries = candidates.map((candidate): Urgency<Candidate> => {
    const { priorityWeight: weight, mapIndex, id } = candidate.instance;
    const { logicalDate, runAfter } = candidate.view.run;
    return { candidate, weight, date: logicalDate ?? Number.POSITIVE_INFINITY, mapIndex, runAfter, id };
  });
  return entries.sort(byUrgency).map(({ candidate }) => candidate);
}

/** Two without a date differ by NaN, which decides nothing. */
function byUrgency(a: Urgency<unknown>, b: Urgency<unknown>): number {
  return b.weight - a.weight || a.date - b.date || a.mapIndex - b.mapIndex || a.runAfter - b.runAfter || a.id - b.id;
}

/** Older first, none last. */
export function compareDates(a: number | null, b: number | null): number {
  return (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY) || 0;
}
