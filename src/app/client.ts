/** A command's door to the system: the store, whether or not `npm start` is running. */
import type { LoadedConfig } from '../config/load-config.js';
import type { Timetable } from '../core/timetable/timetable.js';
import type { Actor } from '../model/commit.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { Store } from '../ports/store.js';
import { userInfo } from 'node:os';
import { DatabaseClock } from './database-clock.js';
import { openDatabase, type Database } from './database.js';
import { prepareHome } from './home.js';

export interface Client {
  readonly store: Store;
  readonly bus: EventBus;
  readonly clock: DatabaseClock;
  /** The person at the keyboard, as the event history names them. */
  readonly actor: Actor;
  readonly timetables: ReadonlyMap<string, Timetable>;
  readonly config: LoadedConfig;
  readonly logger: Logger;
  /** Closes connections and leaves the database: an embedded one ends with its last user, or at once when `endDatabase` is set. */
  close(options?: { readonly endDatabase?: boolean }): Promise<void>;
}

/** Opens the store for one command: a running embedded Postgres is used, else it is brought up for the command's own duration. */
export async function openClient(loaded: LoadedConfig, logger: Logger, role = 'cli'): Promise<Client> {
  const { config } = loaded;
  prepareHome(config.core.home);
  const database = await openDatabase(config, logger);
  try {
    return await connect(loaded, database, logger, role);
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/** Migrates where needed and connects; `close` also leaves `database`. */
export async function connect(loaded: LoadedConfig, database: Database, logger: Logger, role: string): Promise<Client> {
  const { config } = loaded;
  const { migrate, openPostgresStore, openPostgresEventBus } = await import('../store/postgres/index.js');
  await migrate(database.url);
  const store = await openPostgresStore({ url: database.url, role, poolSize: config.database.poolSize, logger });
  const bus = await openPostgresEventBus(database.url, { role, logger });
  const clock = await DatabaseClock.start(store, logger);
  const { loadPlugins } = await import('../plugins/load-plugins.js');
  const plugins = await loadPlugins(config.core.pluginsFolder);
  for (const problem of plugins.problems) logger.error({ ...problem }, problem.message);
  return {
    store,
    bus,
    clock,
    actor: { kind: 'user', id: userName() },
    timetables: plugins.timetables,
    config: loaded,
    logger,
    async close({ endDatabase = false } = {}) {
      clock.stop();
      await bus.close();
      await store.close();
      await database.stop({ force: endDatabase });
    },
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
