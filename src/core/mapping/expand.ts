/** Turns the one unexpanded row of a mapped task into its copies, and adapts copies when the source was run again. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { taskCallback } from '../callback/task-callback.js';
import type { PlanOptions } from '../dag-run/plan-options.js';
import type { RunView } from '../dag-run/run-view.js';
import { copiesOf, unexpandedSlot, type Slot, type TaskNode } from '../dag-run/task-node.js';
import { mapLength, type MapLength } from './map-length.js';

/**
 * Expands `instance` (map index -1), whose dependencies are met: it becomes map index 0, the others are inserted in state none. Nothing to map
 * over skips it; a source that cannot be mapped keeps it from running. A member of a mapped group gets one copy for each of the group's.
 * @param length Known, or why it cannot be: with its dependencies met, no source is missing.
 * @returns The row as it is now.
 */
export function expandTask(
  view: RunView,
  node: TaskNode,
  instance: TaskInstance,
  length: MapLength,
  now: Instant,
  options: PlanOptions,
): TaskInstance {
  const end = (name: 'skip' | 'failUpstream', reason: string): TaskInstance =>
    view.transition(instance.id, name, { endedAt: now }, { reason });
  const found = length as Extract<MapLength, { kind: 'known' | 'unmappable' }>;
  if (found.kind === 'unmappable') {
    const reason = `EXPAND_TYPE: expected an array or an object, got ${found.got} (from ${found.from})`;
    return found.isOwnFault ? fail(view, instance, now, reason) : end('failUpstream', reason);
  }
  if (found.length === 0) return end('skip', 'mapped_over_nothing');
  if (found.length > options.maxMapLength) {
    return fail(
      view,
      instance,
      now,
      `EXPAND_TOO_LARGE: ${found.length} > ${options.maxMapLength} (task ${node.task.taskId}); map over fewer elements, or raise core.maxMapLength`,
    );
  }
  return expand(view, instance, found.length);
}

function expand(view: RunView, instance: TaskInstance, length: number): TaskInstance {
  const first = view.patch(instance.id, { mapIndex: 0 });
  view.insertCopies(first, range(1, length));
  return first;
}

/**
 * Expands a task that is mapped over a literal before its rule is looked at: its length is known from the start, so every copy shows how it ended
 * also where none of them runs. Zero and too many elements are left to `expandTask`.
 */
export function expandLiteral(view: RunView, node: TaskNode, options: PlanOptions): void {
  const { mapping } = node.facts;
  const instance = unexpandedSlot(node)?.instance;
  if (mapping === null || mapping.sources.some(({ kind }) => kind === 'ref') || instance?.state !== 'none') return;
  const length = mapLength(view, mapping);
  if (length.kind !== 'known' || length.length === 0 || length.length > options.maxMapLength) return;
  expand(view, instance, length.length);
}

/**
 * Of a task whose instance may run, and is a copy if the task is mapped. After the source of the copies was cleared and ran again: adds the missing
 * ones, restores removed ones, and removes the surplus ones that are not under way. Does nothing while the length is unknown, and costs nothing when it fits.
 * @returns The copies that were added or restored.
 */
export function reviseCopies(view: RunView, node: TaskNode, now: Instant, options: PlanOptions): readonly TaskInstance[] {
  const { mapping } = node.facts;
  if (mapping === null) return [];
  const source = mapLength(view, mapping);
  if (source.kind !== 'known' || source.length > options.maxMapLength || fits(node, source.length)) return [];
  const added: TaskInstance[] = [];
  const missing = new Set(range(0, source.length));
  for (const { instance } of [...node.slots]) {
    missing.delete(instance.mapIndex);
    if (instance.mapIndex < source.length) {
      if (instance.state === 'removed') added.push(view.transition(instance.id, 'restore', { endedAt: null }));
    } else if (instance.state !== 'removed' && instance.state !== 'queued' && instance.state !== 'running') {
      view.transition(instance.id, 'remove', { endedAt: now, wakeAt: null }, { reason: 'map_index' });
    }
  }
  const { instance: pattern } = node.slots[0] as Slot;
  added.push(...view.insertCopies(pattern, missing));
  return added;
}

/** Whether the copies are surely those of so many elements: beside removed ones, one that is too many may stand for one that is missing. */
function fits(node: TaskNode, length: number): boolean {
  return node.counts.removed === 0 && copiesOf(node) === length;
}

function fail(view: RunView, instance: TaskInstance, now: Instant, reason: string): TaskInstance {
  const [code = reason] = reason.split(':', 1);
  const error = { code, name: code, message: reason, stack: null };
  const failure = { event: 'failure', state: 'failed', error, reason } as const;
  const callback = taskCallback(view.task(instance.taskId), instance, view.run, failure);
  return view.transition(instance.id, 'fail', { endedAt: now }, { reason, callback });
}

function* range(from: number, to: number): Iterable<number> {
  for (let index = from; index < to; index++) yield index;
}
