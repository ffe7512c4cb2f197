import { describe, expect, it } from '@jest/globals';
import fc from '../../../support/fast-check.js';
import { conditionText, isConditionMet, refsOf } from '../../../../src/core/asset/condition.js';
import { assetRefText, type AssetCondition, type AssetRef } from '../../../../src/model/asset.js';

const asset = (name: string): AssetRef => ({ kind: 'asset', asset: { name, uri: `s3://${name}`, group: 'asset', extra: {} } });
const alias = (name: string): AssetRef => ({ kind: 'alias', alias: { name, group: 'asset' } });
const all = (...of: AssetCondition[]): AssetCondition => ({ kind: 'all', of });
const any = (...of: AssetCondition[]): AssetCondition => ({ kind: 'any', of });

const NAMES = ['a', 'b', 'c', 'd'];
const anyRef = fc.tuple(fc.constantFrom(...NAMES), fc.boolean()).map(([name, isAlias]) => (isAlias ? alias(name) : asset(name)));
const { condition: anyCondition } = fc.letrec<{ condition: AssetCondition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    anyRef,
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(tie('condition'), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

/** The condition as a sum of products, read off independently: the sets of refs each of which is enough. */
function enough(condition: AssetCondition): ReadonlySet<string>[] {
  if (!('of' in condition)) return [new Set([assetRefText(condition)])];
  const parts = condition.of.map(enough);
  if (condition.kind === 'any') return parts.flat();
  return parts.reduce<ReadonlySet<string>[]>(
    (products, sets) => products.flatMap((product) => sets.map((set) => new Set([...product, ...set]))),
    [new Set()],
  );
}

describe('condition on assets', () => {
  it('all waits for each, any for one', () => {
    const has = (...refs: AssetRef[]) => {
      const known = new Set(refs.map(assetRefText));
      return (ref: AssetRef) => known.has(assetRefText(ref));
    };
    const either = all(asset('orders'), any(asset('rates'), alias('late')));
    expect(isConditionMet(either, has(asset('orders')))).toBe(false);
    expect(isConditionMet(either, has(asset('orders'), alias('late')))).toBe(true);
    expect(isConditionMet(either, has(asset('orders'), asset('late')))).toBe(false);
    expect(isConditionMet(either, has(asset('rates'), alias('late')))).toBe(false);
  });

  it('agrees with its sum of products on every set of events', () => {
    fc.assert(
      fc.property(anyCondition, fc.array(anyRef), (condition, refs) => {
        const events = new Set(refs.map(assetRefText));
        const expected = enough(condition).some((set) => [...set].every((ref) => events.has(ref)));
        expect(isConditionMet(condition, (ref) => events.has(assetRefText(ref)))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never unlearns: another event cannot end a condition that is met', () => {
    fc.assert(
      fc.property(anyCondition, fc.array(anyRef), anyRef, (condition, refs, more) => {
        const events = new Set(refs.map(assetRefText));
        const before = isConditionMet(condition, (ref) => events.has(assetRefText(ref)));
        events.add(assetRefText(more));
        expect(before && !isConditionMet(condition, (ref) => events.has(assetRefText(ref)))).toBe(false);
      }),
    );
  });

  it('names its refs once each, and all of them are enough', () => {
    fc.assert(
      fc.property(anyCondition, (condition) => {
        const refs = refsOf(condition).map(assetRefText);
        expect(new Set(refs).size).toBe(refs.length);
        expect(isConditionMet(condition, (ref) => refs.includes(assetRefText(ref)))).toBe(true);
        expect(isConditionMet(condition, () => false)).toBe(false);
      }),
    );
  });

  it('has each ref as it was written first', () => {
    const other: AssetRef = { kind: 'asset', asset: { name: 'a', uri: 's3://a', group: 'later', extra: {} } };
    expect(refsOf(all(asset('a'), other))).toEqual([asset('a')]);
  });

  it('is shown as its author would say it', () => {
    expect(conditionText(all(asset('orders'), any(asset('rates'), alias('late'))))).toBe('orders and (rates or alias late)');
    expect(conditionText(any(asset('a'), all(asset('b'))))).toBe('a or b');
  });
});
