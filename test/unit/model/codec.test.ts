import { describe, expect, it } from '@jest/globals';
import fc from '../../support/fast-check.js';
import { decodeTagged, encodeTagged, outputLength } from '../../../src/model/codec.js';
import type { TaggedJson } from '../../../src/model/tagged-json.js';

/** As a value travels: encoded, written, read, decoded. */
const travel = (value: unknown): unknown => decodeTagged(JSON.parse(JSON.stringify(encodeTagged(value, 'v'))) as TaggedJson);

describe('encodeTagged and decodeTagged', () => {
  it('give back every value of the allowed kinds', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('$type', '__proto__', 'constructor', 'value', '\0', '\ud800'));
    const leaf = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('\ud800', '\udc00', '\0', 'a'), { maxLength: 4 }).map((parts) => parts.join('')),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
        fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        expect(travel(given)).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  it('never write what Postgres cannot store', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (given) => {
        const text = JSON.stringify(encodeTagged({ ...given, x: 'a\0b', y: '\ud83d' }, 'v'));
        expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/i);
      }),
    );
  });

  it('keep the type of bytes and of strange keys', () => {
    expect(travel(Buffer.from('ab'))).toBeInstanceOf(Buffer);
    expect(Buffer.isBuffer(travel(new Uint8Array([1, 2])))).toBe(false);
    const sliced = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    expect(travel(sliced)).toEqual(new Uint8Array([2, 3]));
    expect(travel({ $type: 'Date', value: 'no date' })).toEqual({ $type: 'Date', value: 'no date' });
  });

  it('never touch a prototype', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;
    const back = travel(hostile) as object;
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.keys(back)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    const raw = decodeTagged(JSON.parse('{"__proto__":{"polluted":true}}') as TaggedJson) as { polluted?: boolean };
    expect(raw.polluted).toBeUndefined();
  });

  class Order {
    id = 1;
  }
  const circle: Record<string, unknown> = {};
  circle['self'] = { circle };
  const throwing = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('trap');
      },
    },
  );
  const deep = Array.from({ length: 2_000 }).reduce<unknown>((inner) => [inner], 1);

  it.each<[string, unknown, string]>([
    ['undefined inside', { a: [{ b: undefined }] }, 'return_value.a[0].b: is undefined'],
    ['undefined', undefined, 'return_value: is undefined'],
    ['NaN', { rate: Number.NaN }, 'return_value.rate: is NaN'],
    ['-Infinity', [Number.NEGATIVE_INFINITY], 'return_value[0]: is -Infinity'],
    ['a function', { 'odd key': () => 1 }, 'return_value["odd key"]: is a function'],
    ['a symbol', [Symbol('x')], 'return_value[0]: is a symbol'],
    ['a class instance', new Order(), 'return_value: is an instance of Order'],
    ['an error', { error: new TypeError('bad') }, 'return_value.error: is an error (TypeError: bad)'],
    ['a promise', { later: Promise.resolve(1) }, 'return_value.later: is a promise that was not awaited'],
    ['a stream', new ReadableStream(), 'return_value: is an instance of ReadableStream'],
    ['a response', new Response('x'), 'return_value: is an instance of Response'],
    ['a circle', circle, 'return_value.self.circle: refers back to a value that contains it'],
    ['an invalid date', new Date(Number.NaN), 'return_value: is an invalid Date'],
    ['a hole', [1, , 2], 'return_value[1]: is a hole in an array'], // eslint-disable-line no-sparse-arrays -- what this is about
    ['a function in a Map', new Map([['k', () => 1]]), 'return_value.get("k"): is a function'],
    ['a function in a Set', new Set([() => 1]), 'return_value[0]: is a function'],
    ['a Proxy that throws', { p: throwing }, 'return_value.p: could not be read (trap)'],
    [
      'a getter that throws',
      {
        get x() {
          throw new Error('getter');
        },
      },
      'return_value: could not be read (getter)',
    ],
    ['a date that is none', { [Symbol.toStringTag]: 'Date' }, 'return_value: could not be read'],
    ['a boxed number', { n: Object(1) as unknown }, 'return_value.n: is an instance of Number'],
    ['a regular expression', /x/, 'return_value: is an instance of RegExp'],
  ])('refuses %s, naming the key path', (_what, value, message) => {
    expect(() => encodeTagged(value, 'return_value')).toThrow(`XCOM_NOT_SERIALIZABLE: ${message}`);
    expect(() => encodeTagged(value, 'return_value', 'ARG_NOT_SERIALIZABLE')).toThrow(`ARG_NOT_SERIALIZABLE: ${message}`);
  });

  it('refuses what is nested too deeply instead of overflowing the stack', () => {
    expect(() => encodeTagged(deep, 'return_value')).toThrow('is nested deeper than 500 levels');
  });

  it('lets the same object stand in two places', () => {
    const shared = { a: 1 };
    expect(travel([shared, shared])).toEqual([shared, shared]);
  });

  it('names an unknown tag of a stored value', () => {
    expect(() => decodeTagged({ $type: 'Temporal', value: 1 })).toThrow('unknown tag, got "Temporal"');
  });
});

describe('outputLength', () => {
  it.each<[string, unknown, number]>([
    ['a list', [1, 2, 3], 3],
    ['an empty list', [], 0],
    ['an object', { a: 1, b: 2 }, 2],
    ['an object with a key like a tag', { $type: 'x', b: 2, c: 3 }, 3],
    ['a text', 'abc', -1],
    ['null', null, -1],
    ['a Date', new Date(0), -1],
    ['a Map', new Map([[1, 2]]), -1],
    ['a bigint', 1n, -1],
  ])('of %s', (_what, value, length) => {
    expect(outputLength(encodeTagged(value, 'v'))).toBe(length);
  });
});
