/**
 * A producer and a consumer, and a process that schedules and runs them over Postgres, with the compiled package. Started by itself it does
 * so until it is killed: a test kills it at any moment. Arguments: folder of dist, URL of the database.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Lease of a worker, in milliseconds: no machine stands still for so long. Whoever kills one says that it has stopped. */
const LEASE_MS = 120_000;
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** @param {string} dist */
export async function loadPackage(dist) {
  const load = (path) => import(join(dist, path));
  const sdk = await load('sdk/index.js');
  const { collectDags } = await load('sdk/collect-dags.js');
  const { InlineExecutor } = await load('executors/inline.js');
  const { Scheduler } = await load('scheduler/scheduler.js');
  const { RemoteSettler } = await load('scheduler/remote-settler.js');
  const { createMemoryEventBus } = await load('store/memory/index.js');
  const { openPostgresStore } = await load('store/postgres/index.js');
  const { DEFAULT_PLAN_OPTIONS } = await load('core/dag-run/plan-options.js');
  const { asset, context, defineDag } = sdk;
  const orders = asset('orders', { uri: 's3://lake/orders' });
  const report = asset('report');
  const dags = {
    producer: defineDag('producer', {}, (d) =>
      d.task('write', { outlets: [orders] }, async () => {
        context().outletEvents.get(orders).extra = { number: context().params['number'] };
        await sleep(5);
      })(),
    ),
    consumer: defineDag('consumer', { schedule: orders, maxActiveRuns: 2 }, (d) =>
      d.task('read', { inlets: [orders], outlets: [report] }, async () => {
        const events = await context().triggeringAssetEvents.all();
        await sleep(5);
        return events.map(({ extra }) => extra['number']);
      })(),
    ),
    reader: defineDag('reader', { schedule: report, maxActiveRuns: 1 }, (d) => d.task('count', () => 1)()),
  };
  const definitions = collectDags(dags, 'chain.ts').dags;

  /** One process: a store session, a scheduler and, if it is to run tasks, an executor. Nobody tells it anything: it looks by itself. */
  async function open(url, { runsTasks = true } = {}) {
    const store = await openPostgresStore({ url, role: 'asset-chain' });
    const clock = { now: () => Date.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined) };
    const executor = new InlineExecutor({
      workerId: randomUUID(),
      attempts: store.attempts,
      clock,
      loadDag: ({ key }) => definitions.find(({ spec }) => spec.dagId === key.dagId),
    });
    const worker = {
      id: executor.workerId,
      kind: 'worker',
      hostname: 'test',
      pid: process.pid,
      version: '',
      startedAt: clock.now(),
      details: {},
    };
    await store.components.register(worker, LEASE_MS);
    const heartbeat = setInterval(
      () => void store.components.heartbeat(worker.id, LEASE_MS).catch(() => undefined),
      LEASE_MS / 100,
    );
    const bus = createMemoryEventBus();
    const scheduler = new Scheduler({
      store,
      bus,
      clock,
      mintToken: randomUUID,
      logger: silent,
      componentId: randomUUID(),
      executor: runsTasks ? executor : null,
      timetables: new Map(),
      parallelism: 32,
      backfillShare: 0.5,
      planOptions: DEFAULT_PLAN_OPTIONS,
      pollIntervalMs: 20,
      visibilityMs: 1_000,
      maxRunsPerPass: 100,
      taskQueuedTimeoutMs: 60_000,
    });
    const settler = new RemoteSettler({
      store: store.scheduling,
      catalog: store.catalog,
      bus,
      clock,
      actor: { kind: 'worker', id: worker.id },
      logger: silent,
    });
    return {
      store,
      scheduler,
      executor,
      /** What a worker without a scheduler does: fetches what is queued, and settles what comes of it. */
      async work() {
        const assignments = await store.attempts.claimQueued(executor.workerId, ['default'], 8, clock.now());
        const known = new Map(assignments.map((assignment) => [assignment.token, assignment]));
        const outcomes = [];
        executor.onOutcome((outcome) => outcomes.push(outcome));
        executor.start(assignments);
        await executor.settled();
        if (outcomes.length > 0) await settler.settle(outcomes, known);
        return outcomes.length;
      },
      async close() {
        clearInterval(heartbeat);
        await executor.stop(1_000);
        await store.close();
      },
    };
  }
  return { definitions, open };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dist, url] = process.argv.slice(2);
  const { open } = await loadPackage(dist);
  const { scheduler } = await open(url);
  scheduler.start();
  process.send('started');
}
