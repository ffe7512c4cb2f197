import { describe, expect, it } from '@jest/globals';
import { StartGate } from '../../../src/worker/runner/start-gate.js';

function createGate(width: number) {
  const started: string[] = [];
  const atWork = new Set<string>();
  let notify: () => void = () => undefined;
  const gate = new StartGate<string>(width, (attempt) => atWork.has(attempt));
  const enter = (...attempts: string[]) => {
    for (const attempt of attempts) {
      gate.enter(attempt, () => {
        started.push(attempt);
        notify();
      });
    }
  };
  const nextStart = () => new Promise<void>((resolve) => (notify = resolve));
  return { gate, started, atWork, enter, nextStart };
}

describe('StartGate', () => {
  it('lets as many through as it is wide, and the next one when one is over', () => {
    const { gate, started, enter } = createGate(2);
    enter('a', 'b', 'c', 'd');
    expect(started).toEqual(['a', 'b']);
    gate.leave('a');
    expect(started).toEqual(['a', 'b', 'c']);
    gate.leave('b');
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets another one through for each that lasts, so that long ones never hold up the rest', async () => {
    const { started, atWork, enter, nextStart } = createGate(1);
    for (const attempt of ['a', 'b', 'c']) atWork.add(attempt);
    enter('a', 'b', 'c');
    expect(started).toEqual(['a']);
    await nextStart();
    expect(started).toEqual(['a', 'b']);
    await nextStart();
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('never starts one that has left while it waited', () => {
    const { gate, started, enter } = createGate(1);
    enter('a', 'b', 'c');
    gate.leave('b');
    gate.leave('a');
    expect(started).toEqual(['a', 'c']);
  });
});
