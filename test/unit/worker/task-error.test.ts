import { describe, expect, it } from '@jest/globals';
import { AirflowLikeError } from '../../../src/model/errors.js';
import { describeThrown } from '../../../src/worker/attempt/task-error.js';

const circular: Record<string, unknown> = {};
circular['self'] = circular;

const selfCaused = new Error('round and round');
selfCaused.cause = selfCaused;

class HttpError extends Error {
  override readonly name = 'HttpError';
}

describe('describeThrown', () => {
  it.each<[string, unknown, string, string, RegExp]>([
    ['an Error', new Error('boom'), 'TASK_ERROR', 'Error', /^boom$/],
    ['a subclass', new HttpError('503'), 'TASK_ERROR', 'HttpError', /^503$/],
    [
      'an error with a cause',
      new Error('load', { cause: new TypeError('x') }),
      'TASK_ERROR',
      'Error',
      /^load \(cause: TypeError: x\)$/,
    ],
    [
      'an error of ours',
      new AirflowLikeError('COMMAND_FAILED', { message: 'exit 3' }),
      'COMMAND_FAILED',
      'AirflowLikeError',
      /exit 3/,
    ],
    ['undefined', undefined, 'TASK_ERROR', 'NonError', /^threw undefined$/],
    ['null', null, 'TASK_ERROR', 'NonError', /^threw null$/],
    ['a string', 'nope', 'TASK_ERROR', 'NonError', /^threw "nope"$/],
    ['a circular object', circular, 'TASK_ERROR', 'NonError', /Circular/],
    ['an object without prototype', Object.create(null), 'TASK_ERROR', 'NonError', /null prototype/],
    ['a symbol', Symbol('s'), 'TASK_ERROR', 'NonError', /Symbol\(s\)/],
    ['a function', function fn() {}, 'TASK_ERROR', 'NonError', /fn/],
    [
      'a hostile proxy',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('gotcha');
          },
        },
      ),
      'TASK_ERROR',
      'NonError',
      /^threw /,
    ],
    [
      'an error with throwing getters',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('no');
        },
      }),
      'TASK_ERROR',
      'Error',
      /^threw an Error without a message$/,
    ],
    [
      'causes of causes',
      new Error('outer', { cause: new TypeError('middle', { cause: 'inner' }) }),
      'TASK_ERROR',
      'Error',
      /^outer \(cause: TypeError: middle\) \(cause: "inner"\)$/,
    ],
    ['an error that is its own cause', selfCaused, 'TASK_ERROR', 'Error', /^round and round$/],
    [
      'an AggregateError',
      new AggregateError([new Error('one'), new TypeError('two'), 'three', 4, 5, 6], 'several'),
      'TASK_ERROR',
      'AggregateError',
      /^several: Error: one; TypeError: two; "three"; 4; 5; and 1 more$/,
    ],
    ['control characters and NUL', new Error('a\u0000b\u001b[31mc'), 'TASK_ERROR', 'Error', /^a\\x00b\\x1b\[31mc$/],
    ['half a surrogate pair', new Error('a\ud83d'), 'TASK_ERROR', 'Error', /^a\ufffd$/],
    ['a text of a megabyte', new Error('x'.repeat(1_000_000)), 'TASK_ERROR', 'Error', /^x{4000}\.\.\. \(1000000 characters\)$/],
  ])('%s', (_name, thrown, code, name, message) => {
    const error = describeThrown(thrown);
    expect(error).toMatchObject({ code, name });
    expect(error.message).toMatch(message);
    expect(JSON.parse(JSON.stringify(error))).toEqual(error);
  });
});
