import { encodeTagged } from '../model/codec.js';
import type { MapSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { TaskSettings } from './check-task-options.js';
import type { ProblemList } from './problems.js';
import { recordInput, tasksIn, withoutOmitted, type PendingInput } from './record-input.js';
import { callName, recordGroupMap, recordTaskMap, type RecordedMap } from './record-map.js';
import { createRef, type EndpointActions, type Ref } from './ref.js';
import { capturePosition, type LazyPosition } from './source-position.js';
import {
  describeEndpoint,
  isWithin,
  mappedGroupAround,
  type Edge,
  type Endpoint,
  type GroupElement,
  type GroupNode,
  type Region,
  type TaskMember,
  type TaskNode,
} from './wiring-nodes.js';

/**
 * Records what `wire` does: which tasks are called, with what, in which group, after what. It owns the nodes and edges while a DAG is
 * wired; ids are final only at the end, because `.as()` may rename a call. `resolve-edges.ts` turns the record into task ids.
 */

/** What a task looks like inside `wire`: a function with others for its mapped forms, and `as`. */
export interface TaskHandle {
  (...inputs: readonly unknown[]): Ref<unknown>;
  map(...args: readonly unknown[]): Ref<unknown>;
  mapZip(...args: readonly unknown[]): Ref<unknown>;
  mapProduct(...args: readonly unknown[]): Ref<unknown>;
  as(taskId: unknown): TaskHandle;
}

export interface RecorderOptions {
  readonly dagId: string;
  readonly problems: ProblemList;
  readonly warnings: ProblemList;
  readonly checkGroupDefaults: (defaults: unknown, groupId: string, position: LazyPosition) => Partial<TaskSettings>;
}

/** What is behind a Ref or Group, and the recorder it came from, so that those of another DAG are noticed. */
const endpoints = new WeakMap<object, { readonly recorder: Recorder; readonly endpoint: Endpoint | GroupElement }>();
/** The member behind a handle, to name a task that was passed without being called. */
const handles = new WeakMap<object, TaskMember>();

const GROUP_MAP_OPTIONS: readonly string[] = ['concurrency', 'allowFailures', 'name', 'fill'];

export class Recorder {
  readonly dagId: string;
  readonly tasks: TaskNode[] = [];
  readonly groups: GroupNode[] = [];
  readonly edges: Edge[] = [];
  readonly problems: ProblemList;
  readonly #warnings: ProblemList;
  readonly #checkGroupDefaults: RecorderOptions['checkGroupDefaults'];
  #group: GroupNode | null = null;
  #closed = false;

  constructor({ dagId, problems, warnings, checkGroupDefaults }: RecorderOptions) {
    this.dagId = dagId;
    this.problems = problems;
    this.#warnings = warnings;
    this.#checkGroupDefaults = checkGroupDefaults;
  }

  handle(member: TaskMember, id: string = member.defaultId): TaskHandle {
    const call = (...inputs: readonly unknown[]): Ref<unknown> => {
      const position = capturePosition(call);
      return this.#ref({
        task: this.place({ member, ownId: id, position, inputs: this.#inputs(inputs, member, position), map: null, settings: {} }),
      });
    };
    const mapper = (kind: MapSpec['kind']) => {
      const map = (...args: readonly unknown[]): Ref<unknown> => {
        const position = capturePosition(map);
        const at = this.#mapPlace(kind, `tasks.${member.name}`, position);
        return this.#ref({ task: this.place({ member, ownId: id, position, ...recordTaskMap(args, member, at) }) });
      };
      return map;
    };
    const as = (taskId: unknown): TaskHandle =>
      this.handle(member, this.problems.try(() => checkOwnId(taskId), capturePosition(as)) ?? id);
    const handle = Object.freeze(
      Object.assign(call, { map: mapper('each'), mapZip: mapper('zip'), mapProduct: mapper('product'), as }),
    ) as TaskHandle;
    handles.set(handle, member);
    return handle;
  }

  group(id: unknown, wireGroup: () => unknown, defaults: unknown, position: LazyPosition): unknown {
    return this.#wireGroup(this.#groupNode(id, defaults, null, position), wireGroup);
  }

  /** @param wireGroup gets a Ref of the element of each source. */
  mappedGroup(
    kind: MapSpec['kind'],
    id: unknown,
    sources: readonly unknown[],
    wireGroup: (...elements: readonly Ref<unknown>[]) => unknown,
    options: unknown,
    position: LazyPosition,
  ): unknown {
    const { own, defaults } = splitGroupOptions(options);
    const recorded = recordGroupMap(sources, own, this.#mapPlace(kind, `groups.${String(id)}`, position));
    const group = this.#groupNode(id, defaults, recorded, position);
    const origins = recorded.map.sources.flatMap(tasksIn);
    this.edges.push(...origins.map((task): Edge => ({ from: { task }, to: { group } })));
    const elements = sources.map((_, source) => this.#ref({ element: group, source }));
    return this.#wireGroup(group, () => wireGroup(...elements));
  }

  /** Puts a call into the graph. */
  place(call: Omit<TaskNode, 'group'>): TaskNode {
    this.#checkOpen(call.member.name);
    if (call.map) this.#refuseNestedMap(`tasks.${call.member.name}.${callName(call.map.kind)}`, call.position as LazyPosition);
    const task: TaskNode = { ...call, group: this.#group };
    this.tasks.push(task);
    return task;
  }

  /** Runs a function of the author's, and notes what it wires. */
  region(what: string, wireInside: () => unknown, position: LazyPosition): { region: Region; result: unknown } {
    this.#checkOpen(what);
    const [tasks, groups] = [this.tasks.length, this.groups.length];
    const result = wireInside();
    if (isThenable(result)) refuseAsync(result, what, this.problems, position);
    return { region: { tasks: this.tasks.slice(tasks), groups: this.groups.slice(groups) }, result };
  }

  /** After `wire` returned: a call that comes later (from a promise or a timer) is refused. */
  close(): void {
    this.#closed = true;
  }

  /**
   * The task or group that `value` stands for; null when it is an ordinary value.
   * @throws AirflowLikeError when it is something that looks like a task but cannot be one here.
   */
  endpointOf(value: unknown, place: string): Endpoint | GroupElement | null {
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
    if (known.recorder === this) {
      if ('element' in known.endpoint && !isWithin(this.#group, known.endpoint.element)) {
        throw new AirflowLikeError('EDGE_INVALID', {
          place,
          message: `${describeEndpoint(known.endpoint)} exists only in it; outside take what its function returned (\`group.result\`)`,
        });
      }
      return known.endpoint;
    }
    throw new AirflowLikeError('EDGE_INVALID', {
      place,
      message: `${describeEndpoint(known.endpoint)} belongs to DAG "${known.recorder.dagId}", not to "${this.dagId}"`,
    });
  }

  /** What can be ordered. @throws AirflowLikeError when `value` cannot. */
  upstream(value: unknown, place: string): Endpoint {
    const endpoint = this.endpointOf(value, place);
    if (endpoint && !('element' in endpoint)) return endpoint;
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

  #groupNode(id: unknown, defaults: unknown, mapped: Omit<RecordedMap, 'inputs'> | null, position: LazyPosition): GroupNode {
    this.#checkOpen(`group ${String(id)}`);
    const group: GroupNode = {
      id: this.#prefixed(this.problems.try(() => checkGroupId(id), position) ?? `group${this.groups.length}`),
      parent: this.#group,
      defaults: { ...this.#checkGroupDefaults(defaults, String(id), position), ...mapped?.settings },
      map: mapped?.map ?? null,
      position,
    };
    if (mapped) this.#refuseNestedMap(`groups.${group.id}`, position);
    this.groups.push(group);
    return group;
  }

  #wireGroup(group: GroupNode, wireGroup: () => unknown): unknown {
    const { position } = group;
    this.#group = group;
    let result: unknown;
    try {
      result = wireGroup();
    } finally {
      this.#group = group.parent;
    }
    if (isThenable(result)) refuseAsync(result, `group ${group.id}`, this.problems, position);
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

  #mapPlace(kind: MapSpec['kind'], place: string, position: LazyPosition) {
    return { kind, place, position, source: this, problems: this.problems, warnings: this.#warnings };
  }

  #refuseNestedMap(place: string, position: LazyPosition): void {
    const around = mappedGroupAround(this.#group);
    if (!around) return;
    this.problems.add(
      'MAPPING_INVALID',
      { place, message: `this is mapped inside the mapped group "${around.id}"; map the group over all combinations instead` },
      position,
    );
  }

  #inputs(inputs: readonly unknown[], member: TaskMember, position: LazyPosition): PendingInput[] {
    return withoutOmitted(inputs).map((input, index) => {
      const place = `tasks.${member.name}.args[${index}]`;
      return this.problems.try(() => recordInput(input, place, this), position) ?? { kind: 'value', value: null };
    });
  }

  #ref(endpoint: Endpoint | GroupElement): Ref<unknown> {
    const ref = createRef(this.#actions(endpoint));
    endpoints.set(ref, { recorder: this, endpoint });
    return ref;
  }

  #actions(endpoint: Endpoint | GroupElement): EndpointActions {
    const actions: EndpointActions = {
      get label() {
        return describeEndpoint(endpoint);
      },
      after: (upstream, position) => {
        this.#checkOpen(actions.label);
        if ('element' in endpoint) return this.#refuseElement(endpoint, position);
        for (const value of upstream) {
          const from = this.problems.try(() => this.upstream(value, `${actions.label}.after`), position);
          if (from) this.edges.push({ from, to: endpoint });
        }
      },
      as: (id, position) => {
        this.#checkOpen(actions.label);
        const ownId = this.problems.try(() => checkOwnId(id), position);
        if (ownId !== undefined && 'task' in endpoint) endpoint.task.ownId = ownId;
      },
      orElse: (value, position) => {
        this.#checkOpen(actions.label);
        if (!('task' in endpoint)) {
          if ('element' in endpoint) this.#refuseElement(endpoint, position);
          return this.#ref(endpoint);
        }
        const place = `${actions.label}.orElse`;
        const orElse = this.problems.try(() => encodeTagged(value, place, 'ARG_NOT_SERIALIZABLE'), position);
        return this.#ref(orElse === undefined ? endpoint : { ...endpoint, orElse });
      },
      lazy: (position) => {
        this.#checkOpen(actions.label);
        if ('task' in endpoint) return this.#ref({ ...endpoint, lazy: true });
        if ('element' in endpoint) this.#refuseElement(endpoint, position);
        return this.#ref(endpoint);
      },
    };
    return actions;
  }

  #refuseElement(endpoint: GroupElement, position: LazyPosition): void {
    this.problems.add(
      'EDGE_INVALID',
      { place: 'wire', message: `${describeEndpoint(endpoint)} is no task: it is there when the group is` },
      position,
    );
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

/** Options of a mapping, and defaults for the tasks of the group. */
function splitGroupOptions(options: unknown): { own: unknown; defaults: unknown } {
  if (typeof options !== 'object' || options === null) return { own: undefined, defaults: options };
  const entries = Object.entries(options);
  const isOwn = ([name]: readonly [string, unknown]): boolean => GROUP_MAP_OPTIONS.includes(name);
  return {
    own: Object.fromEntries(entries.filter(isOwn)),
    defaults: Object.fromEntries(entries.filter((entry) => !isOwn(entry))),
  };
}

/** @throws AirflowLikeError ID_INVALID */
export function checkOwnId(id: unknown): string {
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
