import { expect, it } from '@jest/globals';
import type { Logger } from '../../../src/ports/logger.js';
import { VainWaits } from '../../../src/scheduler/vain-waits.js';
import { taskSpec, viewOf } from '../core/factories.js';

const MINUTE_MS = 60_000;

it('pitfall 32: names a task whose pool is missing or too narrow at once, and as an error every ten minutes', () => {
  const said: string[] = [];
  const write = (level: string) => (_fields: object, text: string) => void said.push(`${level} ${text}`);
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } as unknown as Logger;
  const waits = new VainWaits(logger);
  const view = viewOf([taskSpec('a'), taskSpec('b'), taskSpec('c')], {
    a: { state: 'scheduled', pool: 'gpuu' },
    b: { state: 'scheduled', pool: 'gpu', poolSlots: 5 },
    c: { state: 'scheduled', pool: 'endless', poolSlots: 9 },
  });
  const candidates = [...view.ready()].map((instance) => ({ view, instance }));
  const occupancy = (pools: object) => ({ total: 0, pools, tasks: {}, pausedDags: [] }) as Parameters<VainWaits['note']>[1];
  const narrow = occupancy({ gpu: { slots: 3, occupied: 0 }, endless: { slots: -1, occupied: 4 } });
  waits.note(candidates, narrow, 0);
  waits.note(candidates, narrow, 9 * MINUTE_MS);
  expect(said.splice(0)).toEqual([
    'warn POOL_UNKNOWN: task d.a waits for the pool "gpuu", which does not exist; did you mean "gpu"?',
    'warn POOL_SLOTS: task d.b needs 5, pool "gpu" has 3',
  ]);
  waits.note(candidates, narrow, 10 * MINUTE_MS);
  waits.note(candidates, narrow, 11 * MINUTE_MS);
  expect(said.splice(0)).toEqual([
    'error POOL_UNKNOWN: task d.a waits for the pool "gpuu", which does not exist; did you mean "gpu"?; it has waited for 10 minutes',
    'error POOL_SLOTS: task d.b needs 5, pool "gpu" has 3; it has waited for 10 minutes',
  ]);
  waits.note(candidates, occupancy({ gpu: { slots: 5, occupied: 5 }, gpuu: { slots: 0, occupied: 0 } }), 12 * MINUTE_MS);
  expect(said.splice(0)).toEqual(['warn POOL_UNKNOWN: task d.c waits for the pool "endless", which does not exist']);
});
