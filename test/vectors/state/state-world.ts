/** The graphs and rows of the recorded state cases, as specs and task instances of ours. */
import { newTaskInstance } from '../../../src/core/dag-run/new-task-instance.js';
import type { DagSpec, MapSpec, TaskGroupSpec, TaskSpec, TriggerRule } from '../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { NewTaskInstance, TaskInstance } from '../../../src/model/task-instance.js';
import { dagSpec, taskSpec } from '../../support/dag-specs.js';

export type RecordedMap = { readonly literal: number } | { readonly from: string };

export interface RecordedTask {
  readonly id: string;
  readonly up?: readonly string[];
  readonly rule?: TriggerRule;
  readonly kind?: 'task' | 'setup' | 'teardown' | 'branch' | 'short' | 'latest' | 'empty';
  readonly group?: string;
  readonly map?: RecordedMap;
  readonly len?: number;
  readonly xcom?: boolean;
  readonly retries?: number;
  readonly retry_delay?: number;
  readonly on_failure_fail_dagrun?: boolean;
  readonly choose?: string | readonly string[] | null;
  readonly cond?: boolean;
  readonly ignore_rules?: boolean;
  readonly is_latest?: boolean;
  readonly max_active_tis_per_dag?: number;
}

export interface RecordedGraph {
  readonly tasks: readonly RecordedTask[];
  readonly groups?: readonly { readonly id: string; readonly map?: RecordedMap }[];
  readonly dag?: { readonly fail_fast?: boolean };
}

/** The task that another one, or its group, is mapped over. */
export function sourceOf(task: RecordedTask, { groups = [] }: RecordedGraph): string | undefined {
  const map = task.map ?? groups.find(({ id }) => id === task.group)?.map;
  return map && 'from' in map ? map.from : undefined;
}

/** A tick of the recorded runs. */
export const TICK_MS = 60_000;

export function specOf(dagId: string, { tasks, groups = [], dag = {} }: RecordedGraph): DagSpec {
  return dagSpec(dagId, {
    tasks: tasks.map(taskOf),
    groups: groups.map(({ id, map }): TaskGroupSpec => ({ groupId: id, parentId: null, map: map ? mapOf(map) : null })),
    failFast: dag.fail_fast ?? false,
    maxActiveTasks: 1_000_000,
    maxActiveRuns: 1_000_000,
    isPausedUponCreation: false,
  });
}

function taskOf(task: RecordedTask): TaskSpec {
  const { id, up = [], kind = 'task', map } = task;
  const isTeardown = kind === 'teardown';
  return taskSpec(id, {
    upstream: [...up].sort(),
    map: map ? mapOf(map) : null,
    groupId: task.group ?? null,
    role: kind === 'setup' || isTeardown ? kind : 'task',
    triggerRule: task.rule ?? (isTeardown ? 'all_done_setup_success' : 'all_success'),
    onFailureFailDagrun: task.on_failure_fail_dagrun ?? false,
    isInstant: kind === 'empty',
    decides: decisionKindOf(task),
    retries: task.retries ?? 0,
    retryDelayMs: (task.retry_delay ?? 0) * TICK_MS,
    maxActiveTisPerDag: task.max_active_tis_per_dag ?? null,
  });
}

function decisionKindOf({ kind, ignore_rules: ignoreDownstreamTriggerRules = true }: RecordedTask): TaskSpec['decides'] {
  switch (kind) {
    case 'branch':
      return { kind: 'branch' };
    case 'short':
      return { kind: 'shortCircuit', ignoreDownstreamTriggerRules };
    case 'latest':
      return { kind: 'latestOnly' };
    default:
      return null;
  }
}

function mapOf(map: RecordedMap): MapSpec {
  if ('from' in map) return { kind: 'each', sources: [{ kind: 'ref', taskId: map.from }] };
  return { kind: 'each', sources: [{ kind: 'value', value: Array.from({ length: map.literal }, (_, index) => index) }] };
}

/** The length of the mapping of each task, where it is known when the run is created. */
function literalLengthOf(task: RecordedTask, { groups = [] }: RecordedGraph): number | null {
  const map = task.map ?? groups.find(({ id }) => id === task.group)?.map;
  return map && 'literal' in map ? map.literal : null;
}

export interface RecordedStates {
  /** State per task, or per instance. */
  readonly states: Readonly<Record<string, TaskInstanceState>>;
  readonly expand?: Readonly<Record<string, readonly [number, readonly string[]]>>;
}

/** One row for each instance that the run has: by its mapping as far as it is known or has been expanded. */
export function rowsOf(graph: RecordedGraph, { states, expand = {} }: RecordedStates, dagRunId: number): NewTaskInstance[] {
  const expanded = new Map(Object.values(expand).flatMap(([length, tasks]) => tasks.map((id) => [id, length] as const)));
  return graph.tasks.flatMap((task) => {
    const length = expanded.get(task.id) ?? literalLengthOf(task, graph) ?? 0;
    const indexes = length === 0 ? [-1] : Array.from({ length }, (_, index) => index);
    return indexes.map((mapIndex) => {
      const state = states[nameOf(task.id, mapIndex)] ?? states[task.id] ?? 'none';
      return rowOf(task, mapIndex, state, dagRunId);
    });
  });
}

function rowOf(task: RecordedTask, mapIndex: number, state: TaskInstanceState, dagRunId: number): NewTaskInstance {
  const values = { maxTries: (task.retries ?? 0) + 1, pool: 'default_pool', poolSlots: 1, priorityWeight: 1, queue: 'default' };
  const isLive = state === 'queued' || state === 'running';
  return {
    ...newTaskInstance(dagRunId, task.id, mapIndex, values),
    state,
    tryNumber: HAS_TRY.has(state) ? 1 : 0,
    token: isLive ? crypto.randomUUID() : null,
    outputLength: state === 'success' ? outputLengthOf(task) : null,
  };
}

const HAS_TRY: ReadonlySet<TaskInstanceState> = new Set([
  'scheduled',
  'queued',
  'running',
  'success',
  'failed',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
]);

/** Length of what a task returns when it succeeds; null: it returns nothing. */
export function outputLengthOf({ len, xcom }: Pick<RecordedTask, 'len' | 'xcom'>): number | null {
  return len ?? (xcom ? -1 : null);
}

export function withIds(rows: readonly NewTaskInstance[]): TaskInstance[] {
  return rows.map((row, index) => ({ id: index + 1, ...row }));
}

export function nameOf(taskId: string, mapIndex: number): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}
