import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { ServiceLoop, type ServiceLoopOptions } from '../../../src/scheduler/service-loop.js';
import { VirtualClock } from '../../../src/testing/virtual-clock.js';

/** Lets everything run that does not wait for time. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function createLoop(options: Partial<ServiceLoopOptions> = {}) {
  const clock = new VirtualClock(0);
  const seen = { turns: 0, polls: 0, failures: 0 };
  const loop = new ServiceLoop({
    clock,
    logger: pino({ level: 'silent' }),
    pollIntervalMs: 1_000,
    turn: () => Promise.resolve(void seen.turns++),
    onPoll: () => void seen.polls++,
    onFailure: () => void seen.failures++,
    hasWork: () => false,
    ...options,
  });
  return { clock, loop, seen };
}

describe('ServiceLoop', () => {
  it('rests without work until it is woken or the poll interval has passed', async () => {
    const { clock, loop, seen } = createLoop();
    loop.start();
    await settle();
    expect(seen).toMatchObject({ turns: 1, polls: 0 });
    loop.wake();
    await settle();
    expect(seen).toMatchObject({ turns: 2, polls: 0 });
    clock.moveTo(1_000);
    await settle();
    expect(seen).toMatchObject({ turns: 3, polls: 1 });
    await loop.stop();
  });

  it('makes another turn when it is woken during one', async () => {
    let turns = 0;
    const { loop } = createLoop({
      turn: () => {
        if (++turns === 1) loop.wake();
        return Promise.resolve();
      },
    });
    loop.start();
    await settle();
    expect(turns).toBe(2);
    await loop.stop();
  });

  it('rests after a turn in proportion to its length', async () => {
    let turns = 0;
    const { clock, loop } = createLoop({
      restFactor: 3,
      hasWork: () => true,
      turn: () => {
        turns++;
        clock.advance(10);
        return Promise.resolve();
      },
    });
    loop.start();
    await settle();
    expect(turns).toBe(1);
    clock.advance(29);
    await settle();
    expect(turns).toBe(1);
    clock.advance(1);
    await settle();
    expect(turns).toBe(2);
    await loop.stop();
  });

  it('goes on after a turn that failed, with pauses that grow', async () => {
    let turns = 0;
    const { clock, loop, seen } = createLoop({
      turn: () => (++turns <= 2 ? Promise.reject(new Error('away')) : Promise.resolve()),
    });
    loop.start();
    await settle();
    clock.moveTo(100);
    await settle();
    expect(turns).toBe(2);
    clock.moveTo(200);
    await settle();
    expect(turns).toBe(2);
    clock.moveTo(300);
    await settle();
    expect(turns).toBe(3);
    expect(seen.failures).toBe(2);
    await loop.stop();
  });

  it('makes the turns after `stop` that must be made', async () => {
    let left = 3;
    const { loop } = createLoop({ turn: () => Promise.resolve(void left--), mustFinish: () => left > 0 });
    loop.start();
    await loop.stop();
    expect(left).toBe(0);
  });
});
