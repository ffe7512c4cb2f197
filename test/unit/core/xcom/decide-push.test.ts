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
    expect(() => push({ a: 1, ['x'.repeat(251)]: 1 }, { multipleOutputs: true })).toThrow('XCOM_KEY_INVALID');
    expect(push({ ['x'.repeat(250)]: 1, 'a\nb': 2, y: 3 }, { multipleOutputs: true }).fields).toHaveLength(3);
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
    expect(() => push(null, { isMappedOver: true, doXcomPush: false })).toThrow(expected('null'));
    expect(() => push([1], { isMappedOver: true, doXcomPush: false })).toThrow('a value that is not stored (doXcomPush is false)');
  });
});

describe('pushOptionsOf', () => {
  const over = (taskId: string) => ({ kind: 'each' as const, sources: [{ kind: 'ref' as const, taskId }] });
  const groups = [
    { groupId: 'g', parentId: null, map: over('listed') },
    { groupId: 'g.h', parentId: 'g', map: null },
    { groupId: 'plain', parentId: null, map: null },
    { groupId: 'plain.inner', parentId: 'plain', map: null },
  ];
  const tasks = [
    taskSpec('rows'),
    taskSpec('listed'),
    taskSpec('plain'),
    taskSpec('copy', { map: over('rows') }),
    taskSpec('again', { map: over('copy') }),
    taskSpec('g.member', { groupId: 'g' }),
    taskSpec('g.h.member', { groupId: 'g.h' }),
    taskSpec('last', { map: over('g.h.member') }),
    taskSpec('plain.inner.member', { groupId: 'plain.inner' }),
    taskSpec('over_member', { map: over('plain.inner.member') }),
    taskSpec('literal', { map: { kind: 'each', sources: [{ kind: 'value', value: [1] }] } }),
    taskSpec('of_list', { map: { kind: 'zip', sources: [{ kind: 'list', items: [{ kind: 'ref', taskId: 'plain' }] }] } }),
  ];
  /** What is known of a spec is remembered with it, so each test has its own. */
  const spec = (): DagSpec => dagSpec('d', { groups, tasks });
  const mappedOver = (of: DagSpec) => of.tasks.filter((one) => pushOptionsOf(of, one).isMappedOver).map(({ taskId }) => taskId);

  it('knows whose one value is mapped over: not that of a copy, nor one that is only an element', () => {
    const given = spec();
    expect(mappedOver(given)).toEqual(['rows', 'listed', 'plain.inner.member']);
    expect(mappedOver(given)).toEqual(['rows', 'listed', 'plain.inner.member']);
    expect(mappedOver(dagSpec('d', { tasks: [taskSpec('a'), taskSpec('b')] }))).toEqual([]);
  });

  it('says what the task says about its value', () => {
    const given = spec();
    const [rows, listed] = given.tasks as [TaskSpec, TaskSpec];
    const quiet = { ...rows, doXcomPush: false, multipleOutputs: true };
    expect(pushOptionsOf(given, quiet)).toEqual({ doXcomPush: false, multipleOutputs: true, isMappedOver: true });
    expect(pushOptionsOf(given, listed)).toEqual({ doXcomPush: true, multipleOutputs: false, isMappedOver: true });
  });

  it('knows which tasks have copies: those that are mapped, and those in a mapped group, however deep', () => {
    const given = spec();
    const copies = given.tasks.filter((one) => isMappedMember(given, one)).map(({ taskId }) => taskId);
    expect(copies).toEqual(['copy', 'again', 'g.member', 'g.h.member', 'last', 'over_member', 'literal', 'of_list']);
  });
});
