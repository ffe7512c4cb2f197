import { describe, expect, it } from '@jest/globals';
import { decidePush, isMappedMember, pushOptionsOf } from '../../../../src/core/xcom/decide-push.js';
import { encodeTagged } from '../../../../src/model/codec.js';
import type { DagSpec, TaskSpec } from '../../../../src/model/dag-spec.js';
import { dagSpec, taskSpec } from '../../../support/dag-specs.js';

const PLAIN = { doXcomPush: true, multipleOutputs: false, isMappedOver: false };
const push = (value: unknown, options: Partial<typeof PLAIN> = {}) =>
  decidePush(value === undefined ? undefined : encodeTagged(value, 'x'), { ...PLAIN, ...options }, 'make');

describe('decidePush', () => {
  it('stores a value, and neither null nor nothing', () => {
    expect(push([1, 2])).toEqual({ output: [1, 2], fields: [] });
    expect(push(0)).toEqual({ output: 0, fields: [] });
    expect(push(null)).toEqual({ output: null, fields: [] });
    expect(push(undefined)).toEqual({ output: null, fields: [] });
    expect(push(1, { doXcomPush: false })).toEqual({ output: null, fields: [] });
  });

  it('stores each field of several outputs, and the whole', () => {
    const value = { a: 1, b: [2] };
    const fields = [
      { key: 'a', value: 1 },
      { key: 'b', value: [2] },
    ];
    expect(push(value, { multipleOutputs: true })).toEqual({ output: value, fields });
    expect(push({ ['__proto__x']: 1, $type: 2 }, { multipleOutputs: true }).fields).toEqual([
      { key: '__proto__x', value: 1 },
      { key: '$type', value: 2 },
    ]);
    expect(push(null, { multipleOutputs: true })).toEqual({ output: null, fields: [] });
    expect(push(value, { multipleOutputs: true, doXcomPush: false })).toEqual({ output: null, fields: [] });
  });

  it('refuses several outputs of what has no names', () => {
    expect(() => push([1], { multipleOutputs: true })).toThrow(
      'VALUE_TYPE: make.return_value: a task with multipleOutputs must return an object, not an array',
    );
    expect(() => push(new Map([['a', 1]]), { multipleOutputs: true })).toThrow('must return an object, not a Map');
    expect(() => push('x', { multipleOutputs: true })).toThrow('must return an object, not a string');
    expect(() => push({ return_value: 1 }, { multipleOutputs: true })).toThrow('XCOM_KEY_INVALID: make.return_value');
    expect(() => push({ '': 1 }, { multipleOutputs: true })).toThrow('XCOM_KEY_INVALID');
    expect(() => push({ 'a\0': 1 }, { multipleOutputs: true })).toThrow('XCOM_KEY_INVALID');
  });

  it('pitfall 39: fails a task that others are mapped over when it returns null, or what has no elements', () => {
    expect(push([1, 2, 3], { isMappedOver: true }).output).toEqual([1, 2, 3]);
    expect(push({ a: 1 }, { isMappedOver: true }).output).toEqual({ a: 1 });
    expect(push([], { isMappedOver: true }).output).toEqual([]);
    const expected = (got: string) => `EXPAND_TYPE: expected array or object, got ${got} (from xcom make.return_value)`;
    expect(() => push(null, { isMappedOver: true })).toThrow(expected('null'));
    expect(() => push(undefined, { isMappedOver: true })).toThrow(expected('null'));
    expect(() => push('text', { isMappedOver: true })).toThrow(expected('a string'));
    expect(() => push(new Set([1]), { isMappedOver: true })).toThrow(expected('a Set'));
    expect(() => push([1], { isMappedOver: true, doXcomPush: false })).toThrow('a value that is not stored (doXcomPush is false)');
  });
});

describe('pushOptionsOf', () => {
  const over = (taskId: string) => ({ kind: 'each' as const, sources: [{ kind: 'ref' as const, taskId }] });
  const spec: DagSpec = dagSpec('d', {
    groups: [
      { groupId: 'g', parentId: null, map: over('listed') },
      { groupId: 'g.h', parentId: 'g', map: null },
    ],
    tasks: [
      taskSpec('rows'),
      taskSpec('listed'),
      taskSpec('plain'),
      taskSpec('copy', { map: over('rows') }),
      taskSpec('again', { map: over('copy') }),
      taskSpec('g.h.member', { groupId: 'g.h' }),
      taskSpec('last', { map: over('g.h.member') }),
    ],
  });
  const task = (taskId: string) => spec.tasks.find((one) => one.taskId === taskId) as TaskSpec;

  it('knows whose one value is mapped over: not that of a copy', () => {
    const mapped = spec.tasks.filter((one) => pushOptionsOf(spec, one).isMappedOver).map(({ taskId }) => taskId);
    expect(mapped).toEqual(['rows', 'listed']);
  });

  it('knows which tasks have copies', () => {
    expect(isMappedMember(spec, task('copy'))).toBe(true);
    expect(isMappedMember(spec, task('g.h.member'))).toBe(true);
    expect(isMappedMember(spec, task('rows'))).toBe(false);
  });
});
