/** A memory store with a clock set by hand, DAGs that can be registered at will, and runs that can be brought to any end. */
import { createHash, randomUUID } from 'node:crypto';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { canonicalJson } from '../../../src/model/canonical-json.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import { AirflowLikeError } from '../../../src/model/errors.js';
import type { Instant } from '../../../src/model/instant.js';
import type { OperationDeps } from '../../../src/operations/operation-deps.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Topic } from '../../../src/ports/event-bus.js';
import { createMemoryEventBus, createMemoryStore, type MemoryStore } from '../../../src/store/memory/index.js';
import { dagSpec, SCHEDULER, taskSpec, USER } from '../core/factories.js';

export const NOW = Date.UTC(2026, 2, 10, 12);
export const DAY_MS = 86_400_000;

/** Daily at midnight: extract, then load; and clean, beside them. */
export const SALES = dagSpec(
  [taskSpec('extract', { retries: 2 }), taskSpec('load', { upstream: ['extract'] }), taskSpec('clean')],
  { dagId: 'sales', schedule: { kind: 'cron', expression: '0 0 * * *', text: '@daily' }, startDate: NOW, file: 'sales.ts' },
);

export interface World extends OperationDeps {
  readonly store: MemoryStore;
  /** Topics hinted so far. */
  readonly hints: Topic[];
  at: Instant;
  /** Saves a file that holds these DAGs; again with another spec makes a new version. */
  register(...specs: readonly DagSpec[]): Promise<void>;
  /** Starts a run and brings its tasks and itself to their ends. Tasks that are not named stay in `none`. */
  finish(dagRunId: number, ends: Readonly<Record<string, 'success' | 'failed' | 'running'>>, took?: number): Promise<void>;
}

export function createWorld(): World {
  const clock: Clock = { now: () => world.at, sleep: (_ms, signal) => untilNextTurn(signal) };
  const store = createMemoryStore(clock);
  const bus = createMemoryEventBus();
  const hints: Topic[] = [];
  for (const topic of ['dags', 'runs', 'tasks', 'cancel'] as const) bus.subscribe(topic, () => void hints.push(topic));
  const world: World = {
    store,
    bus,
    clock,
    hints,
    actor: USER,
    at: NOW,
    async register(...specs) {
      const path = specs[0]?.file ?? 'empty.ts';
      const content = canonicalJson(specs);
      const hash = sha256(content);
      const source = { path, hash, content, compiled: content };
      const dags = specs.map((spec) => ({ spec, specHash: sha256(canonicalJson(spec)) }));
      const bundle = { hash, entry: path, files: [source] };
      await store.catalog.saveFiles([{ path, contentHash: hash, bundle, dags, errors: [], warnings: [], parseMs: 1 }], world.at);
    },
    async finish(dagRunId, ends, took = 60_000) {
      await store.scheduling.planDueDags(world.at, 100, (schedule) => planDagSchedule(schedule));
      const [snapshot] = await store.scheduling.loadSnapshots([dagRunId]);
      const view = RunView.from(snapshot!);
      if (view.run.state !== 'running') throw new Error(`run ${view.run.runId} has not started`);
      for (const instance of [...view.allInstances()]) {
        const end = ends[instance.taskId];
        if (end === undefined) continue;
        const token = randomUUID();
        view.transition(instance.id, 'schedule', { tryNumber: instance.tryNumber + 1, scheduledAt: world.at });
        const openAttempt = { dispatchNumber: 1, createdAt: world.at, startedAt: world.at, workerId: null };
        view.transition(instance.id, 'queue', { token, queuedAt: world.at }, { openAttempt });
        view.transition(instance.id, 'start', { startedAt: world.at });
        if (end === 'success') view.transition(instance.id, 'succeed', { endedAt: world.at + took });
        if (end === 'failed') view.transition(instance.id, 'fail', { endedAt: world.at + took });
      }
      if (!Object.values(ends).includes('running')) {
        const end = Object.values(ends).includes('failed') ? 'fail' : 'succeed';
        view.transitionRun(end, { endedAt: world.at + took }, null);
      }
      const result = await store.scheduling.commit([view.drain(SCHEDULER, null)!], world.at);
      if (view.committed(result).length > 0 || view.outdated) throw new Error('the store refused the commit');
    },
  };
  return world;
}

/** The code and text of the error that `act` ends with. */
export async function failure(act: () => Promise<unknown>): Promise<AirflowLikeError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof AirflowLikeError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A sleep of the test's clock: gives other work its turn, and ends. */
function untilNextTurn(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal?.aborted ? resolve() : setImmediate(resolve)));
}
