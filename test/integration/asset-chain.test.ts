/** Events of assets from the task that brings them to the DAGs that run for them, over Postgres: one process, several, and processes that are killed. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { InlineExecutor } from '../../src/executors/inline.js';
import type { DagSpec } from '../../src/model/dag-spec.js';
import { MAX_LOST_DISPATCHES } from '../../src/model/task-instance.js';
import { FINISHED_RUN_STATES } from '../../src/model/states.js';
import type { Store } from '../../src/ports/store.js';
import { markTaskInstances } from '../../src/operations/mark-task-instances.js';
import type { Scheduler } from '../../src/scheduler/scheduler.js';
import { createMemoryEventBus } from '../../src/store/memory/index.js';
import { newRun, parsedFile } from '../support/dag-specs.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { PROJECT_ROOT } from '../tidy/project-root.js';

interface Process {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly executor: InlineExecutor;
  work(): Promise<number>;
  close(): Promise<void>;
}
interface Package {
  readonly definitions: readonly { readonly spec: DagSpec }[];
  open(url: string, options?: { readonly runsTasks: boolean }): Promise<Process>;
}

const DIST = join(PROJECT_ROOT, 'dist');
const CHAIN = join(PROJECT_ROOT, 'test/integration/assets/chain.mjs');
const { loadPackage } = (await import(CHAIN)) as { loadPackage(dist: string): Promise<Package> };
const { definitions, open } = await loadPackage(DIST);
const USER = { kind: 'user', id: 'ada' } as const;

let database: TestDatabase;
let opened: Process[];

beforeEach(async () => {
  database = await createTestDatabase();
  opened = [];
  const { store } = await start();
  const specs = definitions.map(({ spec }) => spec);
  await store.catalog.saveFiles([parsedFile('chain.ts', specs)], Date.now());
});
afterEach(async () => {
  for (const one of opened) await one.close();
  await database.drop();
});

async function start(options?: { readonly runsTasks: boolean }): Promise<Process> {
  const one = await open(database.url, options);
  opened.push(one);
  return one;
}

async function produce(store: Store, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const run = newRun(`manual__${number}`, null, { runType: 'manual', state: 'queued', runAfter: Date.now(), conf: { number } });
    await store.runs.createRun('producer', run, USER, Date.now());
  }
}

const range = (count: number, first = 0) => Array.from({ length: count }, (_, index) => first + index);

/** Numbers that runs of the consumer saw, by run, once everything is over. */
async function consumed(store: Store): Promise<readonly number[][]> {
  const runs = await store.runs.listRuns({ dagId: 'consumer' });
  const answers = await store.attempts.readXComs(runs.map(({ id }) => ({ dagRunId: id, taskId: 'read', key: 'return_value' })));
  return answers.map((values) => values.flatMap(({ value }) => value as number[]));
}

async function isOver(store: Store): Promise<boolean> {
  const runs = await store.runs.listRuns({});
  return runs.every(({ state }) => FINISHED_RUN_STATES.has(state)) && (await store.assets.listQueued({})).length === 0;
}

/** Waits until the last event has been consumed and every run has ended. */
async function untilOver(store: Store, drive: () => Promise<unknown>): Promise<void> {
  const giveUpAt = Date.now() + 100_000;
  for (;;) {
    await drive();
    if (await isOver(store)) return;
    if (Date.now() > giveUpAt) throw new Error(JSON.stringify(await store.runs.listRuns({})));
    await sleep(10);
  }
}

const drive =
  ({ scheduler, executor }: Process) =>
  async () => {
    await scheduler.runUntilIdle();
    if (executor.running().length > 0) await executor.settled();
  };

/** Each event that was brought is part of one run of its consumer, and of no other. */
async function expectConsumedOnce(store: Store, numbers: readonly number[]): Promise<void> {
  const seen = await consumed(store);
  expect(seen.flat().sort((a, b) => a - b)).toEqual(numbers);
  expect(seen.every((one) => one.length > 0)).toBe(true);
  for (const [name, dagId] of [
    ['orders', 'consumer'],
    ['report', 'reader'],
  ] as const) {
    const events = await store.assets.listEvents({ asset: { name, uri: name === 'orders' ? 's3://lake/orders' : name } });
    const triggered = await store.assets.findTriggeredRuns(events.map(({ id }) => id));
    expect([...triggered.values()].map((runs) => runs.length)).toEqual(events.map(() => 1));
    const runs = await store.runs.listRuns({ dagId });
    expect(new Set([...triggered.values()].flat())).toEqual(new Set(runs.map(({ id }) => id)));
    expect(new Set(runs.map(({ runType, state }) => `${runType} ${state}`))).toEqual(new Set(['asset_triggered success']));
  }
}

describe('a chain of DAGs over assets', () => {
  it('goes from the task that writes to those who wait, with what was said of it', async () => {
    const [one] = opened as [Process];
    await produce(one.store, [7]);
    await untilOver(one.store, drive(one));
    await expectConsumedOnce(one.store, [7]);
    const [run] = await one.store.runs.listRuns({ dagId: 'consumer' });
    const lineage = await one.store.assets.listLineage([run!.id]);
    expect(lineage.map(({ kind, taskId, asset }) => [kind, taskId, asset.name])).toEqual([
      ['trigger', null, 'orders'],
      ['input', 'read', 'orders'],
      ['output', 'read', 'report'],
    ]);
  });

  it('pitfall 49: does not go on from what was marked a success', async () => {
    const [one] = opened as [Process];
    const run = newRun('marked', null, { runType: 'manual', state: 'queued', runAfter: Date.now() + 1e6 });
    const created = await one.store.runs.createRun('producer', run, USER, Date.now());
    if (!('run' in created)) throw new Error('it exists');
    const deps = {
      store: one.store,
      bus: createMemoryEventBus(),
      clock: { now: () => Date.now(), sleep: async () => undefined },
      actor: USER,
    };
    const request = {
      dagId: 'producer',
      runId: 'marked',
      taskId: 'write',
      mapIndexes: null,
      upstream: false,
      downstream: false,
      past: false,
      future: false,
    };
    await markTaskInstances(deps, { ...request, state: 'success', dryRun: false });
    expect((await one.store.runs.listTaskInstances([created.run.id])).map(({ state }) => state)).toEqual(['success']);
    await drive(one)();
    expect(await one.store.assets.listEvents({})).toEqual([]);
    expect(await one.store.runs.listRuns({ dagId: 'consumer' })).toEqual([]);
  });

  it('goes on from what workers settle that have no scheduler', async () => {
    const worker = opened[0] as Process;
    const scheduling = await start({ runsTasks: false });
    await produce(worker.store, range(3));
    await untilOver(worker.store, async () => {
      await scheduling.scheduler.runUntilIdle();
      await worker.work();
    });
    await expectConsumedOnce(worker.store, range(3));
  });

  it('loses and repeats nothing between two schedulers that look at once', async () => {
    const [one, two] = [opened[0] as Process, await start()];
    // The two side by side, but each by itself one pass after the other, as in its loop.
    const twice = async (process: Process) => {
      await drive(process)();
      await drive(process)();
    };
    const bothTwice = () => Promise.all([twice(one), twice(two)]);
    for (const round of range(5)) {
      await produce(one.store, range(6, 6 * round));
      await bothTwice();
    }
    await untilOver(one.store, bothTwice);
    await expectConsumedOnce(one.store, range(30));
  });

  it('loses and repeats nothing when schedulers are killed at any moment', async () => {
    const { store } = opened[0] as Process;
    await produce(store, range(20));
    // A task that is under way at each kill has lost as many dispatches as one may lose.
    const moments = [15, 60, 250];
    expect(moments.length).toBeLessThanOrEqual(MAX_LOST_DISPATCHES);
    for (const afterMs of moments) {
      const child = fork(CHAIN, [DIST, database.url], { execArgv: [], silent: true });
      await once(child, 'message');
      await sleep(afterMs);
      child.kill('SIGKILL');
      await once(child, 'exit');
      for (const { id, pid } of await store.components.list()) if (pid === child.pid) await store.components.stopped(id);
    }
    const last = fork(CHAIN, [DIST, database.url], { execArgv: [], silent: true });
    await untilOver(store, () => sleep(50));
    last.kill('SIGKILL');
    await once(last, 'exit');
    await expectConsumedOnce(store, range(20));
  });
});
