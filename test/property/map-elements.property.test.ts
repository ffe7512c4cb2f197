/** Which elements a copy gets, whatever the sources are. */
import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import type { InputSpec, MapSpec } from '../../src/model/dag-spec.js';
import type { TaggedJson } from '../../src/model/tagged-json.js';
import { elementFor, positionsFor } from '../../src/worker/inputs/map-elements.js';

const lists = (max: number) => fc.array(fc.array(fc.integer(), { maxLength: 6 }), { minLength: 1, maxLength: max });
const literal = (value: TaggedJson): InputSpec => ({ kind: 'value', value });
const compose = (input: InputSpec): TaggedJson | undefined => (input.kind === 'value' ? input.value : undefined);
const elementsOf = (map: MapSpec, copy: number) => map.sources.map((_source, position) => elementFor(map, position, copy, compose));

/** Loops in loops, the last innermost. */
function combinations(sources: readonly (readonly number[])[]): number[][] {
  return sources.reduce<number[][]>((rows, source) => rows.flatMap((row) => source.map((item) => [...row, item])), [[]]);
}

describe('elements of copies', () => {
  it('of a product are all combinations, once each, in the order of nested loops', () => {
    fc.assert(
      fc.property(lists(4), (sources) => {
        const map: MapSpec = { kind: 'product', sources: sources.map(literal) };
        const expected = combinations(sources);
        expect(expected.map((_row, copy) => elementsOf(map, copy))).toEqual(expected);
      }),
    );
  });

  it('of a zip stand side by side, with what fills up in place of what is missing', () => {
    fc.assert(
      fc.property(lists(4), fc.option(fc.string(), { nil: undefined }), (sources, fill) => {
        const map: MapSpec = { kind: 'zip', sources: sources.map(literal), ...(fill === undefined ? {} : { fill }) };
        const lengths = sources.map(({ length }) => length);
        const copies = fill === undefined ? Math.min(...lengths) : Math.max(...lengths);
        for (let copy = 0; copy < copies; copy++) {
          expect(elementsOf(map, copy)).toEqual(sources.map((source) => (copy < source.length ? source[copy] : fill)));
        }
      }),
    );
  });

  it('of chunks are all elements in order, and lie at the positions of the copy', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 30 }), fc.integer({ min: 2, max: 7 }), (source, chunk) => {
        const map: MapSpec = { kind: 'each', sources: [literal(source)], chunk };
        const copies = Array.from({ length: Math.ceil(source.length / chunk) }, (_, copy) => copy);
        const chunks = copies.map((copy) => elementFor(map, 0, copy, compose) as number[]);
        expect(chunks.flat()).toEqual(source);
        for (const copy of copies) {
          const { from, to } = positionsFor(map, copy)!;
          expect(chunks[copy]).toEqual(source.slice(from, to));
        }
      }),
    );
  });
});
