/** Which values a pull of XComs means. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { XComPull, XComQuery, XComRow } from '../../model/xcom.js';

/** What has to be read for a pull by the task `ownTaskId`. */
export function planPull(pull: XComPull, ownTaskId: string): XComQuery {
  const { key, mapIndexes, runId, includePriorDates } = pull;
  return {
    taskIds: [...new Set(taskIdsOf(pull, ownTaskId))],
    key,
    mapIndexes: mapIndexes === 'all' ? null : [...new Set(listOf(mapIndexes))],
    runId,
    includePriorDates,
  };
}

/**
 * The value of a pull, from what the query of `planPull` found; undefined when there is none and no fallback.
 *
 * A list of tasks or of map indexes gives a list, with the fallback or null where there is nothing. One task gives its value; a mapped task with
 * more than one value the list of its values, in the order of the map indexes. A stored null is nothing.
 */
export function choosePulled(pull: XComPull, ownTaskId: string, rows: readonly XComRow[]): TaggedJson | undefined {
  const { mapIndexes, taskIds, fallback } = pull;
  const rowsOf = (taskId: string): readonly XComRow[] => rows.filter((row) => row.taskId === taskId && row.value !== null);
  const missing = fallback ?? null;
  const perTask = taskIdsOf(pull, ownTaskId).map((taskId): readonly TaggedJson[] => {
    const found = rowsOf(taskId);
    if (mapIndexes !== 'all') {
      return listOf(mapIndexes).map((index) => found.find((row) => row.mapIndex === index)?.value ?? missing);
    }
    return found.length === 0 ? [missing] : found.toSorted((a, b) => a.mapIndex - b.mapIndex).map(({ value }) => value);
  });
  const values = perTask.flat();
  if (isList(taskIds) || isList(mapIndexes)) return values;
  if (values.length !== 1) return values;
  return values[0] ?? fallback;
}

function taskIdsOf({ taskIds }: XComPull, ownTaskId: string): readonly string[] {
  if (taskIds === null) return [ownTaskId];
  return typeof taskIds === 'string' ? [taskIds] : taskIds;
}

function listOf(value: number | readonly number[]): readonly number[] {
  return typeof value === 'number' ? [value] : value;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
