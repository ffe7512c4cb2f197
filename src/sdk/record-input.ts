import { encodeTagged } from '../model/codec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { InputSpec } from '../model/dag-spec.js';
import type { Endpoint, TaskNode } from './recorder.js';

/** Arguments of a task call while wiring: where a Ref is found becomes an edge, everything else must be storable. */

/** An `InputSpec` whose refs still name nodes, because ids may change until wiring ends. */
export type PendingInput =
  | Extract<InputSpec, { kind: 'value' | 'element' }>
  | { readonly kind: 'ref'; readonly task: TaskNode }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, PendingInput])[] }
  | { readonly kind: 'list'; readonly items: readonly PendingInput[] };

/** Tells Refs from values; the recorder. */
export interface EndpointSource {
  endpointOf(value: unknown, place: string): Endpoint | null;
}

/**
 * @throws AirflowLikeError ARG_NOT_SERIALIZABLE naming the key path, TASK_NOT_INSTANTIATED for a task that was not called, EDGE_INVALID
 * for a Ref of another DAG.
 */
export function recordInput(value: unknown, place: string, source: EndpointSource): PendingInput {
  return record(value, place, source, new Set()) ?? { kind: 'value', value: encodeArgument(value, place) };
}

/** As `recordInput`, for what a task is mapped over. @throws AirflowLikeError EXPAND_TYPE for a value that has no elements. */
export function recordMapSource(value: unknown, place: string, source: EndpointSource): PendingInput {
  const input = recordInput(value, place, source);
  if (input.kind === 'ref' || input.kind === 'list' || input.kind === 'object') return input;
  const isPlain = typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
  if (Array.isArray(value) || isPlain) return input;
  throw new AirflowLikeError('EXPAND_TYPE', {
    place,
    message: 'this cannot be mapped over',
    value,
    allowed: 'an array, an object, or the output of a task',
  });
}

/** The nodes whose outputs `input` takes. */
export function tasksIn(input: PendingInput): readonly TaskNode[] {
  switch (input.kind) {
    case 'ref':
      return [input.task];
    case 'object':
      return input.fields.flatMap(([, field]) => tasksIn(field));
    case 'list':
      return input.items.flatMap(tasksIn);
    default:
      return [];
  }
}

export function resolveInput(input: PendingInput, taskIdOf: (task: TaskNode) => string): InputSpec {
  switch (input.kind) {
    case 'ref':
      return { kind: 'ref', taskId: taskIdOf(input.task) };
    case 'object':
      return {
        kind: 'object',
        fields: Object.fromEntries(input.fields.map(([key, field]) => [key, resolveInput(field, taskIdOf)])),
      };
    case 'list':
      return { kind: 'list', items: input.items.map((item) => resolveInput(item, taskIdOf)) };
    default:
      return input;
  }
}

/** Null when there is no Ref anywhere in `value`: then it is stored as one value. `open` holds the containers around it. */
function record(value: unknown, place: string, source: EndpointSource, open: ReadonlySet<unknown>): PendingInput | null {
  const endpoint = source.endpointOf(value, place);
  if (endpoint && 'task' in endpoint) return { kind: 'ref', task: endpoint.task };
  if (endpoint) {
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: 'a group has no output; pass what its function returned (`group.result`)',
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

function asValue(value: unknown, place: string): PendingInput {
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
