import type { DagRun } from '../model/dag-run.js';
import { AirflowLikeError } from '../model/errors.js';
import { findDag } from './find-dag.js';
import { findRun } from './find-run.js';
import { UNSAFE_TEXT } from './parse-conf.js';
import type { OperationDeps } from './operation-deps.js';

export const MAX_NOTE_LENGTH = 1_000;

/**
 * Writes a note to a run, in place of the one it has; null removes it.
 * @returns The run with the note.
 * @throws AirflowLikeError NOT_FOUND, VALUE_RANGE, STRING_INVALID.
 */
export async function setRunNote(
  { store, actor }: OperationDeps,
  dagId: string,
  runId: string,
  note: string | null,
): Promise<DagRun> {
  await findDag(store, dagId);
  checkNote(note);
  const run = await findRun(store, dagId, runId);
  await store.runs.setNote(run.id, note, actor);
  return { ...run, note };
}

/** @throws AirflowLikeError VALUE_RANGE, STRING_INVALID */
export function checkNote(note: string | null, place = 'note'): void {
  if (note === null) return;
  if (note.length > MAX_NOTE_LENGTH) {
    throw new AirflowLikeError('VALUE_RANGE', { place, message: `longer than ${MAX_NOTE_LENGTH} characters`, value: note });
  }
  if (UNSAFE_TEXT.test(note)) {
    throw new AirflowLikeError('STRING_INVALID', {
      place,
      message: 'the text holds a NUL character or half a character',
      value: note,
    });
  }
}
