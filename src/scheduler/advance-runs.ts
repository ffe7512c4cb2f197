/**
 * The one pass that moves runs on: outcomes are settled, the runs they touch (and the runs a planner claimed) are planned, and free
 * slots are filled, all in one commit. Settler, planner and queuer are thin services around it, because they share the views.
 *
 * It owns no truth. Views are guesses guarded by revisions; whatever comes back stale is dropped and read again, and outcomes stay
 * with the caller until the store has taken them.
 */
import { writesCallbacks } from '../core/callback/writes-callbacks.js';
import type { PlanOptions } from '../core/dag-run/plan-options.js';
import { planRun } from '../core/dag-run/plan-run.js';
import { RunView } from '../core/dag-run/run-view.js';
import { assignmentOf, runContextOf } from '../core/queueing/assignment.js';
import { queueInstance, startInstance } from '../core/queueing/dispatch.js';
import { NO_CREDITS, type LaneCredits } from '../core/queueing/fair-lane.js';
import { planQueueing, type QueueCandidate } from '../core/queueing/plan-queueing.js';
import { settleAttempt } from '../core/task-instance/settle-attempt.js';
import type { Actor, CommitResult, RunCommit } from '../model/commit.js';
import type { Instant } from '../model/instant.js';
import { AirflowLikeError } from '../model/errors.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { DagRunSnapshot, Occupancy } from '../model/snapshot.js';
import type { TaskInstance } from '../model/task-instance.js';
import { assetConditionOf } from '../model/schedule-parts.js';
import { FINISHED_RUN_STATES } from '../model/states.js';
import type { Assignment, RunContext } from '../model/workload.js';
import type { MintToken } from '../ports/clock.js';
import type { Executor } from '../ports/executor.js';
import type { Logger } from '../ports/logger.js';
import type { SchedulingStore } from '../ports/store.js';
import { Freed, isOverfull, scopeOf } from './admission.js';
import { bothResults, NOTHING, type AdvanceResult } from './advance-result.js';
import { ReadyRuns } from './ready-runs.js';
import { RunCache } from './run-cache.js';
import { VainWaits } from './vain-waits.js';

export interface AdvanceOptions {
  readonly store: SchedulingStore;
  readonly actor: Actor;
  readonly mintToken: MintToken;
  readonly logger: Logger;
  /** The executor of this process, for tasks of the queues it serves; null, or of other queues: they stay queued for worker processes. */
  readonly executor: Executor | null;
  /** Most task instances queued and running at once, over everything. */
  readonly parallelism: number;
  /** Part of the free slots that runs of backfills get while other runs wait, 0 to 1. */
  readonly backfillShare: number;
  readonly planOptions: PlanOptions;
  /** A run with work left is looked at again after this long by any scheduler, should this one die. */
  readonly visibilityMs: number;
}

/** Slots given back by outcomes are taken without an admission when they are at least this share of what could be started. */
const INHERITED_SHARE = 0.75;
const CROWDED_MS = 100;
/** Limits that people change hold again after this time at the latest: then an admission counts. */
const LONGEST_INHERITANCE_MS = 1_000;

export class RunAdvancer {
  readonly #options: AdvanceOptions;
  readonly #cache = new RunCache();
  readonly #ready = new ReadyRuns();
  readonly #vainWaits: VainWaits;
  /** Slots that the last admission could not fill from the most urgent instances, while there are others. */
  #unfilled = 0;
  /** Until then it is no use to look at all instances again, unless slots are given back: the last time none of them fitted. */
  #allInVainUntil = 0;
  /** Until then there is no point in asking for more slots than outcomes give back: the pools or `parallelism` are full. */
  #crowdedUntil = 0;
  /** Until then slots that are given back may be taken without an admission: not when the last one found more taken than there is. */
  #mayInheritUntil = 0;
  #laneCredits: LaneCredits = NO_CREDITS;
  #isAdvancing = false;
  /** DAGs that the last admissions found paused. */
  readonly #pausedDags = new Set<string>();
  /** When a run's own waits (retries, reschedules, timeouts) end, from its last planning. */
  readonly #wakeAt = new Map<number, Instant | null>();
  /** What the store holds as `planAt` of a run, as far as this process knows; absent: unknown. */
  readonly #planAt = new Map<number, Instant | null>();
  /**
   * Runs to plan in the next pass: claimed ones, with a snapshot unless there is a view, and those whose last commit was stale, because
   * somebody else changed them or the answer to our own commit was lost.
   */
  readonly #unplanned = new Map<number, DagRunSnapshot | null>();

  constructor(options: AdvanceOptions) {
    this.#options = options;
    this.#vainWaits = new VainWaits(options.logger);
  }

  /** True while some run has a task that waits only for a slot. */
  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** True while some run waits for the next pass. */
  get hasUnplanned(): boolean {
    return this.#unplanned.size > 0;
  }

  /** People may have paused DAGs, or changed limits: the next pass counts anew. */
  reconsider(): void {
    this.#pausedDags.clear();
    this.#mayInheritUntil = 0;
  }

  /** Hands claimed runs to the next pass. What has to be read for that is read here, so that no outcome waits for it. */
  async claim(runs: readonly { dagRunId: number; revision: number }[]): Promise<void> {
    const missing: number[] = [];
    for (const { dagRunId, revision } of runs) {
      this.#planAt.delete(dagRunId);
      const view = this.#cache.get(dagRunId);
      if (view && view.revision >= revision) this.#unplanned.set(dagRunId, null);
      else missing.push(dagRunId);
    }
    if (missing.length === 0) return;
    for (const snapshot of await this.#options.store.loadSnapshots(missing)) this.#unplanned.set(snapshot.run.id, snapshot);
  }

  /**
   * Settles the outcomes and plans the runs they touch, and those handed over by `claim`.
   * @throws AirflowLikeError INTERNAL while another pass of this process is under way: both would change the same views.
   */
  async advance(outcomes: readonly AttemptOutcome[], now: Instant): Promise<AdvanceResult> {
    if (this.#isAdvancing)
      throw new AirflowLikeError('INTERNAL', { place: 'scheduler', message: 'two passes over the runs at once' });
    this.#isAdvancing = true;
    try {
      return await this.#pass(outcomes, now);
    } finally {
      this.#isAdvancing = false;
    }
  }

  async #pass(outcomes: readonly AttemptOutcome[], now: Instant): Promise<AdvanceResult> {
    const unplanned = new Map(this.#unplanned);
    this.#unplanned.clear();
    const touched = new Map<number, RunView>();
    try {
      await this.#openViews(outcomes, unplanned, touched);
      const freed = this.#settle(outcomes, touched, now);
      this.#plan(touched, now);
      const result = await this.#fillAndCommit(outcomes, touched, freed, now);
      if (this.#unfilled === 0) return result;
      // Slots are left, and only the most urgent instances were looked at: now all are.
      return bothResults(result, await this.#fillAndCommit([], new Map(), new Freed(), now, this.#unfilled));
    } catch (error) {
      for (const id of touched.keys()) this.#forget(id);
      for (const id of this.#ready.ids()) this.#forget(id);
      throw error;
    }
  }

  async #openViews(
    outcomes: readonly AttemptOutcome[],
    unplanned: ReadonlyMap<number, DagRunSnapshot | null>,
    touched: Map<number, RunView>,
  ): Promise<void> {
    const missing: number[] = [];
    const open = (id: number, snapshot: DagRunSnapshot | null) => {
      const known = this.#cache.get(id);
      if (known && (snapshot === null || known.revision >= snapshot.run.revision)) touched.set(id, known);
      else if (snapshot) this.#open(snapshot, touched);
      else missing.push(id);
    };
    for (const [id, snapshot] of unplanned) open(id, snapshot);
    for (const id of new Set(outcomes.map((outcome) => outcome.dagRunId))) if (!unplanned.has(id)) open(id, null);
    if (missing.length === 0) return;
    for (const snapshot of await this.#options.store.loadSnapshots(missing)) this.#open(snapshot, touched);
  }

  #open(snapshot: DagRunSnapshot, touched: Map<number, RunView>): void {
    const view = RunView.from(snapshot);
    this.#forget(view.run.id);
    this.#cache.put(view);
    touched.set(view.run.id, view);
  }

  #settle(outcomes: readonly AttemptOutcome[], touched: ReadonlyMap<number, RunView>, now: Instant): Freed {
    const freed = new Freed();
    for (const outcome of outcomes) {
      const view = touched.get(outcome.dagRunId);
      const instance = view?.has(outcome.taskInstanceId) ? view.instance(outcome.taskInstanceId) : null;
      if (!view || instance?.token !== outcome.token) {
        this.#options.logger.warn(
          { token: outcome.token, dagRunId: outcome.dagRunId, taskInstanceId: outcome.taskInstanceId },
          'outcome of a stale attempt dropped',
        );
        continue;
      }
      settleAttempt(view, outcome.taskInstanceId, outcome.outcome, outcome.endedAt, now);
      freed.add(view, instance);
    }
    return freed;
  }

  #plan(touched: ReadonlyMap<number, RunView>, now: Instant): void {
    for (const [id, view] of touched) {
      this.#wakeAt.set(id, planRun(view, now, this.#options.planOptions).wakeAt);
      this.#ready.update(view);
    }
  }

  async #fillAndCommit(
    outcomes: readonly AttemptOutcome[],
    touched: ReadonlyMap<number, RunView>,
    freed: Freed,
    now: Instant,
    slotsLeft: number | null = null,
  ): Promise<AdvanceResult> {
    const { store, executor } = this.#options;
    this.#unfilled = 0;
    const freeSlots = Math.min(executor ? executor.freeSlots() : Number.POSITIVE_INFINITY, slotsLeft ?? Number.POSITIVE_INFINITY);
    const wanted = Math.min(freeSlots, this.#options.parallelism);
    const { candidates, isCut } =
      wanted > 0 ? this.#ready.candidates(wanted, slotsLeft !== null, this.#pausedDags) : { candidates: [], isCut: false };

    let chosen: readonly QueueCandidate[] = [];
    let commits: readonly RunCommit[] = [];
    const drain = (picked: readonly QueueCandidate[]) => {
      chosen = picked;
      for (const candidate of picked) this.#dispatch(candidate, now);
      commits = this.#drain(new Set([...touched.values(), ...picked.map((candidate) => candidate.view)]), now);
      return commits;
    };

    let result: CommitResult;
    const inherited = this.#inherit(candidates, freed, freeSlots, now);
    if (candidates.length === 0 || inherited) {
      drain(inherited ?? []);
      if (commits.length === 0) return NOTHING;
      result = await store.commit(commits, now);
    } else {
      let admitted = false;
      result = await store.commitUnderPools(scopeOf(candidates), now, (occupancy) => {
        // A store that repeats its transaction would count anew against views already drained: give up and let the caller start over.
        if (admitted) throw new Error('admission was asked twice in one pass');
        admitted = true;
        this.#vainWaits.note(candidates, occupancy, now);
        for (const dagId of occupancy.pausedDags) this.#pausedDags.add(dagId);
        this.#mayInheritUntil = isOverfull(occupancy, this.#options.parallelism) ? 0 : now + LONGEST_INHERITANCE_MS;
        const released = freed.release(occupancy);
        const picked = this.#admit(candidates, released, freeSlots);
        const unfilled = Math.min(freeSlots, this.#options.parallelism - released.total) - picked.length;
        if (unfilled > 0 && isCut && (freed.instances > 0 || now >= this.#allInVainUntil)) this.#unfilled = unfilled;
        if (slotsLeft !== null && picked.length === 0) this.#allInVainUntil = now + CROWDED_MS;
        return drain(picked);
      });
      if (chosen.length < Math.min(candidates.length, freeSlots)) this.#crowdedUntil = now + CROWDED_MS;
    }
    return this.#conclude(outcomes, commits, chosen, result);
  }

  /**
   * Slots that this commit gives back may be taken in the same commit without locking and counting: occupancy does not grow. Returns null
   * when a full admission has to decide: nothing is given back, the candidates want other pools or have limits that nothing was counted for, or
   * clearly more slots are free than that and the last admission was not refused for want of room.
   */
  #inherit(candidates: readonly QueueCandidate[], freed: Freed, freeSlots: number, now: Instant): readonly QueueCandidate[] | null {
    if (freed.instances === 0 || now >= this.#mayInheritUntil) return null;
    const target = Math.min(candidates.length, freeSlots);
    if (freed.instances < target * INHERITED_SHARE && now >= this.#crowdedUntil) return null;
    if (candidates.some(({ view, instance }) => view.task(instance.taskId).maxActiveTisPerDag !== null)) return null;
    const pools: Record<string, { slots: number; occupied: number }> = {};
    for (const [pool, slots] of freed.slots) pools[pool] = { slots, occupied: 0 };
    const occupancy = { total: 0, pools, tasks: {}, pausedDags: [] };
    const { chosen, laneCredits } = this.#choose(candidates, occupancy, freed.instances, freeSlots);
    if (chosen.length !== Math.min(target, freed.instances)) return null;
    this.#laneCredits = laneCredits;
    return chosen;
  }

  #admit(candidates: readonly QueueCandidate[], occupancy: Occupancy, freeSlots: number): readonly QueueCandidate[] {
    const { chosen, laneCredits } = this.#choose(candidates, occupancy, this.#options.parallelism, freeSlots);
    this.#laneCredits = laneCredits;
    return chosen;
  }

  #choose(candidates: readonly QueueCandidate[], occupancy: Occupancy, parallelism: number, freeSlots: number) {
    const { backfillShare } = this.#options;
    return planQueueing({ candidates, occupancy, parallelism, freeSlots, backfillShare, laneCredits: this.#laneCredits });
  }

  /** Moves one ready instance to queued, and on to running where the executor of this process serves its queue. */
  #dispatch({ view, instance }: QueueCandidate, now: Instant): void {
    const { executor, mintToken } = this.#options;
    queueInstance(view, instance.id, mintToken(), now);
    if (executor && isServed(executor, instance)) startInstance(view, instance.id, executor.workerId, now);
  }

  #drain(views: ReadonlySet<RunView>, now: Instant): RunCommit[] {
    const commits: RunCommit[] = [];
    for (const view of views) {
      const commit = view.drain(this.#options.actor, this.#nextPlanAt(view, now));
      if (commit) commits.push(commit);
    }
    return commits;
  }

  /**
   * A run comes back by itself when its own waits end, and with work left over at the latest after `visibilityMs`. `undefined` leaves
   * the stored value: the column is indexed, so one that is still good is not written again.
   */
  #nextPlanAt(view: RunView, now: Instant): Instant | null | undefined {
    const id = view.run.id;
    const stored = this.#planAt.get(id);
    let planAt = FINISHED_RUN_STATES.has(view.run.state) ? null : (this.#wakeAt.get(id) ?? null);
    if (view.counts.scheduled > 0) {
      const latest = now + this.#options.visibilityMs;
      if (planAt === null || planAt > latest) planAt = latest;
      if (typeof stored === 'number' && stored <= planAt && stored > now + this.#options.visibilityMs / 2) return undefined;
    }
    if (stored === planAt) return undefined;
    this.#planAt.set(id, planAt);
    return planAt;
  }

  #conclude(
    outcomes: readonly AttemptOutcome[],
    commits: readonly RunCommit[],
    chosen: readonly QueueCandidate[],
    result: CommitResult,
  ): AdvanceResult {
    const { executor } = this.#options;
    const staleRuns = new Set(result.staleRuns);
    const staleInstances = new Set(result.staleTaskInstances);
    const views = new Map(chosen.map(({ view }) => [view.run.id, view]));
    let endedRuns = 0;
    let wokeConsumers = commits.some(({ changes }) => changes.some(({ assets }) => assets && assets.written.length > 0));

    for (const { dagRunId } of commits) {
      const view = views.get(dagRunId) ?? this.#cache.get(dagRunId);
      if (!view) continue;
      view.committed(result);
      if (view.outdated) {
        this.#forget(dagRunId);
        this.#unplanned.set(dagRunId, null);
      } else if (FINISHED_RUN_STATES.has(view.run.state)) {
        endedRuns++;
        wokeConsumers ||= assetConditionOf(view.spec.schedule) !== null;
        this.#forget(dagRunId);
      } else this.#ready.update(view);
    }
    const assignments: Assignment[] = [];
    const contexts = new Map<RunView, RunContext>();
    for (const { view, instance } of chosen) {
      if (!executor || !isServed(executor, instance) || staleRuns.has(view.run.id) || staleInstances.has(instance.id)) continue;
      const context = contexts.get(view) ?? runContextOf(view.run, view.spec);
      contexts.set(view, context);
      const assignment = assignmentOf(view.instance(instance.id), view.run, view.spec, context);
      if (assignment) assignments.push(assignment);
    }
    if (assignments.length > 0) executor?.start(assignments);
    return {
      changedRuns: commits.length - staleRuns.size,
      endedRuns,
      queued: chosen.length,
      started: assignments.length,
      wokeRuns: commits.some((commit) => commit.wakeNextRun),
      wokeConsumers,
      wroteCallbacks: writesCallbacks(commits),
      retry: staleRuns.size === 0 ? [] : outcomes.filter((outcome) => staleRuns.has(outcome.dagRunId)),
    };
  }

  #forget(dagRunId: number): void {
    this.#cache.drop(dagRunId);
    this.#ready.delete(dagRunId);
    this.#wakeAt.delete(dagRunId);
    this.#planAt.delete(dagRunId);
  }
}

function isServed({ queues }: Executor, { queue }: TaskInstance): boolean {
  return queues === undefined || queues.includes(queue);
}
