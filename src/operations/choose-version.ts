import type { DagSpec } from '../model/dag-spec.js';
import type { DagRunSnapshot } from '../model/snapshot.js';
import type { DagListing } from '../ports/store.js';

/**
 * The version with which a run goes on when it runs again: the DAG's newest, because people clear what they have mended; its own when the
 * newest has other tasks, so that every task instance keeps its task.
 */
export function chooseVersionId({ run, spec }: DagRunSnapshot, newest: DagListing): number {
  return haveSameTasks(spec, newest.spec) ? newest.dag.currentVersionId : run.versionId;
}

/** True when both have the same tasks, mapped or not alike. Edges, options and code may differ. */
function haveSameTasks(older: DagSpec, newer: DagSpec): boolean {
  if (older.tasks.length !== newer.tasks.length) return false;
  const known = new Map(older.tasks.map((task) => [task.taskId, task.map !== null]));
  return newer.tasks.every((task) => known.get(task.taskId) === (task.map !== null));
}
