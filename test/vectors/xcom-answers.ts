import { isDeepStrictEqual } from 'node:util';
import { decidePush } from '../../src/core/xcom/decide-push.js';
import { outputLength } from '../../src/model/codec.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import type { TaggedJson } from '../../src/model/tagged-json.js';
import type { XComPull } from '../../src/model/xcom.js';
import { runVectors, type VectorCase } from './vector-file.js';

export const XCOM_VECTORS = 'state/10_xcom.json';

/** `[run, task, map index, key, value]` */
export type VectorRow = readonly [string, string, number, string, TaggedJson];

/** What the file says for all its pulls: stored values, and the day of each run. */
export interface XComFile {
  readonly rows: readonly VectorRow[];
  readonly runs: Readonly<Record<string, number | null>>;
}

export interface PullCase extends VectorCase {
  readonly kind: 'pull';
  readonly caller: { readonly run: string; readonly map_index: number };
  readonly call: {
    readonly task_ids?: string | readonly string[];
    readonly key?: string;
    readonly default?: TaggedJson;
    readonly map_indexes?: number | readonly number[] | null;
    readonly include_prior_dates?: boolean;
    readonly run_id?: string;
  };
}

export interface PushCase extends VectorCase {
  readonly kind: 'push';
  readonly value: TaggedJson;
  readonly options: {
    readonly do_xcom_push?: boolean;
    readonly multiple_outputs?: boolean;
    readonly mapped_consumer?: boolean;
    readonly mapped_member?: boolean;
  };
}

/** The task that pulls, where a case names none. */
export const CALLER = 'me';
const DAY_MS = 86_400_000;

/** Logical date of a run of the file; a run without one is due between the second and the third. */
export function dateOf(day: number | null): number {
  return Date.UTC(2026, 0, 1) + (day ?? 2.5) * DAY_MS;
}

export function pullOf({ call }: PullCase): XComPull {
  const { task_ids: taskIds = null, key = 'return_value', map_indexes: mapIndexes, run_id: runId = null } = call;
  return {
    taskIds,
    key,
    mapIndexes: mapIndexes === undefined ? 'all' : (mapIndexes ?? -1),
    runId,
    includePriorDates: call.include_prior_dates ?? false,
    ...(call.default !== undefined && { fallback: call.default }),
  };
}

/** Compares answers that were found before with the recorded ones. */
export function judgeXComs(way: string, pulled: ReadonlyMap<string, TaggedJson | undefined>): readonly string[] {
  return runVectors<PullCase | PushCase>({
    path: XCOM_VECTORS,
    through: way,
    expected: (testCase) => testCase['expect'],
    answer: (testCase) => (testCase.kind === 'pull' ? { value: pulled.get(testCase.id) ?? null } : pushed(testCase)),
    // The order in which keys are stored says nothing.
    agrees: (ours, recorded) => isDeepStrictEqual(sorted(ours), sorted(recorded)),
  });
}

function pushed({ value, options }: PushCase): unknown {
  const isMappedOver = options.mapped_consumer === true && options.mapped_member !== true;
  try {
    const { output, fields } = decidePush(
      value,
      { doXcomPush: options.do_xcom_push ?? true, multipleOutputs: options.multiple_outputs ?? false, isMappedOver },
      'source',
    );
    const whole = output === null ? [] : [['return_value', output, ...(isMappedOver ? [outputLength(output)] : [])]];
    return { pushed: [...fields.map((field) => [field.key, field.value]), ...whole] };
  } catch (error) {
    if (!isAirflowLikeError(error)) throw error;
    const isNothing = value === null || options.do_xcom_push === false;
    if (error.code === 'VALUE_TYPE') return { error: 'TypeError', pushed: [] };
    return { error: isNothing ? 'XComForMappingNotPushed' : 'UnmappableXComTypePushed', pushed: [] };
  }
}

function sorted(answer: unknown): unknown {
  const { pushed: rows, ...rest } = answer as { readonly pushed?: readonly (readonly unknown[])[] };
  return rows ? { ...rest, pushed: rows.toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))) } : answer;
}
