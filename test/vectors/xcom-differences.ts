import { isDeepStrictEqual } from 'node:util';
import type { VectorCase } from './vector-file.js';
import { dateOf, type XComFile } from './xcom-answers.js';

interface PullCase extends VectorCase {
  readonly caller?: { readonly run: string };
  readonly call?: {
    readonly default?: unknown;
    readonly include_prior_dates?: boolean;
    readonly map_indexes?: unknown;
    readonly run_id?: string;
  };
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

/**
 * Rule `xcom-prior-dates`: Airflow's answer is a list of the values of several runs, ours are some of them (or the default, by rule `xcom-default`). Or
 * both answers have one value for each copy that is asked for, and ours is that of a run without a logical date.
 */
export function takesNewestRun(testCase: VectorCase, ours: unknown, head: Readonly<Record<string, unknown>>): boolean {
  const { call, expect } = testCase as PullCase;
  const recorded = expect?.value;
  if (call?.include_prior_dates !== true) return false;
  const { value } = ours as { readonly value?: unknown };
  if (call.map_indexes !== undefined) return prefersUndatedRun(testCase, value, head as unknown as XComFile);
  if (!Array.isArray(recorded)) return false;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const withDefault: readonly unknown[] = recorded.map((one: unknown) => one ?? call.default ?? null);
  return (
    values.length > 0 &&
    values.length < recorded.length &&
    values.every((one) => withDefault.some((other) => isDeepStrictEqual(one, other)))
  );
}

function prefersUndatedRun({ caller, call, expect }: PullCase, value: unknown, { rows, runs }: XComFile): boolean {
  const asked = call?.run_id ?? caller?.run;
  if (asked === undefined || dateOf(null) > dateOf(runs[asked] ?? null)) return false;
  const [own, recorded] = [value, expect?.value].map((answer) => (Array.isArray(answer) ? (answer as unknown[]) : [answer])) as [
    unknown[],
    unknown[],
  ];
  const isOfUndated = (one: unknown): boolean =>
    rows.some(([run, , , , stored]) => runs[run] === null && isDeepStrictEqual(stored, one));
  return (
    own.length === recorded.length &&
    own.every((one, index) => isDeepStrictEqual(one, recorded[index]) || (recorded[index] !== null && isOfUndated(one)))
  );
}
