import { describe, expect, it } from '@jest/globals';
import { ABSENT, decodeTagged } from '../../../src/model/codec.js';
import type { InputSpec, MapSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { TaggedJson } from '../../../src/model/tagged-json.js';
import { composeInputs, inputRefs, type OutputLookup } from '../../../src/worker/inputs/compose-inputs.js';
import { OutputCache } from '../../../src/worker/supervisor/output-cache.js';

const ref = (taskId: string) => ({ kind: 'ref' as const, taskId });
const nobody = ref('nobody');
const whole = (taskId: string) => ({ taskId, need: 'whole' });
const elements = (taskId: string) => ({ taskId, need: 'elements' });
const value = (literal: TaggedJson): InputSpec => ({ kind: 'value', value: literal });
const element: InputSpec = { kind: 'element', source: 0 };
const task = (inputs: InputSpec[], source: InputSpec | null = null, map: Partial<MapSpec> = {}) =>
  ({ inputs, map: source && { kind: 'each', sources: [source], ...map } }) as unknown as TaskSpec;
const of = (source: number): InputSpec => ({ kind: 'element', source });
const combined = (kind: MapSpec['kind'], ...sources: InputSpec[]) => ({ kind, sources });
/** The group `g` is mapped over the values of a zip. */
const mapOfGroup = (groupId: string): MapSpec | null =>
  groupId === 'g' ? { kind: 'zip', sources: [ref('orders'), ref('letters')], fill: '-' } : null;
const grouped = (source: number): InputSpec => ({ kind: 'groupElement', groupId: 'g', source });

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
    letters: ['a', 'b'],
  };
  const both = [of(0), of(1)];
  const [orders, letters] = [ref('orders'), ref('letters')];

  it('asks for each output as it says it needs it', () => {
    const mapped = task([element], { kind: 'list', items: [ref('text'), ref('orders')] });
    const known = new Set(inputRefs(mapped, () => null).map(({ taskId, need }) => `${need} ${taskId}`));
    const lookup: OutputLookup = ({ taskId }, need) => (known.has(`${need} ${taskId}`) ? outputs[taskId] : undefined);
    expect(composeInputs(mapped, 0, lookup, () => null)).toEqual(['abc']);
  });

  it.each<[string, TaskSpec, number, (TaggedJson | undefined)[]]>([
    ['literals and refs', task([value(5), ref('orders')]), -1, [5, [1, 2, 3]]],
    ['tagged values travel as they are', task([ref('model')]), -1, [outputs['model']]],
    ['a ref without output is undefined', task([ref('nobody'), value(1)]), -1, [undefined, 1]],
    [
      'inside an object it is left out, inside a list something stands for it',
      task([
        { kind: 'object', fields: { a: ref('nobody'), b: ref('text') } },
        { kind: 'list', items: [ref('nobody'), value(1)] },
      ]),
      -1,
      [{ b: 'abc' }, [ABSENT, 1]],
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
    [
      'an element of an object with refs, by sorted keys, only what is there',
      task([element], { kind: 'object', fields: { z: ref('text'), n: ref('nobody') } }),
      0,
      [['n', ABSENT]],
    ],
    [
      'a value that stands in for one that is missing',
      task([
        { ...nobody, orElse: 7 },
        { ...ref('text'), orElse: 7 },
      ]),
      -1,
      [7, 'abc'],
    ],
    ['an element of what stands in', task([element], { ...nobody, orElse: [4, 5] }), 1, [5]],
    ['a pair of a zip', task(both, orders, combined('zip', orders, letters)), 1, [2, 'b']],
    ['what fills up the shorter one', task(both, orders, { ...combined('zip', orders, letters), fill: 0 }), 2, [3, 0]],
    ['pitfall 42: the first combination', task(both, orders, combined('product', orders, letters)), 0, [1, 'a']],
    ['pitfall 42: the last source varies fastest', task(both, orders, combined('product', orders, letters)), 1, [1, 'b']],
    ['the last combination', task(both, orders, combined('product', orders, letters)), 5, [3, 'b']],
    [
      'three sources',
      task([of(0), of(1), of(2)], orders, combined('product', letters, ref('prices'), orders)),
      10,
      ['b', ['beta', 2], 2],
    ],
    ['a chunk of elements', task([element, ref('text')], orders, { chunk: 2 }), 0, [[1, 2], 'abc']],
    ['what is left for the last chunk', task([element], orders, { chunk: 2 }), 1, [[3]]],
    ['an element of the group around the task', task([grouped(0), grouped(1), ref('text')]), 1, [2, 'b', 'abc']],
    ['an element of the group that is filled up', task([grouped(1)]), 2, ['-']],
    ['an element of no group', task([{ kind: 'groupElement', groupId: 'h', source: 0 }]), 2, [undefined]],
    ['an index beyond the source', task([element], ref('orders')), 9, [undefined]],
  ])('%s', (_name, spec, mapIndex, expected) => {
    expect(composeInputs(spec, mapIndex, ({ taskId }) => outputs[taskId], mapOfGroup)).toEqual(expected);
  });

  it('gives a list in which something is missing with undefined in its place', () => {
    const [list] = composeInputs(task([{ kind: 'list', items: [nobody, value(1)] }]), -1, () => undefined, mapOfGroup);
    expect(decodeTagged(list as TaggedJson)).toEqual([undefined, 1]);
  });

  it('names the tasks it needs, once each', () => {
    const spec = task(
      [ref('a'), { kind: 'object', fields: { x: ref('b'), y: { kind: 'list', items: [ref('a')] } } }, element],
      ref('c'),
    );
    expect(inputRefs(spec, mapOfGroup)).toEqual([whole('a'), whole('b'), elements('c')]);
    expect(inputRefs(task([grouped(0), ref('letters'), grouped(1)]), mapOfGroup)).toEqual([
      elements('orders'),
      elements('letters'),
      whole('letters'),
    ]);
    const lazy = { ...ref('a'), lazy: true as const };
    expect(inputRefs(task([lazy, ref('a'), lazy]), mapOfGroup)).toEqual([{ taskId: 'a', need: 'length' }, whole('a')]);
    const product = task([of(0)], ref('a'), combined('product', ref('a'), { ...ref('b'), orElse: [] }));
    expect(inputRefs(product, mapOfGroup)).toEqual([whole('a'), whole('b')]);
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
