import type { TaskRole } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import type { TaskSettings } from './check-task-options.js';
import { recordInput, recordMapSource, type PendingInput } from './record-input.js';
import type { ProblemList } from './problems.js';
import { createRef, type EndpointActions, type Ref } from './ref.js';
import { capturePosition, type LazyPosition } from './source-position.js';

/**
 * Records what `wire` does: which tasks are called, with what, in which group, after what. It owns the nodes and edges while a DAG is
 * wired; ids are final only at the end, because `.as()` may rename a call. `resolve-edges.ts` turns the record into task ids.
 */

/** What can be called while wiring. */
export interface TaskMember {
  readonly name: string;
  /** Task id of an ordinary call. */
  readonly defaultId: string;
  readonly optional: boolean;
  readonly role: TaskRole;
  readonly position: LazyPosition | null;
}

export interface GroupNode {
  readonly id: string;
  readonly parent: GroupNode | null;
  readonly defaults: Partial<TaskSettings>;
  readonly position: LazyPosition | null;
}

export interface TaskNode {
  readonly member: TaskMember;
  readonly group: GroupNode | null;
  readonly position: LazyPosition | null;
  /** Without the group's prefix. */
  ownId: string;
  readonly inputs: readonly PendingInput[];
  readonly mapSource: PendingInput | null;
}

/** What was wired while a function ran: no group, but with first and last tasks as well. */
export interface Region {
  readonly tasks: readonly TaskNode[];
  readonly groups: readonly GroupNode[];
}

export type Endpoint = { readonly task: TaskNode } | { readonly group: GroupNode };

export interface Edge {
  readonly from: Endpoint | { readonly region: Region };
  readonly to: Endpoint | { readonly region: Region };
}

/** What a task looks like inside `wire`: a function with `map` and `as`. */
export interface TaskHandle {
  (...inputs: readonly unknown[]): Ref<unknown>;
  map(source: unknown, ...rest: readonly unknown[]): Ref<unknown>;
  as(taskId: unknown): TaskHandle;
}

export interface RecorderOptions {
  readonly dagId: string;
  readonly problems: ProblemList;
  readonly checkGroupDefaults: (defaults: unknown, groupId: string, position: LazyPosition) => Partial<TaskSettings>;
}

/** The task or group behind a Ref or Group, and the recorder it came from, so that those of another DAG are noticed. */
const endpoints = new WeakMap<object, { readonly recorder: Recorder; readonly endpoint: Endpoint }>();
/** The member behind a handle, to name a task that was passed without being called. */
const handles = new WeakMap<object, TaskMember>();

export class Recorder {
  readonly dagId: string;
  readonly tasks: TaskNode[] = [];
  readonly groups: GroupNode[] = [];
  readonly edges: Edge[] = [];
  readonly #problems: ProblemList;
  readonly #checkGroupDefaults: RecorderOptions['checkGroupDefaults'];
  #group: GroupNode | null = null;
  #closed = false;

  constructor({ dagId, problems, checkGroupDefaults }: RecorderOptions) {
    this.dagId = dagId;
    this.#problems = problems;
    this.#checkGroupDefaults = checkGroupDefaults;
  }

  handle(member: TaskMember, id: string = member.defaultId): TaskHandle {
    const call = (...inputs: readonly unknown[]): Ref<unknown> => {
      const position = capturePosition(call);
      return this.#place(member, id, position, this.#inputs(inputs, member, position, 0), null);
    };
    const map = (source: unknown, ...rest: readonly unknown[]): Ref<unknown> => {
      const position = capturePosition(map);
      const place = `tasks.${member.name}.args[0]`;
      const mapSource = this.#problems.try(() => recordMapSource(source, place, this), position) ?? { kind: 'value', value: [] };
      return this.#place(
        member,
        id,
        position,
        [{ kind: 'element', source: 0 }, ...this.#inputs(rest, member, position, 1)],
        mapSource,
      );
    };
    const as = (taskId: unknown): TaskHandle =>
      this.handle(member, this.#problems.try(() => checkOwnId(taskId), capturePosition(as)) ?? id);
    const handle = Object.freeze(Object.assign(call, { map, as })) as TaskHandle;
    handles.set(handle, member);
    return handle;
  }

  group(id: unknown, wireGroup: () => unknown, defaults: unknown, position: LazyPosition): unknown {
    this.#checkOpen(`group ${String(id)}`);
    const group: GroupNode = {
      id: this.#prefixed(this.#problems.try(() => checkGroupId(id), position) ?? `group${this.groups.length}`),
      parent: this.#group,
      defaults: this.#checkGroupDefaults(defaults, String(id), position),
      position,
    };
    this.groups.push(group);
    this.#group = group;
    let result: unknown;
    try {
      result = wireGroup();
    } finally {
      this.#group = group.parent;
    }
    if (isThenable(result)) refuseAsync(result, `group ${group.id}`, this.#problems, position);
    const endpoint: Endpoint = { group };
    const actions = this.#actions(endpoint);
    const answer = {
      result,
      after(...upstream: readonly unknown[]) {
        actions.after(upstream, capturePosition(answer.after));
        return answer;
      },
    };
    endpoints.set(answer, { recorder: this, endpoint });
    return Object.freeze(answer);
  }

  /**
   * What `wireInside` wires has its first tasks behind the setups and its last ones before the teardowns, which follow the setups. Answers what
   * `wireInside` returned.
   */
  scope(setups: unknown, teardowns: unknown, wireInside: () => unknown, position: LazyPosition): unknown {
    const ends = (value: unknown, role: TaskRole): readonly Endpoint[] =>
      (Array.isArray(value) ? (value as readonly unknown[]) : [value]).flatMap(
        (end) => this.#problems.try(() => this.#ofRole(end, role), position) ?? [],
      );
    const before = ends(setups, 'setup');
    const behind = ends(teardowns, 'teardown');
    const { region, result } = this.#region('scope', wireInside, position);
    for (const from of before) this.edges.push({ from, to: { region } }, ...behind.map((to) => ({ from, to })));
    for (const to of behind) this.edges.push({ from: { region }, to });
    return result;
  }

  /** After `wire` returned: a call that comes later (from a promise or a timer) is refused. */
  close(): void {
    this.#closed = true;
  }

  /**
   * The task or group that `value` stands for; null when it is an ordinary value.
   * @throws AirflowLikeError when it is something that looks like a task but cannot be one here.
   */
  endpointOf(value: unknown, place: string): Endpoint | null {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return null;
    const member = handles.get(value);
    if (member) {
      throw new AirflowLikeError('TASK_NOT_INSTANTIATED', {
        place,
        message: `call ${member.name}() to use it: it was passed without being called`,
      });
    }
    const known = endpoints.get(value);
    if (!known) return null;
    if (known.recorder === this) return known.endpoint;
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: `${describeEndpoint(known.endpoint)} belongs to DAG "${known.recorder.dagId}", not to "${this.dagId}"`,
    });
  }

  #region(what: string, wireInside: () => unknown, position: LazyPosition): { region: Region; result: unknown } {
    this.#checkOpen(what);
    const [tasks, groups] = [this.tasks.length, this.groups.length];
    const result = wireInside();
    if (isThenable(result)) refuseAsync(result, what, this.#problems, position);
    return { region: { tasks: this.tasks.slice(tasks), groups: this.groups.slice(groups) }, result };
  }

  #ofRole(value: unknown, role: TaskRole): Endpoint {
    const endpoint = this.#upstream(value, 'scope');
    if ('task' in endpoint && endpoint.task.member.role === role) return endpoint;
    throw new AirflowLikeError('EDGE_INVALID', {
      place: 'scope',
      message: `${describeEndpoint(endpoint)} is no ${role}: decorate it with @task.${role}()`,
    });
  }

  #inputs(inputs: readonly unknown[], member: TaskMember, position: LazyPosition, from: number): PendingInput[] {
    return inputs.map((input, index) => {
      const place = `tasks.${member.name}.args[${index + from}]`;
      return this.#problems.try(() => recordInput(input, place, this), position) ?? { kind: 'value', value: null };
    });
  }

  #place(
    member: TaskMember,
    id: string,
    position: LazyPosition,
    inputs: readonly PendingInput[],
    mapSource: PendingInput | null,
  ): Ref<unknown> {
    this.#checkOpen(member.name);
    const task: TaskNode = { member, group: this.#group, position, ownId: id, inputs, mapSource };
    this.tasks.push(task);
    const ref = createRef(this.#actions({ task }));
    endpoints.set(ref, { recorder: this, endpoint: { task } });
    return ref;
  }

  #actions(endpoint: Endpoint): EndpointActions {
    const actions: EndpointActions = {
      get label() {
        return describeEndpoint(endpoint);
      },
      after: (upstream, position) => {
        this.#checkOpen(actions.label);
        for (const value of upstream) {
          const from = this.#problems.try(() => this.#upstream(value, `${actions.label}.after`), position);
          if (from) this.edges.push({ from, to: endpoint });
        }
      },
      as: (id, position) => {
        this.#checkOpen(actions.label);
        const ownId = this.#problems.try(() => checkOwnId(id), position);
        if (ownId !== undefined && 'task' in endpoint) endpoint.task.ownId = ownId;
      },
    };
    return actions;
  }

  #upstream(value: unknown, place: string): Endpoint {
    const endpoint = this.endpointOf(value, place);
    if (endpoint) return endpoint;
    if (typeof value === 'function') {
      throw new AirflowLikeError('TASK_MISSING_WRAPPER', {
        place,
        message: 'a plain function was passed as a task; decorate it with @task()',
        value,
      });
    }
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: 'this is not a task',
      value,
      allowed: 'what a task call or t.group(...) returned',
    });
  }

  #prefixed(id: string): string {
    return this.#group ? `${this.#group.id}.${id}` : id;
  }

  #checkOpen(label: string): void {
    if (!this.#closed) return;
    throw new AirflowLikeError('WIRE_ASYNC', {
      place: `${this.dagId}.wire`,
      message: `${label} was wired after wire had returned; wire must do everything before it returns`,
    });
  }
}

export function taskIdOf(task: TaskNode): string {
  return task.group ? `${task.group.id}.${task.ownId}` : task.ownId;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** An async wiring function is a mistake that must not become an unhandled rejection on top. */
export function refuseAsync(
  result: PromiseLike<unknown>,
  place: string,
  problems: ProblemList,
  position: LazyPosition | null,
): void {
  result.then(undefined, () => undefined);
  problems.add(
    'WIRE_ASYNC',
    { place, message: 'wiring must not be async: the graph is complete when it returns; remove async' },
    position,
  );
}

/**
 * The object that `wire` is given: task handles by name. Anything else that is asked for is answered with a mistake that says why.
 * @param methods names of methods of the class that are not tasks.
 */
export function wiringObject(tools: Readonly<Record<string, unknown>>, className: string, methods: readonly string[]): object {
  return new Proxy(Object.freeze({ ...tools }), {
    get: function get(target, name) {
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON' || Object.hasOwn(target, name)) {
        return Reflect.get(target, name) as unknown;
      }
      const at = { place: `${className}.wire`, ...capturePosition(get)() };
      if (methods.includes(name)) {
        throw new AirflowLikeError('TASK_MISSING_WRAPPER', {
          ...at,
          message: `"${name}" is a method of ${className} but has no @task()`,
        });
      }
      throw new AirflowLikeError('UNKNOWN_NAME', {
        ...at,
        message: `${className} has no task "${name}"`,
        allowed: Object.keys(target).join(', '),
        suggestion: nearestName(name, [...Object.keys(target), ...methods]),
      });
    },
  });
}

function describeEndpoint(endpoint: Endpoint): string {
  return 'task' in endpoint ? `task "${taskIdOf(endpoint.task)}"` : `group "${endpoint.group.id}"`;
}

function checkOwnId(id: unknown): string {
  if (typeof id === 'string' && /^[A-Za-z0-9_~][A-Za-z0-9_.~-]{0,249}$/.test(id)) return id;
  throw new AirflowLikeError('ID_INVALID', {
    place: '.as()',
    message: 'this cannot be a task id',
    value: id,
    allowed: 'A-Z a-z 0-9 _ - . ~ (1-250 characters, not starting with . or -)',
  });
}

function checkGroupId(id: unknown): string {
  if (typeof id === 'string' && /^[A-Za-z0-9_~][A-Za-z0-9_~-]{0,199}$/.test(id)) return id;
  throw new AirflowLikeError('ID_INVALID', {
    place: '.group()',
    message: 'this cannot be a group id',
    value: id,
    allowed: 'A-Z a-z 0-9 _ - ~ (1-200 characters, no dot)',
  });
}
