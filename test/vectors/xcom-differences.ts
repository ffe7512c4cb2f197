import { isDeepStrictEqual } from 'node:util';
import type { VectorCase } from './vector-file.js';

interface PullCase extends VectorCase {
  readonly call?: { readonly default?: unknown; readonly include_prior_dates?: boolean };
  readonly expect?: { readonly value?: unknown };
}

/** Rule `xcom-default`: ours is the recorded answer with the default in place of null. */
export function usesDefault(testCase: VectorCase, ours: unknown): boolean {
  const { call, expect } = testCase as PullCase;
  if (call?.default === undefined || !expect) return false;
  const withDefault = (value: unknown): unknown => value ?? call.default;
  const recorded = Array.isArray(expect.value) ? expect.value.map(withDefault) : withDefault(expect.value);
  return isDeepStrictEqual((ours as { readonly value?: unknown }).value, recorded);
}

/** Rule `xcom-prior-dates`: Airflow's answer is a list of the values of several runs, ours are some of them. */
export function takesNewestRun(testCase: VectorCase, ours: unknown): boolean {
  const { call, expect } = testCase as PullCase;
  const recorded = expect?.value;
  if (call?.include_prior_dates !== true || !Array.isArray(recorded)) return false;
  const { value } = ours as { readonly value?: unknown };
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return (
    values.length > 0 &&
    values.length < recorded.length &&
    values.every((one) => recorded.some((other) => isDeepStrictEqual(one, other)))
  );
}
