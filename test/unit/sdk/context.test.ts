import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { context, FailTask, PokeResult, runWithContext, SkipTask, type TaskContext } from '../../../src/sdk/index.js';
import { readPoke } from '../../../src/sdk/poke-result.js';
import { isFailTask, isSkipTask } from '../../../src/sdk/task-errors.js';

describe('context', () => {
  it('throws outside a task', () => {
    expect(() => context()).toThrow('CONTEXT_MISSING: context(): no task is running here');
  });

  it('belongs to the task that asks, also after awaiting', async () => {
    const run = (taskId: string) =>
      runWithContext({ taskId } as TaskContext, async () => {
        await sleep(1);
        return context().taskId;
      });
    expect(await Promise.all(['a', 'b', 'c'].map(run))).toEqual(['a', 'b', 'c']);
  });
});

describe('SkipTask and FailTask', () => {
  it('are recognised by what they are, not by their class', () => {
    expect(isSkipTask(new SkipTask('no data'))).toBe(true);
    expect(isSkipTask(Object.assign(new Error('x'), { [Symbol.for('airflow-like:skip')]: true }))).toBe(true);
    expect(isFailTask(new FailTask('bad', { cause: 1 }))).toBe(true);
    for (const other of [new Error('x'), null, undefined, 'SkipTask'])
      expect([isSkipTask(other), isFailTask(other)]).toEqual([false, false]);
  });
});

describe('readPoke', () => {
  it.each([
    [true, { done: true, value: undefined }],
    [false, { done: false, value: undefined }],
    [new PokeResult(true, { path: 'x' }), { done: true, value: { path: 'x' } }],
    [new PokeResult(false), { done: false, value: undefined }],
  ])('reads %p', (result, expected) => {
    expect(readPoke(result, 's')).toEqual(expected);
  });

  it.each([['yes'], [1], [null], [undefined], [{ done: true }], [new PokeResult('yes' as never)]])(
    'does not guess what %p means',
    (result) => {
      expect(() => readPoke(result, 's')).toThrow('VALUE_TYPE: tasks.s: a sensor must say whether it is done');
    },
  );
});
