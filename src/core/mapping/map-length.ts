/** How many copies a mapped task gets, or why that cannot be said. */
import type { InputSpec, MapSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { RunView } from '../dag-run/run-view.js';
import { unexpandedSlot, unfinishedOf, type TaskNode } from '../dag-run/task-node.js';

export type MapLength =
  | { readonly kind: 'known'; readonly length: number }
  /** The source is not finished yet, or has been removed. */
  | { readonly kind: 'wait' }
  /** The source ended without a value; what becomes of the mapped task says its dependency on the source. */
  | { readonly kind: 'ended' }
  /** The source has a value that cannot be mapped over; `got` says what, `from` where it comes from: the DAG itself or another task. */
  | { readonly kind: 'unmappable'; readonly got: string; readonly from: string; readonly isOwnFault: boolean };

const WAIT: MapLength = { kind: 'wait' };
const ENDED: MapLength = { kind: 'ended' };

/** Number of copies of a mapped task in this run as it stands: by its first source that is not of a known length, or by all of them. */
export function mapLength(view: RunView, { kind, sources, fill, chunk = 1 }: MapSpec): MapLength {
  const lengths: number[] = [];
  for (const source of sources) {
    const length = sourceLength(view, source);
    if (length.kind !== 'known') return length;
    lengths.push(length.length);
  }
  switch (kind) {
    case 'each':
      return { kind: 'known', length: Math.ceil((lengths[0] ?? 0) / chunk) };
    case 'zip':
      return { kind: 'known', length: fill === undefined ? Math.min(...lengths) : Math.max(...lengths) };
    case 'product':
      return { kind: 'known', length: lengths.reduce((product, length) => product * length, 1) };
  }
}

function sourceLength(view: RunView, source: InputSpec): MapLength {
  switch (source.kind) {
    case 'value':
      return literalLength(source.value);
    case 'list':
      return { kind: 'known', length: source.items.length };
    case 'object':
      return { kind: 'known', length: Object.keys(source.fields).length };
    case 'element':
    case 'groupElement':
      return { kind: 'unmappable', got: 'an element of the same mapping', from: 'the map source', isOwnFault: true };
    case 'ref': {
      const node = view.node(source.taskId);
      const length = node.facts.mapping === null ? outputLength(node) : copiesWithOutput(node);
      return length.kind === 'ended' && source.orElse !== undefined ? literalLength(source.orElse) : length;
    }
  }
}

function literalLength(value: TaggedJson): MapLength {
  // Asked for every copy, so that the keys of a long array are not listed each time.
  if (Array.isArray(value)) return { kind: 'known', length: value.length };
  const origin = { kind: 'unmappable', from: 'a literal', isOwnFault: true } as const;
  if (value === null) return { ...origin, got: 'null' };
  if (typeof value !== 'object') return { ...origin, got: `a ${typeof value}` };
  const tag = (value as { readonly $type?: unknown }).$type;
  if (typeof tag === 'string') return { ...origin, got: `a ${tag}` };
  return { kind: 'known', length: Object.keys(value).length };
}

/** Of a task that is not mapped: what its return value said about its length. */
function outputLength(node: TaskNode): MapLength {
  const instance = node.slots[0]?.instance;
  if (!instance) return WAIT;
  const origin = { kind: 'unmappable', from: `the return value of ${node.task.taskId}`, isOwnFault: false } as const;
  switch (instance.state) {
    case 'success':
      if (instance.outputLength === null) return { ...origin, got: 'null' };
      if (instance.outputLength < 0) return { ...origin, got: 'a single value' };
      return { kind: 'known', length: instance.outputLength };
    case 'skipped':
    case 'failed':
    case 'upstream_failed':
      return ENDED;
    default:
      return WAIT;
  }
}

/** Of a mapped task: the number of its copies that returned something, once all are finished. */
function copiesWithOutput(node: TaskNode): MapLength {
  if (node.slots.length === 0 || unfinishedOf(node) > 0) return WAIT;
  const unexpanded = unexpandedSlot(node)?.instance;
  if (!unexpanded) return { kind: 'known', length: node.outputs };
  return unexpanded.state === 'removed' ? WAIT : ENDED;
}
