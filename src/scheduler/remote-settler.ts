/**
 * Settles the outcomes of a worker process. It has no snapshot of the run: each outcome is one transition of one row, guarded by the
 * attempt's token, and the run is marked for a planner. Outcomes stay here until the store has taken them.
 */
import { settleChange } from '../core/task-instance/settle-attempt.js';
import type { Actor, RunCommit, TaskInstanceChange } from '../model/commit.js';
import type { Instant } from '../model/instant.js';
import type { AttemptOutcome } from '../model/outcome.js';
import type { Assignment } from '../model/workload.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';

const MAX_BATCH = 500;

export interface SettledAttempt {
  readonly assignment: Assignment;
  readonly outcome: AttemptOutcome;
}

export class RemoteSettler implements Service {
  readonly name = 'remote-settler';
  readonly #store: SchedulingStore;
  readonly #bus: EventBus;
  readonly #actor: Actor;
  readonly #logger: Logger;
  #pending: SettledAttempt[] = [];

  constructor(store: SchedulingStore, bus: EventBus, actor: Actor, logger: Logger) {
    this.#store = store;
    this.#bus = bus;
    this.#actor = actor;
    this.#logger = logger;
  }

  get pending(): number {
    return this.#pending.length;
  }

  add(settled: SettledAttempt): void {
    this.#pending.push(settled);
  }

  async runOnce(now: Instant): Promise<ServiceResult> {
    if (this.#pending.length === 0) return { processed: 0, more: false };
    const batch = this.#pending.splice(0, MAX_BATCH);
    try {
      const result = await this.#store.commit(this.#commitsOf(batch, now), now);
      for (const id of result.staleTaskInstances) this.#logger.warn({ taskInstanceId: id }, 'outcome of a stale attempt dropped');
      this.#bus.publish('runs');
      return { processed: batch.length, more: this.#pending.length > 0 };
    } catch (error) {
      this.#pending.unshift(...batch);
      throw error;
    }
  }

  #commitsOf(batch: readonly SettledAttempt[], now: Instant): RunCommit[] {
    const changes = new Map<number, { dagId: string; wakeNextRun: boolean; changes: TaskInstanceChange[] }>();
    for (const { assignment, outcome } of batch) {
      const entry = changes.get(assignment.dagRunId) ?? { dagId: assignment.key.dagId, wakeNextRun: false, changes: [] };
      changes.set(assignment.dagRunId, entry);
      const { instance, task, run } = assignment;
      entry.changes.push(settleChange(instance, task, run, outcome.outcome, outcome.endedAt));
      entry.wakeNextRun ||= task.dependsOnPast;
    }
    return [...changes].map(([dagRunId, entry]) => ({
      dagRunId,
      dagId: entry.dagId,
      expectedRevision: null,
      run: null,
      planAt: now,
      changes: entry.changes,
      insertions: [],
      wakeNextRun: entry.wakeNextRun,
      actor: this.#actor,
    }));
  }
}
