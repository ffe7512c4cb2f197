/** How each running part of the system is put together from its room and a client. `standalone` starts all of them, a role only its own. */
import { runtimeEnv } from '../config/runtime-env.js';
import type { Executor } from '../ports/executor.js';
import { Scheduler } from '../scheduler/scheduler.js';
import type { Client } from './client.js';
import { RegisteredComponent } from './components.js';
import { mintToken } from './mint-token.js';
import { version } from './version.js';

/** Something that runs until it is stopped. */
export interface Part {
  stop(): Promise<void>;
}

/** A loop that made no round for this long no longer counts as healthy. */
const STALLED_MS = 30_000;

export async function startScheduler(client: Client, executor: Executor | null): Promise<Part> {
  const { store, bus, clock, logger, timetables } = client;
  const { core, scheduler: options } = client.config.config;
  const component = new RegisteredComponent('scheduler', store.components, logger, () => clock.now() - scheduler.lastProgressAt < STALLED_MS);
  const scheduler = new Scheduler({
    store,
    bus,
    clock,
    mintToken,
    logger: logger.child({ component: 'scheduler' }),
    componentId: component.id,
    executor,
    timetables,
    parallelism: core.parallelism,
    planLimits: { maxMapLength: core.maxMapLength },
    pollIntervalMs: options.pollIntervalMs,
    visibilityMs: options.planVisibilityMs,
    taskQueuedTimeoutMs: options.taskQueuedTimeoutMs,
  });
  await component.start();
  scheduler.start();
  return {
    async stop() {
      await scheduler.stop();
      await component.stop();
    },
  };
}

export async function startDagProcessor(client: Client): Promise<Part & { firstScan: Promise<void> }> {
  const { DagProcessor } = await import('../dag-processor/dag-processor.js');
  const { store, bus, clock, logger } = client;
  const { core, dagProcessor: options } = client.config.config;
  const component = new RegisteredComponent('dag-processor', store.components, logger);
  const processor = new DagProcessor({
    catalog: store.catalog,
    bus,
    clock,
    logger: logger.child({ component: 'dag-processor' }),
    dagsFolder: core.dagsFolder,
    pluginsFolder: core.pluginsFolder,
    scanIntervalMs: options.scanIntervalMs,
    importTimeoutMs: options.importTimeoutMs,
    maxImportMb: options.maxImportMb,
    children: options.children,
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
  const component = new RegisteredComponent('api-server', store.components, logger);
  await component.start({ url });
  return {
    url,
    async stop() {
      await server.close();
      await component.stop();
    },
  };
}
