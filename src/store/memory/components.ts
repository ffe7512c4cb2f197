/** Components and their leases in memory, by the given clock. */
import type { Clock } from '../../ports/clock.js';
import type { ComponentStore } from '../../ports/store.js';
import type { Tables } from './tables.js';

export function createComponentStore(tables: Tables, clock: Clock): ComponentStore {
  const { components } = tables;
  return {
    async register(component, leaseMs) {
      const now = clock.now();
      const first = components.get(component.id) ?? component;
      components.set(component.id, {
        ...first,
        details: component.details,
        heartbeatAt: now,
        leaseUntil: now + leaseMs,
        stoppedAt: null,
      });
    },
    async heartbeat(componentId, leaseMs, details) {
      const known = components.get(componentId);
      if (!known || known.stoppedAt !== null) return false;
      const now = clock.now();
      components.set(componentId, { ...known, heartbeatAt: now, leaseUntil: now + leaseMs, details: details ?? known.details });
      return true;
    },
    async stopped(componentId) {
      const known = components.get(componentId);
      if (known && known.stoppedAt === null) components.set(componentId, { ...known, stoppedAt: clock.now() });
    },
    async list() {
      const text = (component: { kind: string; startedAt: number; id: string }) =>
        `${component.kind} ${String(component.startedAt).padStart(16, '0')} ${component.id}`;
      return [...components.values()].sort((a, b) => (text(a) < text(b) ? -1 : 1));
    },
  };
}
