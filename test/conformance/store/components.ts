import { describe, expect, it } from '@jest/globals';
import { type StoreSuite } from './suite.js';

export function describeComponents({ store }: StoreSuite): void {
  describe('components', () => {
    it('keeps leases by its own clock', async () => {
      const now = await store.now();
      const component = {
        id: 'w',
        kind: 'worker',
        hostname: 'h',
        pid: 7,
        version: '1',
        startedAt: now,
        details: { slots: 4 },
      } as const;
      expect(await store.components.heartbeat('w', 1_000)).toBe(false);
      await store.components.register(component, 30_000);
      const [registered] = await store.components.list();
      expect(registered).toMatchObject({ ...component, stoppedAt: null });
      // Two looks at the clock.
      expect(registered!.leaseUntil - registered!.heartbeatAt).toBeGreaterThanOrEqual(29_999);
      expect(registered!.leaseUntil - registered!.heartbeatAt).toBeLessThan(60_000);
      expect(await store.components.heartbeat('w', 60_000, { slots: 8 })).toBe(true);
      expect((await store.components.list())[0]!.details).toEqual({ slots: 8 });
      expect(await store.components.heartbeat('w', 60_000)).toBe(true);
      expect((await store.components.list())[0]!.details).toEqual({ slots: 8 });
      await store.components.stopped('w');
      expect(await store.components.heartbeat('w', 60_000)).toBe(false);
      expect((await store.components.list())[0]!.stoppedAt).not.toBeNull();
    });
  });
}
