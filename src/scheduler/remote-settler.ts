/**
 * Settles the outcomes of a worker process. It has no snapshot of the run: each outcome is one transition of one row, guarded by the
 * attempt's token, and the run is marked for a planner, with the next run where that looks at how the task ended.
 */
import { mattersToNextRun } from '../core/dag-run/depends-on-past.js';
import { graphOf, type TaskGraph } from '../core/graph/task-graph.js';
import { settleChange } from '../core/task-instance/settle-attempt.js';
import type { Actor, RunCommit, TaskInstanceChange } from '../model/commit.js';
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

const MAX_GRAPHS = 500;

export class RemoteSettler {
  readonly #options: RemoteSettlerOptions;
  /** By version id. A version never changes. */
  readonly #graphs = new Map<number, TaskGraph>();

  constructor(options: RemoteSettlerOptions) {
    this.#options = options;
  }

  /** Commits all outcomes at once. Rejects only when the store cannot be reached; a repeat is harmless. */
  async settle(outcomes: readonly AttemptOutcome[], assignments: ReadonlyMap<AttemptToken, Assignment>): Promise<void> {
    const { store, bus, clock, logger } = this.#options;
    const now = clock.now();
    const result = await store.commit(await this.#commitsOf(outcomes, assignments, now), now);
    for (const id of result.staleTaskInstances) logger.warn({ taskInstanceId: id }, 'outcome of a stale attempt dropped');
    bus.publish('runs');
  }

  async #commitsOf(
    outcomes: readonly AttemptOutcome[],
    assignments: ReadonlyMap<AttemptToken, Assignment>,
    now: Instant,
  ): Promise<RunCommit[]> {
    const runs = new Map<number, { dagId: string; wakeNextRun: boolean; changes: TaskInstanceChange[] }>();
    for (const { token, outcome, endedAt } of outcomes) {
      const assignment = assignments.get(token);
      if (!assignment) continue;
      const { dagRunId, instance, task, run } = assignment;
      const entry = runs.get(dagRunId) ?? { dagId: run.dagId, wakeNextRun: false, changes: [] };
      runs.set(dagRunId, entry);
      const change = settleChange(instance, task, run, outcome, endedAt, now);
      entry.changes.push(change);
      if (!FINISHED_STATES.has(change.next.state)) continue;
      const graph = await this.#graphOf(assignment.versionId);
      entry.wakeNextRun ||= graph !== null && mattersToNextRun(task, graph);
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
      actor: this.#options.actor,
    }));
  }

  /** Null when the version was deleted meanwhile, together with its runs. */
  async #graphOf(versionId: number): Promise<TaskGraph | null> {
    const known = this.#graphs.get(versionId);
    if (known) return known;
    const found = await this.#options.catalog.getVersion(versionId);
    if (!found) return null;
    const graph = graphOf(found.spec);
    if (this.#graphs.size >= MAX_GRAPHS) this.#graphs.clear();
    this.#graphs.set(versionId, graph);
    return graph;
  }
}
