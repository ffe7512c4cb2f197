/**
 * The recorded runs through a scheduler over a store, all of them side by side: what ends at a tick is settled, one pass is made, and what is ready starts. With the
 * scheduler's own executor one commit does all of that; worker processes fetch what is queued, and settle without a snapshot of the run.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { resumeDeferred } from '../../../src/core/task-instance/resume.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { Instant } from '../../../src/model/instant.js';
import type { AttemptOutcome } from '../../../src/model/outcome.js';
import type { AttemptToken } from '../../../src/model/task-instance.js';
import type { Assignment } from '../../../src/model/workload.js';
import type { Executor } from '../../../src/ports/executor.js';
import type { Store } from '../../../src/ports/store.js';
import { RemoteSettler } from '../../../src/scheduler/remote-settler.js';
import { silentLogger } from '../../support/postgres.js';
import { readVectors, runVectors } from '../vector-file.js';
import { agreesWithFlatRun, flattened } from './run-answers.js';
import { ONE_PASS } from './run-state-cases.js';
import { ScriptedRun, type RecordedRun, type RunCase } from './scripted-run.js';
import { nameOf, TICK_MS } from './state-world.js';
import { ACTOR, createRun, giveRows, openStore, rowsByRun, saveSpecs, schedulerOver, STORES } from './stores.js';

interface Simulated {
  readonly script: ScriptedRun;
  readonly run: DagRun;
}

describe.each(STORES)('through the %s store', (storeName) => {
  let store: Store;
  beforeAll(async () => void (store = await openStore(storeName)));
  afterAll(() => store.close());

  const worker = storeName === 'memory' ? 'its own executor' : 'worker processes';
  it.each(['04_runs', '03b_mapped_runs'])(`%s, with ${worker}`, async (name) => {
    const path = `state/${name}.json`;
    const results = await simulate(store, name, readVectors<RunCase>(path)?.cases ?? [], storeName === 'memory' ? 'own' : 'remote');
    const failures = runVectors<RunCase>({
      path,
      through: `the ${storeName} store with ${worker}`,
      answer: ({ id }) => flattened(results.get(id) as RecordedRun),
      expected: ({ expect: recorded }) => flattened(recorded),
      agrees: agreesWithFlatRun,
    });
    expect(failures).toEqual([]);
  });
});

async function simulate(
  store: Store,
  name: string,
  cases: readonly RunCase[],
  worker: 'own' | 'remote',
): Promise<Map<string, RecordedRun>> {
  const scripts = cases.map((testCase, index) => new ScriptedRun(testCase, `${name}-${index}`));
  await saveSpecs(
    store,
    scripts.map(({ spec }) => spec),
  );
  const runs: Simulated[] = [];
  for (const script of scripts) runs.push({ script, run: await createRun(store, script.spec.dagId) });
  await giveRows(
    store,
    runs.filter(({ script }) => script.hasInitialStates).map(({ script, run }) => ({ run, rows: script.initialRows(run.id) })),
  );
  const attempts = worker === 'own' ? new OwnExecutor() : new RemoteWorker(store);
  await store.components.register(
    { id: attempts.workerId, kind: 'worker', hostname: 'test', pid: 1, version: '', startedAt: 0, details: {} },
    Number.MAX_SAFE_INTEGER / 4,
  );
  const { advancer, planner } = schedulerOver(store, attempts instanceof OwnExecutor ? attempts : null, ONE_PASS);
  for (let open = runs, t = 0; open.length > 0; t++, open = runs.filter(({ script }) => script.result === null)) {
    const now = t * TICK_MS;
    const rows = await rowsByRun(
      store,
      open.map(({ run }) => run),
    );
    const outcomes: AttemptOutcome[] = [];
    for (const { script, run } of open) {
      const { endings, fired } = script.endings(t, rows.get(run.id) ?? []);
      outcomes.push(...endings.map((ending) => ({ ...ending, dagRunId: run.id })));
      if (fired.length > 0) await fire(store, run.id, fired, now);
    }
    const unsettled = await attempts.settle(outcomes, now);
    await planner.runOnce(now);
    await advancer.advance(unsettled, now);
    // Copies of a mapped task can be queued once they are stored.
    while (advancer.hasReady) await advancer.advance([], now);
    const started = await attempts.started(now);
    const after = await rowsByRun(
      store,
      open.map(({ run }) => run),
    );
    const scriptOf = new Map(open.map(({ script, run }) => [run.id, script]));
    for (const { script, run } of open) {
      const { state } = (await store.runs.getRun(run.id)) as DagRun;
      script.planned(after.get(run.id) ?? [], { state, reason: null });
    }
    for (const { dagRunId, instance, token } of started) {
      scriptOf.get(dagRunId)?.started(t, instance.id, nameOf(instance.taskId, instance.mapIndex), token);
    }
  }
  return new Map(scripts.map((script) => [script.id, script.result as RecordedRun]));
}

/** What a trigger does when it fires. */
async function fire(store: Store, dagRunId: number, taskInstanceIds: readonly number[], now: Instant): Promise<void> {
  const [snapshot] = await store.scheduling.loadSnapshots([dagRunId]);
  if (!snapshot) throw new Error(`run ${dagRunId} is gone`);
  const view = RunView.from(snapshot);
  for (const id of taskInstanceIds) resumeDeferred(view, id, { kind: 'event', payload: null }, now);
  const commit = view.drain(ACTOR, now);
  if (commit) await store.scheduling.commit([commit], now);
}

/** Collects what the scheduler starts; outcomes go back to the scheduler. */
class OwnExecutor implements Executor {
  readonly workerId = randomUUID();
  readonly slots = Number.POSITIVE_INFINITY;
  #started: Assignment[] = [];

  freeSlots(): number {
    return Number.POSITIVE_INFINITY;
  }

  start(assignments: readonly Assignment[]): void {
    this.#started.push(...assignments);
  }

  async started(): Promise<readonly Assignment[]> {
    const started = this.#started;
    this.#started = [];
    return started;
  }

  async settle(outcomes: readonly AttemptOutcome[]): Promise<readonly AttemptOutcome[]> {
    return outcomes;
  }

  cancel(): void {}
  running(): readonly AttemptToken[] {
    return [];
  }
  onOutcome(): void {}
  async stop(): Promise<void> {}
}

/** Takes what is queued, and settles by itself. */
class RemoteWorker {
  readonly workerId = randomUUID();
  readonly #store: Store;
  readonly #settler: RemoteSettler;
  readonly #assignments = new Map<AttemptToken, Assignment>();
  #now: Instant = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#settler = new RemoteSettler({
      store: store.scheduling,
      catalog: store.catalog,
      bus: { publish: () => undefined, subscribe: () => () => undefined, close: async () => undefined },
      clock: { now: () => this.#now, sleep: async () => undefined },
      actor: { kind: 'worker', id: this.workerId },
      logger: silentLogger,
    });
  }

  async started(now: Instant): Promise<readonly Assignment[]> {
    const claimed = await this.#store.attempts.claimQueued(this.workerId, ['default'], 1_000_000, now);
    for (const assignment of claimed) this.#assignments.set(assignment.token, assignment);
    return claimed;
  }

  async settle(outcomes: readonly AttemptOutcome[], now: Instant): Promise<readonly AttemptOutcome[]> {
    this.#now = now;
    await this.#settler.settle(outcomes, this.#assignments);
    return [];
  }
}
