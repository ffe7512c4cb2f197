/**
 * Puts the arguments of a task together from its InputSpecs and the outputs of its upstream tasks, all in tagged form: nothing is decoded
 * here, so that a fan-out over a large array costs its elements and not its copies.
 */
import { ABSENT } from '../../model/codec.js';
import type { InputSpec, MapSpec, TaskSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import { elementFor } from './map-elements.js';

/** What the task gets of another one, in its shape, or of a list that it reads piece by piece how long that is. Undefined: there is nothing. */
export type OutputLookup = (ref: RefInput) => TaggedJson | undefined;
type RefInput = Extract<InputSpec, { kind: 'ref' }>;

/** An output that the arguments of a task need. */
export interface InputRef {
  readonly taskId: string;
  readonly isLazy: boolean;
}

/** The mapping of a group; null: it is not mapped. */
export type GroupMaps = (groupId: string) => MapSpec | null;

/** The outputs that the arguments of `task` need, each once. */
export function inputRefs(task: TaskSpec, mapOfGroup: GroupMaps): readonly InputRef[] {
  const refs = new Map<string, InputRef>();
  const groups = new Set<string>();
  const collect = (input: InputSpec): void => {
    if (input.kind === 'ref') {
      const { taskId, lazy: isLazy = false } = input;
      refs.set(`${isLazy} ${taskId}`, { taskId, isLazy });
    } else if (input.kind === 'list') input.items.forEach(collect);
    else if (input.kind === 'object') Object.values(input.fields).forEach(collect);
    else if (input.kind === 'groupElement' && !groups.has(input.groupId)) {
      groups.add(input.groupId);
      mapOfGroup(input.groupId)?.sources.forEach(collect);
    }
  };
  task.inputs.forEach(collect);
  task.map?.sources.forEach(collect);
  return [...refs.values()];
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
        return output(input) ?? input.orElse;
      case 'element':
        return task.map ? elementFor(task.map, input.source, mapIndex, compose) : undefined;
      case 'groupElement': {
        const map = mapOfGroup(input.groupId);
        return map ? elementFor(map, input.source, mapIndex, compose) : undefined;
      }
      case 'list':
        return input.items.map((item) => compose(item) ?? ABSENT);
      case 'object':
        return composeObject(Object.entries(input.fields).map(([name, field]) => [name, compose(field)] as const));
    }
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
