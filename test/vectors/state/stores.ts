/** The stores that state vectors run through, each with room for everything at once. */
import { randomUUID } from 'node:crypto';
import { RunAdvancer } from '../../../src/scheduler/advance-runs.js';
import { RunPlanner } from '../../../src/scheduler/run-planner.js';
import type { PlanOptions } from '../../../src/core/dag-run/plan-options.js';
import type { TaskInstanceChange, TaskInstanceInsertion } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { NewDagRun } from '../../../src/model/dag.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { Instant } from '../../../src/model/instant.js';
import type { NewTaskInstance, TaskInstance } from '../../../src/model/task-instance.js';
import type { Executor } from '../../../src/ports/executor.js';
import type { Store } from '../../../src/ports/store.js';
import { createMemoryStore } from '../../../src/store/memory/index.js';
import { openPostgresStore } from '../../../src/store/postgres/index.js';
import { newRun, parsedFile } from '../../support/dag-specs.js';
import { createTestDatabase, silentLogger, withClient } from '../../support/postgres.js';
import { nameOf } from './state-world.js';

export const STORES = ['memory', 'Postgres'] as const;
export type StoreName = (typeof STORES)[number];

export const ACTOR = { kind: 'test', id: 'vectors' } as const;
const MUCH = 1_000_000;

export async function openStore(name: StoreName): Promise<Store> {
  if (name === 'memory') {
    const store = createMemoryStore({ now: () => 0, sleep: async () => undefined });
    store.setPool('default_pool', MUCH);
    return store;
  }
  const database = await createTestDatabase();
  await withClient(database.url, (client) => client.query('update airflow_like.pool set slots = $1', [MUCH]));
  const store = await openPostgresStore({ url: database.url, role: 'vectors' });
  return {
    ...bound(store),
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}

function bound(store: Store): Omit<Store, 'close'> {
  const { catalog, scheduling, attempts, callbacks, runs, backfills, situations, pools, assets, components } = store;
  return {
    catalog,
    scheduling,
    attempts,
    callbacks,
    runs,
    backfills,
    situations,
    pools,
    assets,
    components,
    now: () => store.now(),
  };
}

export async function saveSpecs(store: Store, specs: readonly DagSpec[]): Promise<void> {
  await store.catalog.saveFiles(
    specs.map((spec) => parsedFile(`${spec.dagId}.ts`, [spec])),
    0,
  );
}

/** A running run of the DAG. */
export async function createRun(store: Store, dagId: string, patch: Partial<NewDagRun> = {}): Promise<DagRun> {
  const created = await store.runs.createRun(
    dagId,
    newRun('run', null, { runType: 'manual', triggeredBy: 'test', ...patch }),
    ACTOR,
    0,
  );
  if ('run' in created) return created.run;
  throw new Error(`${dagId} has such a run`);
}

export interface GivenRun {
  readonly run: DagRun;
  /** What its task instances are to be. */
  readonly rows: readonly NewTaskInstance[];
}

/** Makes the task instances of many runs what the cases say, in one commit. */
export async function giveRows(store: Store, given: readonly GivenRun[]): Promise<void> {
  const existing = await store.runs.listTaskInstances(given.map(({ run }) => run.id));
  const byName = new Map(existing.map((row) => [`${row.dagRunId} ${row.taskId}`, row]));
  const commits = given.map(({ run, rows }) => {
    const changes: TaskInstanceChange[] = [];
    const insertions: TaskInstanceInsertion[] = [];
    for (const row of rows) {
      const first = row.mapIndex <= 0 ? byName.get(`${run.id} ${row.taskId}`) : undefined;
      const path = row.state === 'none' ? [] : [row.state];
      if (first) changes.push(changeTo(first, row, path));
      else insertions.push({ row: { ...row, dagRunId: run.id }, path });
    }
    return {
      dagRunId: run.id,
      dagId: run.dagId,
      expectedRevision: run.revision,
      run: null,
      planAt: 0,
      changes,
      insertions,
      wakeNextRun: false,
      actor: ACTOR,
    };
  });
  const { staleRuns, staleTaskInstances } = await store.scheduling.commit(commits, 0);
  if (staleRuns.length + staleTaskInstances.length > 0) throw new Error('the given rows could not be written');
}

function changeTo(first: TaskInstance, row: NewTaskInstance, path: TaskInstanceChange['path']): TaskInstanceChange {
  return {
    taskInstanceId: first.id,
    from: first.state,
    expectedToken: null,
    path,
    next: { ...first, ...row, id: first.id, dagRunId: first.dagRunId },
    endAttempt: null,
    openAttempt: row.token === null ? null : { dispatchNumber: 1, createdAt: 0, startedAt: null, workerId: null },
    clearXComs: false,
    xcoms: [],
    reason: null,
  };
}

/** The services that move runs on, with an executor (null: worker processes take what is queued). */
export function schedulerOver(
  store: Store,
  executor: Executor | null,
  planOptions: PlanOptions,
): { readonly advancer: RunAdvancer; readonly planner: RunPlanner } {
  const advancer = new RunAdvancer({
    store: store.scheduling,
    actor: { kind: 'scheduler', id: randomUUID() },
    mintToken: randomUUID,
    logger: silentLogger,
    executor,
    backfillShare: 0.5,
    parallelism: MUCH,
    planOptions,
    visibilityMs: MUCH * MUCH,
  });
  const planner = new RunPlanner(store.scheduling, advancer, { visibilityMs: MUCH * MUCH, maxRuns: MUCH }, () => undefined);
  return { advancer, planner };
}

/** One pass over everything that is to be planned. Nothing is queued: what is ready stays scheduled. */
export async function passOnce(store: Store, now: Instant, planOptions: PlanOptions): Promise<void> {
  const { advancer, planner } = schedulerOver(store, noExecutor, planOptions);
  await planner.runOnce(now);
  await advancer.advance([], now);
}

/** Without a free slot: what is ready stays scheduled. */
export const noExecutor: Executor = {
  workerId: randomUUID(),
  slots: 0,
  freeSlots: () => 0,
  start: () => undefined,
  cancel: () => undefined,
  running: () => [],
  onOutcome: () => undefined,
  stop: async () => undefined,
};

/** Rows by `DagRun.id`. */
export async function rowsByRun(store: Store, runs: readonly DagRun[]): Promise<Map<number, TaskInstance[]>> {
  const found = new Map<number, TaskInstance[]>(runs.map(({ id }) => [id, []]));
  for (const row of await store.runs.listTaskInstances(runs.map(({ id }) => id))) found.get(row.dagRunId)?.push(row);
  return found;
}

export function stateNames(rows: readonly TaskInstance[]): Record<string, string> {
  return Object.fromEntries(rows.map(({ taskId, mapIndex, state }) => [nameOf(taskId, mapIndex), state]));
}
