/** Turns the one unexpanded row of a mapped task into its copies, and adapts copies when the source was run again. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { PlanLimits } from '../dag-run/plan-run.js';
import type { RunView } from '../dag-run/run-view.js';
import type { TaskNode } from '../dag-run/task-node.js';
import { scheduleInstance } from '../task-instance/schedule.js';
import { mapLength, type MapLength } from './map-length.js';

/**
 * Expands `instance` (map index -1), whose trigger rule is met: it becomes map index 0 and is scheduled, the others are inserted in state
 * none. Nothing to map over skips it; a source that cannot be mapped fails it.
 */
export function expandTask(
  view: RunView,
  node: TaskNode,
  instance: TaskInstance,
  length: MapLength,
  now: Instant,
  limits: PlanLimits,
): void {
  switch (length.kind) {
    case 'wait':
      return;
    case 'ended': {
      const name = length.state === 'skipped' ? 'skip' : 'failUpstream';
      view.transition(instance.id, name, { endedAt: now }, { reason: 'map_source' });
      return;
    }
    case 'unmappable':
      fail(view, instance, now, `EXPAND_TYPE: expected an array or an object, got ${length.got} (from ${length.from})`);
      return;
    case 'known':
  }
  if (length.length === 0) {
    view.transition(instance.id, 'skip', { endedAt: now }, { reason: 'mapped_over_nothing' });
    return;
  }
  if (length.length > limits.maxMapLength) {
    fail(view, instance, now, `EXPAND_TOO_LARGE: ${length.length} > ${limits.maxMapLength} (task ${node.task.taskId})`);
    return;
  }
  scheduleInstance(view, instance, now, { mapIndex: 0 });
  view.insertCopies(instance, range(1, length.length));
}

/**
 * Expands a task that is mapped over a literal before its rule is looked at: its length is known from the start, so every copy shows how it ended
 * also where none of them runs. Zero and too many elements are left to `expandTask`.
 */
export function expandLiteral(view: RunView, node: TaskNode, limits: PlanLimits): void {
  const { map } = node.task;
  const instance = node.slots[0]?.instance;
  if (!map || map.sources.some(({ kind }) => kind === 'ref') || !instance || instance.mapIndex >= 0 || instance.state !== 'none')
    return;
  const length = mapLength(view, map);
  if (length.kind !== 'known' || length.length === 0 || length.length > limits.maxMapLength) return;
  view.patch(instance.id, { mapIndex: 0 });
  view.insertCopies(instance, range(1, length.length));
}

/**
 * After the source of an expanded task was cleared and ran again: adds the missing copies and removes the surplus ones that have not
 * started. Does nothing while the length is unknown.
 */
export function reviseCopies(view: RunView, node: TaskNode, now: Instant, limits: PlanLimits): void {
  const first = node.slots[0]?.instance;
  if (!node.task.map || !first || first.mapIndex < 0) return;
  const source = mapLength(view, node.task.map);
  if (source.kind !== 'known' || source.length > limits.maxMapLength) return;
  const present = new Set<number>();
  for (const { instance } of node.slots) {
    present.add(instance.mapIndex);
    if (instance.mapIndex < source.length) {
      if (instance.state === 'removed') view.transition(instance.id, 'restore', { endedAt: null });
    } else if (instance.state === 'none') {
      view.transition(instance.id, 'remove', { endedAt: now }, { reason: 'map_index' });
    }
  }
  if (present.size === source.length) return;
  const missing = [...range(0, source.length)].filter((index) => !present.has(index));
  view.insertCopies(first, missing);
}

function fail(view: RunView, instance: TaskInstance, now: Instant, reason: string): void {
  view.transition(instance.id, 'fail', { endedAt: now }, { reason });
}

function* range(from: number, to: number): Iterable<number> {
  for (let index = from; index < to; index++) yield index;
}
