/** A run as text: what a person reads when a test fails. */
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { defineDag, SkipTask } from '../../../src/sdk/index.js';
import { day, testDag } from '../../../src/testing/index.js';

const sales = defineDag('sales', { schedule: null }, (d) => {
  const landed = d.sensor('landed', { mode: 'reschedule', pokeInterval: '1m' }, () => false);
  const extract = d.task('extract', { retries: 1, retryDelay: '5m' }, (): { id: number }[] => [{ id: 1 }, { id: 2 }]);
  const score = d.task('score', { retries: 1, retryDelay: '5m' }, (order: { id: number }, label: string): number => {
    if (order.id === 2) throw new TypeError(`order ${order.id} of ${label} has no total`);
    return order.id;
  });
  const load = d.task('load', (scores: number[]) => scores.length);
  load(score.map(extract().after(landed()), 'eu'));
});
const dataInterval = day('2026-03-29');

describe('a run as text', () => {
  it('shows a run that waits', async () => {
    const run = await testDag(sales, { dataInterval });
    expect(run.toString()).toBe(
      [
        'sales [2026-03-29T00:00:00.000Z, 2026-03-30T00:00:00.000Z): running',
        '└─ landed up_for_reschedule (next 2026-03-30T00:01:00.000Z) → extract none → score none → load none',
      ].join('\n'),
    );
    expect(inspect(run)).toBe(run.toString());
  });

  it('shows the first error, and the inputs that led to it', async () => {
    const run = await testDag(sales, { dataInterval, stubs: { landed: true } });
    await run.finish();
    const [head, tree, empty, ...error] = run.toString().split('\n');
    expect([head, tree, empty]).toEqual([
      'sales [2026-03-29T00:00:00.000Z, 2026-03-30T00:00:00.000Z): failed',
      '└─ landed success → extract success → score [1 success, 1 failed] → load upstream_failed',
      '',
    ]);
    expect(error.slice(0, 4)).toEqual([
      'first error: score[1], try 2 of 2',
      '  input 1: { id: 2 }',
      "  input 2: 'eu'",
      '  TypeError: order 2 of eu has no total',
    ]);
    expect(error[4]).toMatch(/^ +at .*describe-run\.test\.ts:\d+:\d+/);
  });

  it('shows an error of what will be tried again, and why something was skipped', async () => {
    const run = await testDag(
      defineDag('mixed', { schedule: null }, (d) => {
        d.task('again', { retries: 3, retryDelay: '1h' }, () => {
          throw new Error('not yet');
        })();
        d.task('off', () => {
          throw new SkipTask('holiday');
        })();
      }),
      { now: '2026-03-29' },
    );
    expect(run.toString().split('\n').slice(0, 6)).toEqual([
      'mixed without a data interval: running',
      '├─ again up_for_retry (try 1 of 4, next 2026-03-29T01:00:00.000Z)',
      '└─ off skipped (holiday)',
      '',
      'first error: again, try 1 of 4',
      '  Error: not yet',
    ]);
  });

  it('is what a failed assertion says', async () => {
    const run = await testDag(sales, { dataInterval, stubs: { landed: true, score: 1 } });
    expect(run.assertState('success')).toBe(run);
    const wrong = () => run.assertState('failed');
    expect(wrong).toThrow(`the run should be failed, but is success\n\n${run}`);
  });
});
