import type { MapSpec, TaskRole } from '../model/dag-spec.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { TaskSettings } from './check-task-options.js';
import type { PendingInput } from './record-input.js';
import type { LazyPosition } from './source-position.js';

/** What a wiring consists of: calls of tasks, groups, and the order between them. The recorder makes them; ids are final only at its end. */

/** What can be called while wiring. */
export interface TaskMember {
  readonly name: string;
  /** Task id of an ordinary call. */
  readonly defaultId: string;
  readonly optional: boolean;
  readonly role: TaskRole;
  /** Parameters that it declares; null when that is not known or has no limit. */
  readonly parameters: number | null;
  readonly position: LazyPosition | null;
}

/** A `MapSpec` whose sources still name nodes. */
export interface PendingMap extends Omit<MapSpec, 'sources'> {
  readonly sources: readonly PendingInput[];
}

export interface GroupNode {
  readonly id: string;
  readonly parent: GroupNode | null;
  readonly defaults: Partial<TaskSettings>;
  readonly map: PendingMap | null;
  readonly position: LazyPosition | null;
}

export interface TaskNode {
  readonly member: TaskMember;
  readonly group: GroupNode | null;
  readonly position: LazyPosition | null;
  /** Without the group's prefix. */
  ownId: string;
  readonly inputs: readonly PendingInput[];
  readonly map: PendingMap | null;
  /** Options given where it is called. */
  readonly settings: Partial<TaskSettings>;
}

/** What was wired while a function ran: no group, but with first and last tasks as well. */
export interface Region {
  readonly tasks: readonly TaskNode[];
  readonly groups: readonly GroupNode[];
}

/** What can be ordered. `orElse` stands in for the output of a task that has none; a `lazy` one is read piece by piece. */
export type Endpoint =
  { readonly task: TaskNode; readonly orElse?: TaggedJson; readonly lazy?: true } | { readonly group: GroupNode };

/** The element of a mapped group that its tasks work with, by the position of its source. */
export interface GroupElement {
  readonly element: GroupNode;
  readonly source: number;
}

/** What a case of a choice leads to. */
export type CaseTarget = Endpoint | { readonly region: Region };

export interface Edge {
  readonly from: Endpoint | { readonly region: Region };
  readonly to: Endpoint | { readonly region: Region };
}

export function taskIdOf(task: TaskNode): string {
  return task.group ? `${task.group.id}.${task.ownId}` : task.ownId;
}

export function describeEndpoint(endpoint: Endpoint | GroupElement): string {
  if ('task' in endpoint) return `task "${taskIdOf(endpoint.task)}"`;
  return 'group' in endpoint ? `group "${endpoint.group.id}"` : `the element of group "${endpoint.element.id}"`;
}

/** Whether `outer` is `inner` or a group around it. */
export function isWithin(inner: GroupNode | null, outer: GroupNode): boolean {
  for (let group = inner; group; group = group.parent) if (group === outer) return true;
  return false;
}

/** The innermost mapped group around. */
export function mappedGroupAround(inner: GroupNode | null): GroupNode | null {
  for (let group = inner; group; group = group.parent) if (group.map) return group;
  return null;
}
