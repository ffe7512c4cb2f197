/**
 * Puts the arguments of a task together from its InputSpecs and the outputs of its upstream tasks, all in tagged form: nothing is decoded
 * here, so that a fan-out over a large array costs its elements and not its copies.
 */
import { ABSENT } from '../../model/codec.js';
import type { InputSpec, MapSpec, TaskSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import { elementFor, type Compose } from './map-elements.js';

/** What the task gets of another one, in its shape. Undefined: there is nothing. */
export type OutputLookup = (ref: RefInput, need: Needed) => TaggedJson | undefined;
type RefInput = Extract<InputSpec, { kind: 'ref' }>;

/**
 * What of an output is needed: all of it, of a list that is read piece by piece its length, or of what is mapped over the elements of the copy, in
 * their places.
 */
export type Needed = 'whole' | 'length' | 'elements';

/** An output that the arguments of a task need. */
export interface InputRef {
  readonly taskId: string;
  readonly need: Needed;
}

/** The mapping of a group; null: it is not mapped. */
export type GroupMaps = (groupId: string) => MapSpec | null;

/** The outputs that the arguments of `task` need, each once. */
export function inputRefs(task: TaskSpec, mapOfGroup: GroupMaps): readonly InputRef[] {
  const refs = new Map<string, InputRef>();
  const groups = new Set<string>();
  const add = (taskId: string, need: Needed): void => void refs.set(`${need} ${taskId}`, { taskId, need });
  const collect = (input: InputSpec): void => {
    if (input.kind === 'ref') add(input.taskId, neededOf(input));
    else if (input.kind === 'list') input.items.forEach(collect);
    else if (input.kind === 'object') Object.values(input.fields).forEach(collect);
    else if (input.kind === 'groupElement' && !groups.has(input.groupId)) {
      groups.add(input.groupId);
      collectSources(mapOfGroup(input.groupId));
    }
  };
  const collectSources = (map: MapSpec | null): void => {
    for (const source of map?.sources ?? []) {
      if (source.kind === 'ref') add(source.taskId, neededOf(source, map));
      else collect(source);
    }
  };
  task.inputs.forEach(collect);
  collectSources(task.map);
  return [...refs.values()];
}

/**
 * What is needed of a ref: in an argument, or as a source of `map`. Which elements belong to a copy of a product depends on how long all sources are, and
 * whether something stands in for a source on whether it has any.
 */
function neededOf({ lazy, orElse }: RefInput, map: MapSpec | null = null): Needed {
  if (map === null) return lazy ? 'length' : 'whole';
  return map.kind === 'product' || orElse !== undefined ? 'whole' : 'elements';
}

/** Arguments in order. Undefined stands for a ref to a task without output. */
export function composeInputs(
  task: TaskSpec,
  mapIndex: number,
  output: OutputLookup,
  mapOfGroup: GroupMaps,
): (TaggedJson | undefined)[] {
  const compose = (input: InputSpec): TaggedJson | undefined => {
    switch (input.kind) {
      case 'value':
        return input.value;
      case 'ref':
        return output(input, neededOf(input)) ?? input.orElse;
      case 'element':
        return elementIn(task.map, input.source);
      case 'groupElement':
        return elementIn(mapOfGroup(input.groupId), input.source);
      case 'list':
        return input.items.map((item) => compose(item) ?? ABSENT);
      case 'object':
        return composeObject(Object.entries(input.fields).map(([name, field]) => [name, compose(field)] as const));
    }
  };
  const elementIn = (map: MapSpec | null, position: number): TaggedJson | undefined => {
    const composeSource: Compose = (input, as) =>
      input.kind === 'ref' && as === 'source' ? (output(input, neededOf(input, map)) ?? input.orElse) : compose(input);
    return map ? elementFor(map, position, mapIndex, composeSource) : undefined;
  };
  return task.inputs.map(compose);
}

/** A field without a value is left out. Names that the tagged form reserves need its longer spelling. */
function composeObject(entries: readonly (readonly [string, TaggedJson | undefined])[]): TaggedJson {
  const present = entries.filter((entry): entry is readonly [string, TaggedJson] => entry[1] !== undefined);
  if (present.some(([name]) => name === '$type' || name === '__proto__')) {
    return { $type: 'object', value: present.map(([name, value]) => [name, value]) };
  }
  return Object.fromEntries(present);
}
