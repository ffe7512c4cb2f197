import type { DagRun } from '../../model/dag-run.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { formatInstant } from '../dates.js';
import type { Row } from '../output/table.js';

/** The task instances of a run as a list; the map index has a column where one is mapped, and so has the name of a copy. */
export function taskInstanceRows(
  run: DagRun,
  taskInstances: readonly TaskInstance[],
): { columns: readonly string[]; rows: readonly Row[] } {
  const isMapped = taskInstances.some(({ mapIndex }) => mapIndex >= 0);
  const date = (instant: number | null): string | null => (instant === null ? null : formatInstant(instant));
  const rows = taskInstances.map((taskInstance) => ({
    dag_id: run.dagId,
    logical_date: date(run.logicalDate),
    task_id: taskInstance.taskId,
    // Airflow knows no name for "no state yet".
    state: taskInstance.state === 'none' ? null : taskInstance.state,
    start_date: date(taskInstance.startedAt),
    end_date: date(taskInstance.endedAt),
    map_index: taskInstance.mapIndex,
    rendered_map_index: taskInstance.mapLabel,
    try_number: taskInstance.tryNumber,
  }));
  const columns = [
    'dag_id',
    'logical_date',
    'task_id',
    'state',
    'start_date',
    'end_date',
    ...(isMapped ? ['map_index'] : []),
    ...(taskInstances.some(({ mapLabel }) => mapLabel !== null) ? ['rendered_map_index'] : []),
    'try_number',
  ];
  return { columns, rows };
}
