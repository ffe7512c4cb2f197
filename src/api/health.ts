import type { Component, ComponentKind } from '../model/component.js';
import type { Instant } from '../model/instant.js';
import type { Clock } from '../ports/clock.js';
import type { Store } from '../ports/store.js';
import type { HealthResponse, HealthStatus } from './contract/health.js';

/** A database that does not answer for this long counts as unreachable: a health check has to answer itself. */
const DATABASE_ANSWER_MS = 3_000;

/**
 * Asks the store which processes live. Never rejects: an unreachable database is an answer too. A process is healthy while its lease
 * lasts by the clock, which is the measure the system itself goes by when it takes work away.
 */
export async function readHealth(store: Store, clock: Clock): Promise<HealthResponse> {
  const components = await listComponents(store, clock);
  const now = clock.now();
  const scheduler = summarise(components, 'scheduler', now, 'unhealthy');
  const triggerer = summarise(components, 'triggerer', now, null);
  const dagProcessor = summarise(components, 'dag-processor', now, null);
  const worker = summarise(components, 'worker', now, null);
  const apiServer = summarise(components, 'api-server', now, null);
  return {
    metadatabase: { status: components ? 'healthy' : 'unhealthy' },
    scheduler: { status: scheduler.status, latest_scheduler_heartbeat: scheduler.heartbeat },
    triggerer: { status: triggerer.status, latest_triggerer_heartbeat: triggerer.heartbeat },
    dag_processor: { status: dagProcessor.status, latest_dag_processor_heartbeat: dagProcessor.heartbeat },
    worker: { status: worker.status, latest_worker_heartbeat: worker.heartbeat },
    // Whoever reads this was answered.
    api_server: { status: 'healthy', latest_api_server_heartbeat: apiServer.heartbeat },
  };
}

async function listComponents(store: Store, clock: Clock): Promise<readonly Component[] | null> {
  const answered = new AbortController();
  const givenUp = clock.sleep(DATABASE_ANSWER_MS, answered.signal).then(() => null);
  try {
    return await Promise.race([store.components.list(), givenUp]);
  } catch {
    return null;
  } finally {
    answered.abort();
  }
}

function summarise(
  components: readonly Component[] | null,
  kind: ComponentKind,
  now: Instant,
  whenNone: HealthStatus,
): { status: HealthStatus; heartbeat: string | null } {
  if (!components) return { status: 'unhealthy', heartbeat: null };
  const ofKind = components.filter((component) => component.kind === kind);
  if (ofKind.length === 0) return { status: whenNone, heartbeat: null };
  const isAlive = ofKind.some((component) => component.stoppedAt === null && component.leaseUntil >= now);
  const latest = Math.max(...ofKind.map((component) => component.heartbeatAt));
  return { status: isAlive ? 'healthy' : 'unhealthy', heartbeat: new Date(latest).toISOString().replace('Z', '+00:00') };
}
