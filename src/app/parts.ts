/** How each running part of the system is put together from its room and a client. `standalone` starts all of them, a role only its own. */
import { environmentSettings } from '../config/environment-settings.js';
import { runtimeEnv } from '../config/runtime-env.js';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Actor } from '../model/commit.js';
import type { Component, ComponentKind } from '../model/component.js';
import type { Executor } from '../ports/executor.js';
import type { Logger } from '../ports/logger.js';
import { RemoteSettler } from '../scheduler/remote-settler.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { CallbackRunner } from '../worker/callbacks/callback-runner.js';
import { CallbackService } from '../worker/callbacks/callback-service.js';
import { LeaseKeeper, type LeaseTimes } from '../worker/lease-keeper.js';
import type { RunnerSetup } from '../worker/supervisor/runner-fleet.js';
import { Supervisor } from '../worker/supervisor/supervisor.js';
import { WorkerService } from '../worker/worker-service.js';
import type { Client } from './client.js';
import { RegisteredComponent } from './components.js';
import { mintToken } from './mint-token.js';
import { createProjectFiles } from './project-files.js';
import { version } from './version.js';

/** Something that runs until it is stopped. */
export interface Part {
  stop(): Promise<void>;
}

/** Stops the parts one after the other. One that fails to stop does not keep the others running. */
export async function stopParts(parts: readonly Part[], logger: Logger): Promise<void> {
  for (const part of parts) {
    await part.stop().catch((error: unknown) => logger.error({ err: error }, 'a part of the system could not be stopped in order'));
  }
}

/** A loop that made no round for this long no longer counts as healthy. */
const STALLED_MS = 30_000;
const BLOCKED_LOOP_WARN_MS = 5_000;
/** Callbacks that one process calls at once. */
const CALLBACK_SLOTS = 4;

type WorkerComponent = Omit<Component, 'heartbeatAt' | 'leaseUntil' | 'stoppedAt'>;

export async function startScheduler(client: Client, executor: Executor | null): Promise<Part> {
  const { store, bus, clock, logger, timetables } = client;
  const { core, scheduler: options } = client.config.config;
  const component = register(client, 'scheduler', options, () => clock.now() - scheduler.lastProgressAt < STALLED_MS);
  const scheduler = new Scheduler({
    store,
    bus,
    clock,
    mintToken,
    logger: logger.child({ component: 'scheduler' }),
    componentId: component.id,
    executor,
    timetables,
    files: createProjectFiles(client.config.root),
    parallelism: core.parallelism,
    backfillShare: options.backfillShare,
    planOptions: { maxMapLength: core.maxMapLength },
    pollIntervalMs: options.pollIntervalMs,
    visibilityMs: options.planVisibilityMs,
    maxRunsPerPass: options.maxRunsPerPass,
    taskQueuedTimeoutMs: options.taskQueuedTimeoutMs,
  });
  // For people who ask why a task waits: what this scheduler can start at once, and in its own process.
  await component.start({ parallelism: core.parallelism, localSlots: executor && client.config.config.worker.slots });
  scheduler.start();
  return {
    async stop() {
      await scheduler.stop();
      await component.stop();
    },
  };
}

/** The supervisor of this process with its lease, for a scheduler that starts tasks here. Its `stop` gives attempts their grace. */
export async function startSupervisor(client: Client, hurry: AbortSignal): Promise<Part & { executor: Executor }> {
  const { store, bus, logger } = client;
  const { supervisor, component } = createSupervisor(client, true);
  const lease = new LeaseKeeper({
    component,
    components: store.components,
    attempts: store.attempts,
    bus,
    holder: supervisor,
    logger,
    times: client.config.config.worker,
  });
  await lease.start();
  supervisor.warmUp();
  const callbacks = startCallbacks(client);
  return {
    executor: supervisor,
    async stop() {
      const { graceMs } = client.config.config.shutdown;
      await Promise.all([supervisor.stop(graceMs, hurry), callbacks.stop(graceMs)]);
      await lease.stop();
    },
  };
}

/** A worker that fetches its tasks from the queue. */
export async function startWorker(client: Client, hurry: AbortSignal): Promise<Part> {
  const { store, bus, clock, logger } = client;
  const options = client.config.config.worker;
  const { supervisor, component } = createSupervisor(client, false);
  const actor: Actor = { kind: 'worker', id: component.id };
  const settler = new RemoteSettler({ store: store.scheduling, catalog: store.catalog, bus, clock, actor, logger });
  const service = new WorkerService({
    component,
    queues: options.queues,
    leaseTimes: options,
    executor: supervisor,
    attempts: store.attempts,
    components: store.components,
    bus,
    clock,
    logger,
    settle: (outcomes, assignments) => settler.settle(outcomes, assignments),
  });
  await service.start();
  supervisor.warmUp();
  const callbacks = startCallbacks(client);
  return {
    async stop() {
      const { graceMs } = client.config.config.shutdown;
      await Promise.all([service.stop(graceMs, hurry), callbacks.stop(graceMs)]);
    },
  };
}

/** Calls callbacks, of whatever tasks and runs, in this process. */
function startCallbacks(client: Client): CallbackService {
  const { store, bus, clock } = client;
  const logger = client.logger.child({ component: 'callbacks' });
  const { home } = client.config.config.core;
  const runner = new CallbackRunner({
    slots: CALLBACK_SLOTS,
    catalog: store.catalog,
    clock,
    logger,
    home,
    runnerOptions: runnerSetup(client),
  });
  const service = new CallbackService({ store: store.callbacks, runner, bus, clock, logger });
  service.start();
  return service;
}

function runnerSetup(client: Client): RunnerSetup {
  const { core, worker } = client.config.config;
  return {
    executionGraceMs: worker.executionGraceMs,
    maxRssMb: worker.maxRssMb,
    maxHeapMb: worker.maxHeapMb,
    blockedLoopWarnMs: BLOCKED_LOOP_WARN_MS,
    maxXComBytes: core.maxXComBytes,
    maxLogBytes: worker.logCapBytes,
    env: runtimeEnv(client.config.config),
    originalRoot: core.dagsFolder,
  };
}

function createSupervisor(client: Client, ownsAllTasks: boolean): { supervisor: Supervisor; component: WorkerComponent } {
  const { store, clock, logger } = client;
  const { core, worker } = client.config.config;
  const component: WorkerComponent = {
    id: randomUUID(),
    kind: 'worker',
    hostname: hostname(),
    pid: process.pid,
    version,
    startedAt: clock.now(),
    details: { slots: worker.slots, queues: worker.queues },
  };
  const supervisor = new Supervisor({
    workerId: component.id,
    slots: worker.slots,
    queues: worker.queues,
    attempts: store.attempts,
    catalog: store.catalog,
    settings: environmentSettings(),
    maxRenderedLength: core.maxTemplatedFieldLength,
    clock,
    logger: logger.child({ component: 'worker' }),
    home: core.home,
    // Where others may run tasks of the same runs, outputs kept here could be out of date after a clear.
    ...(ownsAllTasks ? {} : { outputCacheBytes: 0 }),
    runnerOptions: runnerSetup(client),
  });
  return { supervisor, component };
}

export async function startDagProcessor(client: Client): Promise<Part & { firstScan: Promise<void> }> {
  const { DagProcessor } = await import('../dag-processor/dag-processor.js');
  const { store, bus, clock, logger, timetables } = client;
  const { core, scheduler, dagProcessor: options } = client.config.config;
  const component = register(client, 'dag-processor', options);
  const processor = new DagProcessor({
    catalog: store.catalog,
    pools: store.pools,
    bus,
    clock,
    logger: logger.child({ component: 'dag-processor' }),
    dagsFolder: core.dagsFolder,
    pluginsFolder: core.pluginsFolder,
    scanIntervalMs: options.scanIntervalMs,
    importTimeoutMs: options.importTimeoutMs,
    maxImportMb: options.maxImportMb,
    children: options.children,
    timetables: new Set(timetables.keys()),
    parallelism: core.parallelism,
    cronDataIntervals: scheduler.cronDataIntervals,
    env: runtimeEnv(client.config.config),
  });
  await component.start();
  const firstScan = processor.start();
  return {
    firstScan,
    async stop() {
      await processor.stop();
      await component.stop();
    },
  };
}

/** Answers health checks for the whole installation; returns the address it listens on. */
export async function startApiServer(client: Client): Promise<Part & { url: string }> {
  const { createApiServer, listen } = await import('../api/server.js');
  const { store, clock, logger } = client;
  const { api } = client.config.config;
  const server = createApiServer({ store, clock, version, logger: logger.child({ component: 'api-server' }) });
  const url = await listen(server, { host: api.host, port: api.port });
  const component = register(client, 'api-server', api);
  await component.start({ url });
  return {
    url,
    async stop() {
      await server.close();
      await component.stop();
    },
  };
}

function register(
  client: Client,
  kind: ComponentKind,
  { heartbeatMs, leaseMs }: LeaseTimes,
  isHealthy?: () => boolean,
): RegisteredComponent {
  const { store, logger } = client;
  return new RegisteredComponent({
    kind,
    store: store.components,
    logger,
    heartbeatMs,
    leaseMs,
    ...(isHealthy ? { isHealthy } : {}),
  });
}
