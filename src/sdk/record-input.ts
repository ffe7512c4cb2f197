import { encodeTagged } from '../model/codec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { InputSpec } from '../model/dag-spec.js';
import type { TaggedJson } from '../model/tagged-json.js';
import { eachSourceOf } from './each.js';
import type { CaseTarget, Endpoint, GroupElement, GroupNode, TaskNode } from './wiring-nodes.js';

/** Arguments of a task call while wiring: where a Ref is found becomes an edge, everything else must be storable. */

/** An `InputSpec` whose refs still name nodes, because ids may change until wiring ends. */
export type PendingInput =
  | Extract<InputSpec, { kind: 'value' | 'element' }>
  | { readonly kind: 'ref'; readonly task: TaskNode; readonly orElse?: TaggedJson; readonly lazy?: true }
  /** The ids of the first tasks of each case of a choice. */
  | { readonly kind: 'cases'; readonly targets: ReadonlyMap<string, CaseTarget> }
  | { readonly kind: 'groupElement'; readonly group: GroupNode; readonly source: number }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, PendingInput])[] }
  | { readonly kind: 'list'; readonly items: readonly PendingInput[] };

/** Tells Refs from values; the recorder. */
export interface EndpointSource {
  endpointOf(value: unknown, place: string): Endpoint | GroupElement | null;
}

/**
 * @throws AirflowLikeError ARG_NOT_SERIALIZABLE naming the key path, TASK_NOT_INSTANTIATED for a task that was not called, EDGE_INVALID
 * for a Ref of another DAG.
 */
export function recordInput(value: unknown, place: string, source: EndpointSource): PendingInput {
  return record(value, place, source, new Set()) ?? { kind: 'value', value: encodeArgument(value, place) };
}

/** Arguments without the `undefined` at their end, which stand for parameters that are left out. */
export function withoutOmitted(args: readonly unknown[]): readonly unknown[] {
  return args.slice(0, args.findLastIndex((argument) => argument !== undefined) + 1);
}

/** As `recordInput`, for what a task is mapped over. @throws AirflowLikeError EXPAND_TYPE for a value that has no elements. */
export function recordMapSource(value: unknown, place: string, source: EndpointSource): PendingInput {
  const isContainer = typeof value === 'object' && value !== null && ['Array', 'Object'].includes(kindOf(value));
  if (isContainer || typeof value === 'function') {
    const input = recordInput(value, place, source);
    if (input.kind !== 'ref' || !input.lazy) return input;
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: 'each copy reads only its element of what it is mapped over; leave .lazy() out',
    });
  }
  throw new AirflowLikeError('EXPAND_TYPE', {
    place,
    message: 'this cannot be mapped over',
    value,
    allowed: 'an array, an object, or the output of a task',
  });
}

/** `Array`, `Object`, `Date`... also of an object from another realm. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** The nodes whose outputs `input` takes. */
export function tasksIn(input: PendingInput): readonly TaskNode[] {
  switch (input.kind) {
    case 'ref':
      return [input.task];
    case 'groupElement':
      return input.group.map?.sources.flatMap(tasksIn) ?? [];
    case 'object':
      return input.fields.flatMap(([, field]) => tasksIn(field));
    case 'list':
      return input.items.flatMap(tasksIn);
    default:
      return [];
  }
}

/** How nodes are named once wiring has ended. */
export interface Names {
  idOf(task: TaskNode): string;
  /** The first tasks of what a case leads to. */
  firstOf(target: CaseTarget): readonly string[];
}

export function resolveInput(input: PendingInput, names: Names): InputSpec {
  switch (input.kind) {
    case 'ref':
      return {
        kind: 'ref',
        taskId: names.idOf(input.task),
        ...(input.orElse === undefined ? {} : { orElse: input.orElse }),
        ...(input.lazy && { lazy: true }),
      };
    case 'groupElement':
      return { kind: 'groupElement', groupId: input.group.id, source: input.source };
    case 'cases': {
      const cases = [...input.targets].map(([name, target]) => [name, names.firstOf(target)] as const);
      return asValue(Object.fromEntries(cases), 'choose');
    }
    case 'object':
      return {
        kind: 'object',
        fields: Object.fromEntries(input.fields.map(([key, field]) => [key, resolveInput(field, names)])),
      };
    case 'list':
      return { kind: 'list', items: input.items.map((item) => resolveInput(item, names)) };
    default:
      return input;
  }
}

/** Null when there is no Ref anywhere in `value`: then it is stored as one value. `open` holds the containers around it. */
function record(value: unknown, place: string, source: EndpointSource, open: ReadonlySet<unknown>): PendingInput | null {
  const endpoint = source.endpointOf(value, place);
  if (endpoint && 'task' in endpoint) return { kind: 'ref', ...endpoint };
  if (endpoint && 'element' in endpoint) return { kind: 'groupElement', group: endpoint.element, source: endpoint.source };
  if (endpoint) {
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: 'a group has no output; pass what its function returned (`group.result`)',
    });
  }
  if (eachSourceOf(value)) {
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: 'each(...) marks arguments of mapZip and mapProduct; here it says nothing',
    });
  }
  if (open.has(value)) return null;
  const inside = new Set(open).add(value);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) => [item, record(item, `${place}[${index}]`, source, inside)] as const);
    if (items.every(([, recorded]) => recorded === null)) return null;
    return { kind: 'list', items: items.map(([item, recorded], index) => recorded ?? asValue(item, `${place}[${index}]`)) };
  }
  if (!isPlainObject(value)) return null;
  const fields = Object.entries(value).map(
    ([key, field]) => [key, field, record(field, `${place}.${key}`, source, inside)] as const,
  );
  if (fields.every(([, , recorded]) => recorded === null)) return null;
  return {
    kind: 'object',
    fields: fields
      .filter(([, field]) => field !== undefined)
      .map(([key, field, recorded]) => [key, recorded ?? asValue(field, `${place}.${key}`)]),
  };
}

function asValue(value: unknown, place: string): Extract<InputSpec, { kind: 'value' }> {
  return { kind: 'value', value: encodeArgument(value, place) };
}

function encodeArgument(value: unknown, place: string) {
  return encodeTagged(value, place, 'ARG_NOT_SERIALIZABLE');
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
