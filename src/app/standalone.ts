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

/**
 * The supervisor first, so that no task begins once the terminal says that it stops; what attempts report on their way out still has to be
 * settled, and the runs that end by that are shown.
 */
const STOP_ORDER = ['supervisor', 'scheduler', 'feed', 'dagProcessor', 'api', 'database'] as const;

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
  const parts: Partial<Record<(typeof STOP_ORDER)[number], Part>> = {};
  const stopAll = async () => {
    await stopParts(
      STOP_ORDER.flatMap((name) => parts[name] ?? []),
      logger,
    );
    unlock();
    shutdown.dispose();
  };
  try {
    const database = await openDatabase(config, logger);
    parts.database = database;
    const postgres = await waitForDatabase(database.url, config.database.connectTimeoutMs, logger);
    const client = await connect(loaded, database, logger, 'standalone');
    parts.database = { stop: () => client.close({ endDatabase: true }) };
    await reapComponents(client.store.components);

    const api = await startApiServer(client);
    parts.api = api;
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
    parts.supervisor = supervisor;
    parts.scheduler = await startScheduler(client, supervisor.executor);
    const processor = await startDagProcessor(client);
    parts.dagProcessor = processor;
    await processor.firstScan;
    if ((await feed.showDags()) === 0) print(`  no DAGs yet: save one in ${core.dagsFolder}`);
    print(`ready in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, stop with Ctrl-C`);
    parts.feed = feed.follow(client.bus, FEED_MS, logger);

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
