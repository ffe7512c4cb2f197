/** The production roles: each process runs one part of the system against the database of `database.url` (or the embedded one). */
import { existsSync } from 'node:fs';
import { createLogger } from '../logging/logger.js';
import type { ComponentKind } from '../model/component.js';
import { connect, type Client } from './client.js';
import { openDatabase, waitForDatabase } from './database.js';
import { prepareHome } from './home.js';
import type { ProcessOptions } from './options.js';
import { startApiServer, startDagProcessor, startScheduler, startWorker, stopParts, type Part } from './parts.js';
import { reapComponents } from './reap-components.js';
import { listenForShutdown, type Shutdown } from './shutdown.js';
import { version } from './version.js';

/**
 * Discovers the DAGs folder, plans runs and puts tasks into the queue for workers. On a machine without a DAGs folder it only plans, and
 * a `dag-processor` or another scheduler discovers.
 */
export const runScheduler = (options: ProcessOptions): Promise<number> =>
  runRole('scheduler', options, async (client) => {
    const scheduler = await startScheduler(client, null);
    const { dagsFolder } = client.config.config.core;
    if (existsSync(dagsFolder)) return [scheduler, await startDagProcessor(client)];
    client.logger.info({ dagsFolder }, 'no DAGs folder here, DAGs come from the database');
    return [scheduler];
  });

/** Takes tasks from the queue and runs them. Needs no DAGs folder: the code comes from the database. */
export const runWorker = (options: ProcessOptions): Promise<number> =>
  runRole('worker', options, async (client, shutdown) => [await startWorker(client, shutdown.hurry)]);

/** Watches the DAGs folder and stores what it finds. */
export const runDagProcessor = (options: ProcessOptions): Promise<number> =>
  runRole('dag-processor', options, async (client) => [await startDagProcessor(client)]);

/** Serves the REST API. */
export const runApiServer = (options: ProcessOptions): Promise<number> =>
  runRole('api-server', options, async (client) => [await startApiServer(client)]);

async function runRole(
  kind: ComponentKind,
  { config: loaded, verbose }: ProcessOptions,
  start: (client: Client, shutdown: Shutdown) => Promise<Part[]>,
): Promise<number> {
  const { config } = loaded;
  const shutdown = listenForShutdown();
  // The parts name themselves in their lines; a field of the whole process would stand there twice.
  const logger = await createLogger({ level: verbose ? 'debug' : config.logging.level, format: config.logging.format });
  const own = logger.child({ component: kind });
  prepareHome(config.core.home);
  const database = await openDatabase(config, logger);
  const parts: Part[] = [database];
  const stopAll = async () => {
    await stopParts([...parts].reverse(), logger);
    shutdown.dispose();
  };
  try {
    const postgres = await waitForDatabase(database.url, config.database.connectTimeoutMs, own);
    const client = await connect(loaded, database, logger, kind);
    parts[0] = { stop: () => client.close() };
    await reapComponents(client.store.components);
    parts.push(...(await start(client, shutdown)));
    own.info({ version, node: process.version, postgres, database: database.label, home: config.core.home }, `${kind} started`);
    const reason = await shutdown.requested;
    own.info({ reason }, `${kind} stops`);
    await stopAll();
    return 0;
  } catch (error) {
    await stopAll();
    throw error;
  }
}
