/** How the outputs of a DAG's tasks look to a task that takes them. Worked out once for a version. */
import type { DagSpec, MapSpec, TaskGroupSpec, TaskSpec } from '../../model/dag-spec.js';

/** What a task gets of another one: its one value, that of the copy in the same copy of their group, or the values of all its copies. */
export type OutputShape = 'one' | 'same-copy' | 'list';

export class OutputShapes {
  private readonly tasks: ReadonlyMap<string, TaskSpec>;
  private readonly groups: ReadonlyMap<string, TaskGroupSpec>;

  constructor({ tasks, groups }: Pick<DagSpec, 'tasks' | 'groups'>) {
    this.tasks = new Map(tasks.map((task) => [task.taskId, task]));
    this.groups = new Map(groups.map((group) => [group.groupId, group]));
  }

  /** A task that is not in the spec any more has one value, if it has any. */
  shapeFor(reader: Pick<TaskSpec, 'groupId'>, taskId: string): OutputShape {
    const task = this.tasks.get(taskId);
    if (!task) return 'one';
    const group = this.mappedGroupOf(task);
    if (task.map === null && group !== null && this.mappedGroupOf(reader) === group) return 'same-copy';
    return task.map !== null || group !== null ? 'list' : 'one';
  }

  hasCopies(taskId: string): boolean {
    return this.shapeFor({ groupId: null }, taskId) === 'list';
  }

  /** True: each value of the task is the list of what one copy made of its elements. */
  isChunked(taskId: string): boolean {
    return (this.tasks.get(taskId)?.map?.chunk ?? 1) > 1;
  }

  mapOfGroup(groupId: string): MapSpec | null {
    return this.groups.get(groupId)?.map ?? null;
  }

  /** The mapping of the mapped group that a task is in. */
  mapAround(task: Pick<TaskSpec, 'groupId'>): MapSpec | null {
    const groupId = this.mappedGroupOf(task);
    return groupId === null ? null : this.mapOfGroup(groupId);
  }

  /** The innermost mapped group around a task. */
  private mappedGroupOf({ groupId }: Pick<TaskSpec, 'groupId'>): string | null {
    let group = groupId === null ? undefined : this.groups.get(groupId);
    while (group && group.map === null) group = group.parentId === null ? undefined : this.groups.get(group.parentId);
    return group?.groupId ?? null;
  }
}
