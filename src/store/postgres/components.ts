/** Running parts of the system and their leases, by the database's clock. */
import type { Component, ComponentKind } from '../../model/component.js';
import type { Instant } from '../../model/instant.js';
import type { ComponentStore } from '../../ports/store.js';
import type { Database, Row, Session, Statement } from './session.js';

const LEASE_END = (parameter: string) => `clock_timestamp() + ${parameter}::float8 * interval '1 millisecond'`;

const REGISTER: Statement = {
  name: 'register_component',
  text: `insert into component (component_id, kind, hostname, pid, version, started_at, heartbeat_at, lease_until, details)
    values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), clock_timestamp(), ${LEASE_END('$7')}, $8)
    on conflict (component_id) do update set heartbeat_at = excluded.heartbeat_at, lease_until = excluded.lease_until,
      details = excluded.details, stopped_at = null`,
};

const HEARTBEAT: Statement = {
  name: 'heartbeat',
  text: `update component set heartbeat_at = clock_timestamp(), lease_until = ${LEASE_END('$2')}, details = coalesce($3, details)
    where component_id = $1 and stopped_at is null returning 1`,
};

const STOPPED: Statement = {
  name: 'component_stopped',
  text: 'update component set stopped_at = clock_timestamp() where component_id = $1 and stopped_at is null',
};

const LIST: Statement = { name: 'list_components', text: 'select * from component order by kind, started_at, component_id' };

export async function listComponents(session: Session): Promise<readonly Component[]> {
  return (await session.run(LIST)).map(readComponent);
}

export function createComponentStore(database: Database): ComponentStore {
  return {
    async register(component, leaseMs) {
      const { id, kind, hostname, pid, version, startedAt, details } = component;
      await database.run(REGISTER, [id, kind, hostname, pid, version, startedAt, leaseMs, JSON.stringify(details)]);
    },
    async heartbeat(componentId, leaseMs, details) {
      const rows = await database.run(HEARTBEAT, [componentId, leaseMs, details === undefined ? null : JSON.stringify(details)]);
      return rows.length > 0;
    },
    async stopped(componentId) {
      await database.run(STOPPED, [componentId]);
    },
    async list() {
      return listComponents(database);
    },
  };
}

function readComponent(row: Row): Component {
  return {
    id: row['component_id'] as string,
    kind: row['kind'] as ComponentKind,
    hostname: row['hostname'] as string,
    pid: row['pid'] as number,
    version: row['version'] as string,
    startedAt: row['started_at'] as Instant,
    heartbeatAt: row['heartbeat_at'] as Instant,
    leaseUntil: row['lease_until'] as Instant,
    stoppedAt: row['stopped_at'] as Instant | null,
    details: JSON.parse(row['details'] as string) as Component['details'],
  };
}
