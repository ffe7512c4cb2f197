import { describe, expect, it } from '@jest/globals';
import type { InputSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { TaggedJson } from '../../../src/model/tagged-json.js';
import { composeInputs, inputRefs } from '../../../src/worker/inputs/compose-inputs.js';
import { OutputCache } from '../../../src/worker/supervisor/output-cache.js';

const ref = (taskId: string): InputSpec => ({ kind: 'ref', taskId });
const value = (literal: TaggedJson): InputSpec => ({ kind: 'value', value: literal });
const element: InputSpec = { kind: 'element', source: 0 };
const task = (inputs: InputSpec[], source: InputSpec | null = null) =>
  ({ inputs, map: source && { kind: 'each', sources: [source] } }) as unknown as TaskSpec;

describe('composeInputs', () => {
  const outputs: Record<string, TaggedJson> = {
    orders: [1, 2, 3],
    model: { $type: 'Date', value: '2024-01-01T00:00:00.000Z' },
    prices: { beta: 2, alpha: 1 },
    odd: {
      $type: 'object',
      value: [
        ['$type', 5],
        ['x', 6],
      ],
    },
    text: 'abc',
  };

  it.each<[string, TaskSpec, number, (TaggedJson | undefined)[]]>([
    ['literals and refs', task([value(5), ref('orders')]), -1, [5, [1, 2, 3]]],
    ['tagged values travel as they are', task([ref('model')]), -1, [outputs['model']]],
    ['a ref without output is undefined', task([ref('nobody'), value(1)]), -1, [undefined, 1]],
    [
      'inside an object it is left out, inside a list it is null',
      task([
        { kind: 'object', fields: { a: ref('nobody'), b: ref('text') } },
        { kind: 'list', items: [ref('nobody'), value(1)] },
      ]),
      -1,
      [{ b: 'abc' }, [null, 1]],
    ],
    [
      'reserved field names',
      task([{ kind: 'object', fields: { $type: value('Date') } }]),
      -1,
      [{ $type: 'object', value: [['$type', 'Date']] }],
    ],
    ['an element of an array, and the rest broadcast', task([element, ref('text')], ref('orders')), 1, [2, 'abc']],
    ['an element inside an object', task([{ kind: 'object', fields: { order: element } }], ref('orders')), 2, [{ order: 3 }]],
    ['an element of an object, by sorted keys', task([element], ref('prices')), 0, [['alpha', 1]]],
    ['an element of an object with odd keys', task([element], ref('odd')), 1, [['x', 6]]],
    ['an element of a literal', task([element], value(['a', 'b'])), 1, ['b']],
    ['an element of a list of refs', task([element], { kind: 'list', items: [ref('text'), ref('orders')] }), 1, [[1, 2, 3]]],
    ['an index beyond the source', task([element], ref('orders')), 9, [undefined]],
  ])('%s', (_name, spec, mapIndex, expected) => {
    expect(composeInputs(spec, mapIndex, (taskId) => outputs[taskId])).toEqual(expected);
  });

  it('names the tasks it needs, once each', () => {
    const spec = task(
      [ref('a'), { kind: 'object', fields: { x: ref('b'), y: { kind: 'list', items: [ref('a')] } } }, element],
      ref('c'),
    );
    expect(inputRefs(spec)).toEqual(['a', 'b', 'c']);
  });
});

describe('OutputCache', () => {
  it('holds what fits, the newest', () => {
    const cache = new OutputCache(1_000);
    for (const name of ['a', 'b', 'c', 'd']) cache.set(name, name, 150);
    expect(['a', 'b', 'c', 'd'].map((name) => cache.get(name)?.value)).toEqual([undefined, undefined, 'c', 'd']);
    cache.set('huge', 'x', 1_001);
    expect(cache.get('huge')).toBeUndefined();
    expect(cache.get('d')?.value).toBe('d');
  });

  it('tells an output that is undefined from one that is unknown', () => {
    const cache = new OutputCache(1_000);
    cache.set('a', undefined, 1);
    expect(cache.get('a')).toMatchObject({ value: undefined });
    cache.delete('a');
    expect(cache.get('a')).toBeUndefined();
  });
});
