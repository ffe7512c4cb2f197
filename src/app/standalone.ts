/** `airflow-like standalone`: everything in one process tree, with a terminal that says what happens. */
import { existsSync } from 'node:fs';
import { createLogger } from '../logging/logger.js';
import type { LoadedConfig } from '../config/load-config.js';
import { connect } from './client.js';
import { openDatabase, waitForDatabase } from './database.js';
import { lockHome, prepareHome } from './home.js';
import type { ProcessOptions } from './options.js';
import { startApiServer, startDagProcessor, startScheduler, startSupervisor, stopParts, type Part } from './parts.js';
import { reapComponents } from './reap-components.js';
import { RunFeed } from './run-feed.js';
import { listenForShutdown } from './shutdown.js';
import { version } from './version.js';

/** How often the terminal looks for runs that have ended. */
const FEED_MS = 500;

/** Runs until Ctrl-C or SIGTERM; resolves with the exit code. */
export async function runStandalone({ config: loaded, verbose }: ProcessOptions): Promise<number> {
  const { config } = loaded;
  const startedAt = performance.now();
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const shutdown = listenForShutdown();
  const logger = await createLogger({
    level: verbose ? config.logging.level : quieter(config.logging.level),
    format: config.logging.format,
  });

  prepareHome(config.core.home);
  const unlock = lockHome(config.core.home, config.api.port);
  const parts: Part[] = [];
  const stopAll = async () => {
    await stopParts(parts, logger);
    unlock();
    shutdown.dispose();
  };
  try {
    const database = await openDatabase(config, logger);
    parts.push(database);
    const postgres = await waitForDatabase(database.url, config.database.connectTimeoutMs, logger);
    const client = await connect(loaded, database, logger, 'standalone');
    parts[0] = { stop: () => client.close({ endDatabase: true }) };
    await reapComponents(client.store.components);

    const api = await startApiServer(client);
    parts.push(api);
    const { core, worker } = config;
    print(`airflow-like ${version}, Node.js ${process.versions.node}`);
    print(`  api            ${api.url}`);
    print(`  postgres       ${postgres}, ${database.label}`);
    print(`  dag-processor  ${core.dagsFolder}${existsSync(core.dagsFolder) ? '' : ' (missing: create this folder)'}`);
    print(`  scheduler      at most ${core.parallelism} tasks at once`);
    print(`  worker         ${worker.slots} slots, ${worker.queues.length === 1 ? 'queue' : 'queues'} ${worker.queues.join(', ')}`);
    print(`  home           ${core.home} (database, logs, caches)`);

    const feed = new RunFeed(client, print, process.stdout.isTTY === true);
    const supervisor = await startSupervisor(client, shutdown.hurry);
    parts.push(supervisor);
    // Before the supervisor, so that it stops after it: what attempts report on their way out still has to be settled.
    parts.splice(-1, 0, await startScheduler(client, supervisor.executor));
    const processor = await startDagProcessor(client);
    parts.push(processor);
    await processor.firstScan;
    if ((await feed.showDags()) === 0) print(`  no DAGs yet: save one in ${core.dagsFolder}`);
    print(`ready in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, stop with Ctrl-C`);
    parts.push(feed.follow(client.bus, FEED_MS, logger));

    const reason = await shutdown.requested;
    print(`stopping (${reason}) ...`);
    await stopAll();
    print('stopped');
    return 0;
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Without -v the terminal belongs to the runs: only warnings and errors of the system are shown. */
function quieter(level: LoadedConfig['config']['logging']['level']): LoadedConfig['config']['logging']['level'] {
  return level === 'debug' || level === 'info' ? 'warn' : level;
}
