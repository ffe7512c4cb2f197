import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';

/** The tasks of a group and of the groups in it, in wiring order; none for a group that there is not. */
export function tasksInGroup(spec: DagSpec, groupId: string): readonly TaskSpec[] {
  const parents = new Map(spec.groups.map((group) => [group.groupId, group.parentId]));
  const isInside = (inner: string | null): boolean => {
    for (let id = inner; id !== null; id = parents.get(id) ?? null) if (id === groupId) return true;
    return false;
  };
  return spec.tasks.filter((task) => isInside(task.groupId));
}
