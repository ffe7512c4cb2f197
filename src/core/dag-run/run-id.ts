import { AirflowLikeError } from '../../model/errors.js';
import { checkRunId } from '../../model/ids.js';
import type { Instant } from '../../model/instant.js';
import { RUN_TYPES, type RunType } from '../../model/states.js';

/**
 * `scheduled__2026-01-10T00:00:00+00:00`: the type and `runAfter` in UTC, with six digits of fraction where there is one.
 * @param suffix Eight letters or digits that tell runs of the same instant apart; null, the default: none.
 */
export function runIdFor(runType: RunType, runAfter: Instant, suffix: string | null = null): string {
  const iso = new Date(runAfter).toISOString();
  const fraction = iso.slice(20, 23);
  const runId = `${runType}__${iso.slice(0, 19)}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
  return suffix === null ? runId : `${runId}_${suffix}`;
}

/** What prefixes name: the types of runs, and in Airflow also runs that an operator started, of which we have none. */
const PREFIXES = [...RUN_TYPES, 'operator_triggered'] as const;

/** The type that a run id's prefix names; an unknown prefix means manual. */
export function runTypeOf(runId: string): (typeof PREFIXES)[number] {
  return PREFIXES.find((type) => runId.startsWith(`${type}__`)) ?? 'manual';
}

/**
 * @throws AirflowLikeError ID_INVALID unless `runId` may be given to a run of `runType`: a manual one must not look like another type's.
 */
export function checkGivenRunId(runId: unknown, runType: RunType, place: string): asserts runId is string {
  checkRunId(runId, place);
  const reserved = runTypeOf(runId);
  if (runType !== 'manual' || reserved === 'manual') return;
  throw new AirflowLikeError('ID_INVALID', {
    place,
    message: `the prefix "${reserved}__" belongs to runs of that type`,
    value: runId,
  });
}
