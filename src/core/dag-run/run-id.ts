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

/** The type that a run id's prefix names; an unknown prefix means manual. */
export function runTypeOf(runId: string): RunType {
  return RUN_TYPES.find((type) => runId.startsWith(`${type}__`)) ?? 'manual';
}

/**
 * @throws AirflowLikeError ID_INVALID unless a person may give `runId` to a run of `runType`: it must not look like another type's.
 */
export function checkGivenRunId(runId: unknown, runType: RunType, place: string): asserts runId is string {
  checkRunId(runId, place);
  const reserved = RUN_TYPES.find((type) => type !== runType && runId.startsWith(`${type}__`));
  if (!reserved) return;
  throw new AirflowLikeError('ID_INVALID', {
    place,
    message: `the prefix "${reserved}__" belongs to runs of that type`,
    value: runId,
  });
}
