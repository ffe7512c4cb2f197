/**
 * Puts the arguments of a task together from its InputSpecs and the outputs of its upstream tasks, all in tagged form: nothing is decoded
 * here, so that a fan-out over a large array costs its elements and not its copies.
 */
import type { InputSpec, TaskSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';

/** The output of an upstream task; of a mapped one the list of its copies' outputs. Undefined: it has none. */
export type OutputLookup = (taskId: string) => TaggedJson | undefined;

/** Ids of the tasks whose outputs the arguments of `task` need. */
export function inputRefs(task: TaskSpec): readonly string[] {
  const refs = new Set<string>();
  for (const input of task.inputs) collectRefs(input, refs);
  for (const source of task.map?.sources ?? []) collectRefs(source, refs);
  return [...refs];
}

/** Arguments in order. Undefined stands for a ref to a task without output. */
export function composeInputs(task: TaskSpec, mapIndex: number, output: OutputLookup): (TaggedJson | undefined)[] {
  const element = (position: number): TaggedJson | undefined => {
    const source = task.map?.sources[position];
    return source && mapIndex >= 0 ? elementOf(source, mapIndex, output) : undefined;
  };
  return task.inputs.map((input) => compose(input, element, output));
}

function collectRefs(input: InputSpec, refs: Set<string>): void {
  if (input.kind === 'ref') refs.add(input.taskId);
  else if (input.kind === 'list') for (const item of input.items) collectRefs(item, refs);
  else if (input.kind === 'object') for (const field of Object.values(input.fields)) collectRefs(field, refs);
}

function compose(
  input: InputSpec,
  element: (source: number) => TaggedJson | undefined,
  output: OutputLookup,
): TaggedJson | undefined {
  switch (input.kind) {
    case 'value':
      return input.value;
    case 'ref':
      return output(input.taskId);
    case 'element':
      return element(input.source);
    case 'groupElement':
      return undefined;
    case 'list':
      return input.items.map((item) => compose(item, element, output) ?? null);
    case 'object':
      return composeObject(Object.entries(input.fields).map(([name, field]) => [name, compose(field, element, output)] as const));
  }
}

/** A field without a value is left out. Names that the tagged form reserves need its longer spelling. */
function composeObject(entries: readonly (readonly [string, TaggedJson | undefined])[]): TaggedJson {
  const present = entries.filter((entry): entry is readonly [string, TaggedJson] => entry[1] !== undefined);
  if (present.some(([name]) => name === '$type' || name === '__proto__')) {
    return { $type: 'object', value: present.map(([name, value]) => [name, value]) };
  }
  return Object.fromEntries(present);
}

/**
 * The element of the mapped source with this index: an item of an array; of an object `[key, value]`, in the sorted order of its keys: a
 * database does not keep the order in which they were written, and every copy must see the same.
 */
function elementOf(source: InputSpec, mapIndex: number, output: OutputLookup): TaggedJson | undefined {
  const noElement = (): undefined => undefined;
  if (source.kind === 'list') {
    const item = source.items[mapIndex];
    return item && compose(item, noElement, output);
  }
  const value = compose(source, noElement, output);
  if (value === undefined || value === null || typeof value !== 'object') return undefined;
  if (isList(value)) return value[mapIndex];
  if (!('$type' in value)) {
    const key = Object.keys(value).sort()[mapIndex];
    return key === undefined ? undefined : [key, value[key] as TaggedJson];
  }
  if (value['$type'] !== 'object') return undefined;
  return (value['value'] as readonly [TaggedJson, TaggedJson][])[mapIndex];
}

function isList(value: TaggedJson): value is readonly TaggedJson[] {
  return Array.isArray(value);
}
