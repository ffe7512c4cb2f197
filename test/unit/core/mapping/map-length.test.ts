import { describe, expect, it } from '@jest/globals';
import { mapLength, type MapLength } from '../../../../src/core/mapping/map-length.js';
import type { InputSpec, MapSpec } from '../../../../src/model/dag-spec.js';
import type { TaggedJson } from '../../../../src/model/tagged-json.js';
import { viewOfRows, TWICE, type Rows } from '../dependency/copies.js';
import { taskSpec } from '../factories.js';

const known = (length: number): MapLength => ({ kind: 'known', length });
const WAIT: MapLength = { kind: 'wait' };
const ENDED: MapLength = { kind: 'ended' };

/** Length of a mapping over `source`, where the task `src` has these rows; it is mapped itself if `isMapped`. */
function lengthOver(source: InputSpec, rows: Rows = {}, isMapped = false): MapLength {
  const map: MapSpec = { kind: 'each', sources: [source] };
  const tasks = [taskSpec('src', isMapped ? { map: TWICE } : {}), taskSpec('m', { upstream: ['src'], map })];
  return mapLength(viewOfRows(tasks, rows), map);
}

describe('a mapping over what the DAG says', () => {
  it.each<[string, InputSpec, number]>([
    ['an array', { kind: 'value', value: ['x', 'y'] }, 2],
    ['an empty array', { kind: 'value', value: [] }, 0],
    ['an object', { kind: 'value', value: { x: 1, y: 2, z: 3 } }, 3],
    ['an empty object', { kind: 'value', value: {} }, 0],
    [
      'a list with values of tasks in it',
      {
        kind: 'list',
        items: [
          { kind: 'ref', taskId: 'src' },
          { kind: 'value', value: 1 },
        ],
      },
      2,
    ],
    ['an object with values of tasks in it', { kind: 'object', fields: { x: { kind: 'ref', taskId: 'src' } } }, 1],
  ])('has as many elements as %s', (_what, source, length) => {
    expect(lengthOver(source)).toEqual(known(length));
  });

  it.each<[TaggedJson, string]>([
    [7, 'a number'],
    ['text', 'a string'],
    [null, 'null'],
    [true, 'a boolean'],
    [{ $type: 'Date', value: '2026-01-01' }, 'a Date'],
  ])('is a mistake of the DAG where it is %j', (value, got) => {
    expect(lengthOver({ kind: 'value', value })).toEqual({ kind: 'unmappable', got, from: 'a literal', isOwnFault: true });
  });

  it.each<InputSpec>([
    { kind: 'element', source: 0 },
    { kind: 'groupElement', groupId: 'g', source: 0 },
  ])('is a mistake of the DAG where it is an element of a mapping: %j', (source) => {
    expect(lengthOver(source)).toMatchObject({ kind: 'unmappable', isOwnFault: true });
  });
});

describe('a mapping over the value of a task', () => {
  const source: InputSpec = { kind: 'ref', taskId: 'src' };
  const fromSrc = { kind: 'unmappable', from: 'the return value of src', isOwnFault: false } as const;

  it.each<[Rows, MapLength]>([
    [{ src: { state: 'success', outputLength: 3 } }, known(3)],
    [{ src: { state: 'success', outputLength: 0 } }, known(0)],
    [{ src: { state: 'success', outputLength: null } }, { ...fromSrc, got: 'null' }],
    [{ src: { state: 'success', outputLength: -1 } }, { ...fromSrc, got: 'a single value' }],
    [{ src: 'none' }, WAIT],
    // What an earlier try returned does not count.
    [{ src: { state: 'running', outputLength: 3 } }, WAIT],
    [{ src: { state: 'up_for_retry', outputLength: 3 } }, WAIT],
    [{ src: 'removed' }, WAIT],
    [{}, WAIT],
    [{ src: 'skipped' }, ENDED],
    [{ src: 'failed' }, ENDED],
    [{ src: 'upstream_failed' }, ENDED],
  ])('%j', (rows, expected) => {
    expect(lengthOver(source, rows)).toEqual(expected);
  });

  it.each<[Rows, MapLength]>([
    [{ src: { state: 'success', outputLength: 3 } }, known(3)],
    [{ src: { state: 'success', outputLength: null } }, { ...fromSrc, got: 'null' }],
    [{ src: 'running' }, WAIT],
    [{ src: 'skipped' }, known(1)],
    [{ src: 'failed' }, known(1)],
  ])('with something that stands in for it: %j', (rows, expected) => {
    expect(lengthOver({ ...source, orElse: ['instead'] }, rows)).toEqual(expected);
  });
});

describe('a mapping over the copies of a task', () => {
  const source: InputSpec = { kind: 'ref', taskId: 'src' };
  const something = { state: 'success', outputLength: -1 } as const;

  it.each<[Rows, MapLength]>([
    [{ 'src[0]': something, 'src[1]': something }, known(2)],
    // One that failed, or returned nothing, has no value.
    [{ 'src[0]': 'failed', 'src[1]': something }, known(1)],
    [{ 'src[0]': 'success', 'src[1]': something }, known(1)],
    [{ 'src[0]': 'failed', 'src[1]': 'skipped' }, known(0)],
    [{ 'src[0]': something, 'src[1]': 'running' }, WAIT],
    [{ src: 'none' }, WAIT],
    [{ src: 'removed' }, WAIT],
    [{}, WAIT],
    [{ src: 'skipped' }, ENDED],
    [{ src: 'failed' }, ENDED],
    [{ src: 'upstream_failed' }, ENDED],
  ])('%j', (rows, expected) => {
    expect(lengthOver(source, rows, true)).toEqual(expected);
  });
});
