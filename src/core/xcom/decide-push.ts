/** What is stored of a task's return value. */
import type { XComWrite } from '../../model/commit.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { TaggedJson } from '../../model/tagged-json.js';

export interface PushOptions {
  /** False: the return value is not stored. */
  readonly doXcomPush: boolean;
  /** Each field of the returned object is stored under its name as well. */
  readonly multipleOutputs: boolean;
  /** A task is mapped over the return value, which therefore must have elements. */
  readonly isMappedOver: boolean;
}

export interface PushedValues {
  /** Null: no return value is stored. */
  readonly output: TaggedJson | null;
  readonly fields: readonly XComWrite[];
}

const KEY = /^.{1,250}$/s;

/**
 * A return value of null is no value, as none at all is: nothing is stored for either.
 * @param place Names the task in messages.
 * @throws AirflowLikeError EXPAND_TYPE when a task is mapped over what is no list and no object, or is not stored; VALUE_TYPE when several
 * outputs are wanted of something that is no object; XCOM_KEY_INVALID for the field `return_value`.
 */
export function decidePush(value: TaggedJson | undefined, options: PushOptions, place: string): PushedValues {
  const output = options.doXcomPush ? (value ?? null) : null;
  if (options.isMappedOver) checkMappable(output, value ?? null, place);
  return { output, fields: output !== null && options.multipleOutputs ? fieldsOf(output, place) : [] };
}

/** How the return value of `task` is stored in this DAG. */
export function pushOptionsOf(spec: DagSpec, task: TaskSpec): PushOptions {
  return { doXcomPush: task.doXcomPush, multipleOutputs: task.multipleOutputs, isMappedOver: mappedOverIn(spec).has(task.taskId) };
}

const mappedOver = new WeakMap<DagSpec, ReadonlySet<string>>();

/** Tasks over whose one return value another task, or a group of tasks, is mapped. Of a mapped task the list of its copies' values is meant. */
function mappedOverIn(spec: DagSpec): ReadonlySet<string> {
  const known = mappedOver.get(spec);
  if (known) return known;
  const refs = new Set<string>();
  for (const { map } of [...spec.tasks, ...spec.groups]) {
    if (map === null) continue;
    for (const source of map.sources) if (source.kind === 'ref') refs.add(source.taskId);
  }
  const found = new Set(
    spec.tasks.filter((task) => refs.has(task.taskId) && !isMappedMember(spec, task)).map(({ taskId }) => taskId),
  );
  mappedOver.set(spec, found);
  return found;
}

/** Whether a task has copies: it is mapped itself, or is in a mapped group. */
export function isMappedMember(spec: DagSpec, { map, groupId }: Pick<TaskSpec, 'map' | 'groupId'>): boolean {
  if (map !== null) return true;
  for (let group = groupOf(spec, groupId); group; group = groupOf(spec, group.parentId)) if (group.map !== null) return true;
  return false;
}

function groupOf(spec: DagSpec, groupId: string | null): DagSpec['groups'][number] | undefined {
  return spec.groups.find((group) => group.groupId === groupId);
}

function checkMappable(output: TaggedJson | null, returned: TaggedJson | null, place: string): void {
  if (entriesOf(output) !== null || Array.isArray(output)) return;
  const got = output === null && returned !== null ? 'a value that is not stored (doXcomPush is false)' : nameOf(output);
  throw new AirflowLikeError('EXPAND_TYPE', {
    message: `expected array or object, got ${got} (from xcom ${place}.return_value)`,
  });
}

function fieldsOf(value: TaggedJson, place: string): readonly XComWrite[] {
  const entries = entriesOf(value);
  if (entries === null) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: `${place}.return_value`,
      message: `a task with multipleOutputs must return an object, not ${nameOf(value)}`,
    });
  }
  return entries.map(([key, field]) => {
    if (typeof key === 'string' && key !== 'return_value' && KEY.test(key)) return { key, value: field };
    throw new AirflowLikeError('XCOM_KEY_INVALID', {
      place: `${place}.return_value`,
      message: 'a field of several outputs cannot have this name',
      value: key,
      allowed: 'a text of 1 to 250 characters other than return_value',
    });
  });
}

/** The entries of a plain object, in whichever tagged form; null for anything else. */
function entriesOf(value: TaggedJson): readonly (readonly [string, TaggedJson])[] | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const object = value as { readonly [key: string]: TaggedJson };
  if (!('$type' in object)) return Object.entries(object);
  return object['$type'] === 'object' ? (object['value'] as unknown as readonly (readonly [string, TaggedJson])[]) : null;
}

/** What a value is that is no plain object. */
function nameOf(value: TaggedJson): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${(value as unknown as { readonly $type: string }).$type}`;
}
