/** The run behind `testDag` and `dags test`, looked at while its tasks are under way. */
import { expect, it } from '@jest/globals';
import { context, defineDag } from '../../../src/sdk/index.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { InMemoryRun } from '../../../src/testing/in-memory-run.js';
import { VirtualClock } from '../../../src/testing/index.js';

function runOf(dag: unknown, clock: VirtualClock): Promise<InMemoryRun> {
  const { dags } = collectDags({ dag }, 'in-memory-run.test.ts');
  return InMemoryRun.create({ dag: dags[0]!, clock, dataInterval: null, logicalDate: null });
}

it('does not take a task that runs for a lost one, however long it takes', async () => {
  const clock = new VirtualClock('2026-03-29');
  let release = (): void => undefined;
  let calls = 0;
  const slow = defineDag('slow', { schedule: null }, (d) => {
    d.task('call', () => {
      calls++;
      return new Promise<number>((resolve) => (release = () => resolve(1)));
    })();
  });
  const run = await runOf(slow, clock);
  for (let pass = 0; pass < 10; pass++) {
    await run.step();
    clock.advance('30d');
  }
  expect(await run.taskInstances()).toMatchObject([{ state: 'running', tryNumber: 1, lostDispatches: 0 }]);
  release();
  await run.drive();
  expect(calls).toBe(1);
  expect(await run.isOver()).toBe(true);
});

it('tells what still runs that the run is over', async () => {
  const clock = new VirtualClock('2026-03-29');
  let signal: AbortSignal | undefined;
  const slow = defineDag('slow', { schedule: null, dagrunTimeout: '1h' }, (d) => {
    d.task('call', () => {
      signal = context().signal;
      return new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
    })();
  });
  const run = await runOf(slow, clock);
  await run.step();
  await new Promise((resolve) => setImmediate(resolve));
  expect(signal?.aborted).toBe(false);
  clock.advance(3_600_001);
  await run.drive();
  expect(signal?.aborted).toBe(true);
  expect(await run.run()).toMatchObject({ state: 'failed' });
  expect(await run.taskInstances()).toMatchObject([{ state: 'skipped' }]);
});
