/**
 * Chooses which scheduled task instances may be queued now: in order of urgency, under every limit, taking a smaller one where a wide one does
 * not fit. Pure over the occupancy that was counted under lock.
 */
import { FairLane, NO_CREDITS, type LaneCredits } from './fair-lane.js';
import { QueueLimits, type QueueCandidate, type QueueState } from './queue-limits.js';

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
  const others = candidates.filter(({ view }) => view.run.backfillId === null).sort(byUrgency);
  const backfills = candidates.filter(({ view }) => view.run.backfillId !== null).sort(byUrgency);
  const alone = new QueueLimits(input);
  const withoutBackfills = fill(alone, others);
  if (others.length === 0 || backfills.length === 0) {
    return { chosen: [...withoutBackfills, ...fill(alone, backfills)], laneCredits: NO_CREDITS };
  }
  const limits = new QueueLimits(input);
  const lane = new FairLane(limits, alone, backfillShare, laneCredits);
  const inLane = new Set(fill(limits, backfills, lane));
  const chosen = fill(limits, others);
  const rest = fill(
    limits,
    backfills.filter((candidate) => !inLane.has(candidate)),
  );
  return { chosen: [...chosen, ...inLane, ...rest], laneCredits: lane.credits };
}

function fill<Candidate extends QueueCandidate>(
  limits: QueueLimits,
  candidates: readonly Candidate[],
  lane?: FairLane,
): Candidate[] {
  const chosen: Candidate[] = [];
  for (const candidate of candidates) {
    if (limits.isUsedUp) break;
    // Copies that are not stored yet have to wait for the next pass.
    if (candidate.instance.id < 0 || limits.holdReason(candidate) !== null) continue;
    if (lane) {
      if (!lane.admits(candidate)) continue;
      lane.take(candidate);
    }
    limits.take(candidate);
    chosen.push(candidate);
  }
  return chosen;
}

/** Most urgent first; equal ones by the age of their run and by id, so that every pass has the same order. */
export function byUrgency(a: QueueCandidate, b: QueueCandidate): number {
  const runA = a.view.run;
  const runB = b.view.run;
  return (
    b.instance.priorityWeight - a.instance.priorityWeight ||
    compareDates(runA.logicalDate, runB.logicalDate) ||
    a.instance.mapIndex - b.instance.mapIndex ||
    runA.runAfter - runB.runAfter ||
    a.instance.id - b.instance.id
  );
}

/** Older first, none last. */
export function compareDates(a: number | null, b: number | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a - b;
}
