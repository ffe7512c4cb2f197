/** Which tasks of a DAG are part of a run, by their start and end dates. */
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { DagRun } from '../../model/dag-run.js';

/**
 * The tasks that get instances in a new run: those within whose dates its logical date lies, both inclusive. Dates do not matter to runs of a backfill
 * and to runs without a logical date.
 */
export function tasksOfRun(spec: DagSpec, run: Pick<DagRun, 'runType' | 'logicalDate'>): readonly TaskSpec[] {
  const { runType, logicalDate } = run;
  if (runType === 'backfill' || logicalDate === null) return spec.tasks;
  const isPart = ({ startDate, endDate }: TaskSpec): boolean =>
    (startDate === null || startDate <= logicalDate) && (endDate === null || endDate >= logicalDate);
  return spec.tasks.every(isPart) ? spec.tasks : spec.tasks.filter(isPart);
}
