/** The store on PostgreSQL 14 to 18. */
import type { Logger } from '../../ports/logger.js';
import type { Store } from '../../ports/store.js';
import { createAssetStore } from './assets.js';
import { createAttemptStore } from './attempts.js';
import { createBackfillStore } from './backfills.js';
import { createCallbackStore } from './callbacks.js';
import { createComponentStore } from './components.js';
import { checkSchema } from './schema.js';
import { createPoolStore } from './pools.js';
import { createRunReads } from './run-reads.js';
import { createCatalog } from './dags.js';
import { createSchedulingStore } from './scheduling.js';
import { Database, type Statement } from './session.js';
import { createSituationReads } from './situations.js';
import { SpecCache } from './spec-cache.js';

export { isPassingFailure, maskUrl } from './connection.js';
export { checkConnection, type CheckConnectionOptions } from './database.js';
export { openPostgresEventBus, type PostgresEventBusOptions } from './event-bus.js';
export { checkSchema, migrate, resetSchema, schemaStatus, type SchemaStatus } from './schema.js';

export interface PostgresStoreOptions {
  readonly url: string;
  /** Shown as `application_name`: `airflow-like:<role>`. */
  readonly role: string;
  /** Most connections, opened when needed; one more is kept for heartbeats. Default 4. */
  readonly poolSize?: number;
  readonly logger?: Logger;
}

const NOW: Statement = { name: 'now', text: 'select clock_timestamp() as at' };

/**
 * Opens the store. The schema must be current: run `migrate` before.
 *
 * @throws AirflowLikeError DB_CONNECT, DB_VERSION, SCHEMA_VERSION
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, role, logger, poolSize = 4 } = options;
  await checkSchema(url);
  const common = { url, pinPlans: true, ...(logger && { logger }) };
  const database = new Database({ ...common, role, poolSize });
  // However busy the others are: a lease must not end because its renewal waits for a connection.
  const heartbeats = new Database({ ...common, role: `${role}-heartbeat`, poolSize: 1 });
  const specs = new SpecCache();
  return {
    catalog: createCatalog(database, specs),
    scheduling: createSchedulingStore(database, specs),
    attempts: createAttemptStore(database, specs),
    callbacks: createCallbackStore(database, specs),
    runs: createRunReads(database, specs),
    backfills: createBackfillStore(database, specs),
    assets: createAssetStore(database),
    pools: createPoolStore(database),
    situations: createSituationReads(database, specs),
    components: createComponentStore(heartbeats),
    async now() {
      const [row] = await database.run<{ at: number }>(NOW);
      return row!.at;
    },
    async close() {
      await Promise.all([database.close(), heartbeats.close()]);
    },
  };
}
