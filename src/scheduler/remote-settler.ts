/**
 * Settles the outcomes of a worker process. It has no snapshot of the run: each outcome is one transition of one row, guarded by the
 * attempt's token, and the run is marked for a planner.
 */
import { settleChange } from '../core/task-instance/settle-attempt.js';
import type { Actor, RunCommit, TaskInstanceChange } from '../model/commit.js';
import type { Instant } from '../model/instant.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { Assignment } from '../model/workload.js';
import type { Clock } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { SchedulingStore } from '../ports/store.js';

export class RemoteSettler {
  readonly #store: SchedulingStore;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #actor: Actor;
  readonly #logger: Logger;

  constructor(options: { store: SchedulingStore; bus: EventBus; clock: Clock; actor: Actor; logger: Logger }) {
    this.#store = options.store;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#actor = options.actor;
    this.#logger = options.logger;
  }

  /** Commits all outcomes at once. Rejects only when the store cannot be reached; a repeat is harmless. */
  async settle(outcomes: readonly AttemptOutcome[], assignments: ReadonlyMap<AttemptToken, Assignment>): Promise<void> {
    const now = this.#clock.now();
    const result = await this.#store.commit(this.#commitsOf(outcomes, assignments, now), now);
    for (const id of result.staleTaskInstances) this.#logger.warn({ taskInstanceId: id }, 'outcome of a stale attempt dropped');
    this.#bus.publish('runs');
  }

  #commitsOf(outcomes: readonly AttemptOutcome[], assignments: ReadonlyMap<AttemptToken, Assignment>, now: Instant): RunCommit[] {
    const runs = new Map<number, { dagId: string; wakeNextRun: boolean; changes: TaskInstanceChange[] }>();
    for (const { token, outcome, endedAt } of outcomes) {
      const assignment = assignments.get(token);
      if (!assignment) continue;
      const { dagRunId, instance, task, run } = assignment;
      const entry = runs.get(dagRunId) ?? { dagId: run.dagId, wakeNextRun: false, changes: [] };
      runs.set(dagRunId, entry);
      entry.changes.push(settleChange(instance, task, run, outcome, endedAt));
      entry.wakeNextRun ||= task.dependsOnPast;
    }
    return [...runs].map(([dagRunId, { dagId, wakeNextRun, changes }]) => ({
      dagRunId,
      dagId,
      expectedRevision: null,
      run: null,
      planAt: now,
      changes,
      insertions: [],
      wakeNextRun,
      actor: this.#actor,
    }));
  }
}
