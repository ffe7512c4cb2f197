import { AirflowLikeError } from './errors.js';

const ID = /^[A-Za-z0-9_~][A-Za-z0-9_.~-]{0,249}$/;
const RUN_ID = /^[A-Za-z0-9_.~:+-]{1,250}$/;

/** Whether `id` can name a DAG, a task or a group. */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id);
}

/** @throws AirflowLikeError ID_INVALID unless `id` can name a DAG, a task or a group. */
export function checkId(id: unknown, place: string): asserts id is string {
  if (isId(id)) return;
  throw new AirflowLikeError('ID_INVALID', {
    place,
    message: 'this cannot be an id',
    value: id,
    allowed: 'A-Z a-z 0-9 _ - . ~ (1-250 characters, not starting with . or -)',
  });
}

/** @throws AirflowLikeError ID_INVALID unless `runId` can name a run. */
export function checkRunId(runId: unknown, place: string): asserts runId is string {
  const hasTwoDots = typeof runId === 'string' && runId.includes('..');
  if (typeof runId === 'string' && RUN_ID.test(runId) && !hasTwoDots) return;
  throw new AirflowLikeError('ID_INVALID', {
    place,
    message: hasTwoDots ? 'a run id cannot have two dots in a row' : 'this cannot be a run id',
    value: runId,
    allowed: 'A-Z a-z 0-9 _ - . ~ : + (1-250 characters, no two dots in a row)',
  });
}
