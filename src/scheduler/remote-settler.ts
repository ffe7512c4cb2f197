/**
 * Settles the outcomes of a worker process. It has no snapshot of the run: each outcome is one transition of one row, guarded by the
 * attempt's token, and the run is marked for a planner, with the next run where that looks at how the task ended. Only an outcome that changes other
 * tasks as well (a decision about those below, the first failure of a DAG that fails fast) takes the run's snapshot, so that all of it is one commit.
 */
import { writesCallbacks } from '../core/callback/writes-callbacks.js';
import { mattersToNextRun } from '../core/dag-run/depends-on-past.js';
import { RunView } from '../core/dag-run/run-view.js';
import { graphOf } from '../core/graph/task-graph.js';
import { needsView, settleAttempt, settleChange } from '../core/task-instance/settle-attempt.js';
import type { Actor, RunCommit, TaskInstanceChange } from '../model/commit.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { Instant } from '../model/instant.js';
import type { AttemptOutcome } from '../model/outcome.js';
import { FINISHED_STATES } from '../model/states.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { Assignment } from '../model/workload.js';
import type { Clock } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { DagCatalog, SchedulingStore } from '../ports/store.js';

export interface RemoteSettlerOptions {
  readonly store: SchedulingStore;
  readonly catalog: Pick<DagCatalog, 'getVersion'>;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly actor: Actor;
  readonly logger: Logger;
}

const MAX_SPECS = 500;
/** A run that others change all the time: its outcomes are handed in again later. */
const MAX_STALE_VIEWS = 20;

interface Settling extends AttemptOutcome {
  readonly assignment: Assignment;
  /** Null when the version was deleted meanwhile, together with its runs. */
  readonly spec: DagSpec | null;
}

export class RemoteSettler {
  readonly #options: RemoteSettlerOptions;
  /** By version id. A version never changes. */
  readonly #specs = new Map<number, DagSpec>();

  constructor(options: RemoteSettlerOptions) {
    this.#options = options;
  }

  /** Commits all outcomes, those that take a view after the others. Rejects only when the store cannot be reached; a repeat is harmless. */
  async settle(outcomes: readonly AttemptOutcome[], assignments: ReadonlyMap<AttemptToken, Assignment>): Promise<void> {
    const { store, bus, clock } = this.#options;
    const now = clock.now();
    const runs = new Map<number, Settling[]>();
    for (const outcome of outcomes) {
      const assignment = assignments.get(outcome.token);
      if (!assignment) continue;
      const settling = { ...outcome, assignment, spec: await this.#specOf(assignment.versionId) };
      const ofRun = runs.get(assignment.dagRunId);
      if (ofRun) ofRun.push(settling);
      else runs.set(assignment.dagRunId, [settling]);
    }
    const withView = [...runs].filter(([, ofRun]) => ofRun.some(({ spec, outcome }) => spec !== null && needsView(spec, outcome)));
    for (const [dagRunId] of withView) runs.delete(dagRunId);
    const commits = this.#commitsOf(runs, now);
    if (commits.length > 0) this.#warnAboutStale((await store.commit(commits, now)).staleTaskInstances);
    if (writesCallbacks(commits)) bus.publish('callbacks');
    for (const [dagRunId, ofRun] of withView) await this.#settleInView(dagRunId, ofRun, now);
    bus.publish('runs');
  }

  async #settleInView(dagRunId: number, outcomes: readonly Settling[], now: Instant): Promise<void> {
    const { store, bus, actor } = this.#options;
    for (let attempt = 0; attempt < MAX_STALE_VIEWS; attempt++) {
      const [snapshot] = await store.loadSnapshots([dagRunId]);
      if (!snapshot) return;
      const view = RunView.from(snapshot);
      const stale: number[] = [];
      for (const { taskInstanceId, token, outcome, endedAt } of outcomes) {
        if (view.has(taskInstanceId) && view.instance(taskInstanceId).token === token) {
          settleAttempt(view, taskInstanceId, outcome, endedAt, now);
        } else stale.push(taskInstanceId);
      }
      const commit = stale.length === outcomes.length ? null : view.drain(actor, now);
      if (commit && (await store.commit([commit], now)).staleRuns.length > 0) continue;
      if (commit && writesCallbacks([commit])) bus.publish('callbacks');
      this.#warnAboutStale(stale);
      return;
    }
    throw new Error(`run ${dagRunId} changed ${MAX_STALE_VIEWS} times while an outcome of it was settled`);
  }

  #commitsOf(runs: ReadonlyMap<number, readonly Settling[]>, now: Instant): RunCommit[] {
    return [...runs].map(([dagRunId, outcomes]) => {
      const changes: TaskInstanceChange[] = [];
      let wakeNextRun = false;
      for (const { assignment, outcome, endedAt, spec } of outcomes) {
        const { instance, task, run } = assignment;
        const change = settleChange(instance, task, run, outcome, endedAt, now);
        changes.push(change);
        if (FINISHED_STATES.has(change.next.state) && spec) wakeNextRun ||= mattersToNextRun(task, graphOf(spec));
      }
      return {
        dagRunId,
        dagId: (outcomes[0] as Settling).assignment.run.dagId,
        expectedRevision: null,
        run: null,
        planAt: now,
        changes,
        insertions: [],
        wakeNextRun,
        actor: this.#options.actor,
      };
    });
  }

  #warnAboutStale(taskInstanceIds: readonly number[]): void {
    for (const id of taskInstanceIds) this.#options.logger.warn({ taskInstanceId: id }, 'outcome of a stale attempt dropped');
  }

  async #specOf(versionId: number): Promise<DagSpec | null> {
    const known = this.#specs.get(versionId);
    if (known) return known;
    const found = await this.#options.catalog.getVersion(versionId);
    if (!found) return null;
    if (this.#specs.size >= MAX_SPECS) this.#specs.clear();
    this.#specs.set(versionId, found.spec);
    return found.spec;
  }
}
