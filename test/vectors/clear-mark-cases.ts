/** The recorded cases of clear and mark: their graphs, runs and task instances in our words, and the form of an answer. */
import { parseSchedule } from '../../src/core/timetable/parse-schedule.js';
import type { TaskGroupSpec, DagSpec, MapSpec, TaskSpec } from '../../src/model/dag-spec.js';
import type { DagRunState, RunType, TaskInstanceState } from '../../src/model/states.js';
import { FINISHED_STATES } from '../../src/model/states.js';
import { dagSpec, taskSpec } from '../support/dag-specs.js';
import type { VectorCase } from './vector-file.js';

interface RecordedTask {
  readonly id: string;
  readonly up?: readonly string[];
  readonly kind?: 'setup' | 'teardown';
  readonly retries?: number;
  readonly map?: { readonly literal: number };
  readonly group?: string;
}
export interface Graph {
  readonly tasks: readonly RecordedTask[];
  readonly groups?: readonly { readonly id: string; readonly map: { readonly literal: number } }[];
}
interface RecordedRun {
  readonly id: string;
  readonly day: number | null;
  readonly type?: RunType;
  readonly state: DagRunState;
  readonly tis: Readonly<Record<string, RecordedInstance>>;
}
type RecordedInstance = string | readonly [state: string, tryNumber: number];

export interface ClearMarkCase extends VectorCase {
  readonly graph: string;
  readonly runs: readonly RecordedRun[];
  readonly schedule?: string | null;
  readonly action: 'clear' | 'clear_run' | 'mark' | 'mark_run';
  readonly options: {
    readonly dag_run_id: string;
    readonly task_ids?: readonly (string | readonly [string, number])[];
    readonly task_id?: string;
    readonly map_indexes?: readonly number[];
    readonly new_state?: string;
    readonly include_upstream?: boolean;
    readonly include_downstream?: boolean;
    readonly include_past?: boolean;
    readonly include_future?: boolean;
    readonly only_failed?: boolean;
    readonly only_running?: boolean;
    readonly only_new?: boolean;
    readonly reset_dag_runs?: boolean;
    readonly prevent_running_task?: boolean;
    readonly dry_run?: boolean;
  };
  readonly expect: Recorded;
}

export interface Recorded {
  readonly tis: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>;
  readonly runs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly history?: readonly (readonly unknown[])[];
  readonly affected?: number;
  readonly error?: unknown;
}

/** A task instance at rest; `key` is its name in the answers. */
export interface PlainInstance {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  readonly tryNumber: number;
  readonly maxTries: number;
}

/** A step in the life of a task instance, in order. */
export interface Step {
  readonly runId: string;
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly tryNumber: number;
}

export interface PlainRun {
  readonly runId: string;
  readonly state: DagRunState;
  readonly clearNumber: number;
  readonly isStarted: boolean;
  readonly isEnded: boolean;
  readonly instances: readonly PlainInstance[];
}

export const T0 = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

export const dateOf = ({ day }: RecordedRun): number | null => (day === null ? null : T0 + day * DAY_MS);

export function specOf(graph: Graph, { schedule = null }: ClearMarkCase, dagId: string): DagSpec {
  const literal = (length: number): MapSpec => ({
    kind: 'each',
    sources: [{ kind: 'value', value: Array.from({ length }, (_, index) => index) }],
  });
  const groups = (graph.groups ?? []).map(({ id, map }): TaskGroupSpec => ({
    groupId: id,
    parentId: null,
    map: literal(map.literal),
  }));
  const tasks = graph.tasks.map(({ id, up = [], kind, retries = 0, map, group }): TaskSpec =>
    taskSpec(id, {
      upstream: [...up].sort(),
      role: kind ?? 'task',
      retries,
      map: map ? literal(map.literal) : null,
      groupId: group ?? null,
      ...(kind === 'teardown' ? { triggerRule: 'all_done_setup_success' as const } : {}),
    }),
  );
  return dagSpec(dagId, { tasks, groups, schedule: parseSchedule(schedule, 'schedule'), startDate: T0, catchup: true });
}

const TRIED = new Set(['success', 'failed', 'running', 'queued', 'up_for_retry', 'up_for_reschedule', 'deferred']);

/** A run's instances: what a task says holds for all of its copies, what a copy says for itself. `restarting` is `none` with us. */
export function instancesOf(graph: Graph, run: RecordedRun): readonly PlainInstance[] {
  const groups = new Map((graph.groups ?? []).map((group) => [group.id, group.map.literal]));
  return graph.tasks.flatMap(({ id, map, group, retries = 0 }) => {
    const length = map?.literal ?? (group === undefined ? null : (groups.get(group) ?? null));
    const indexes = length === null || length === 0 ? [-1] : Array.from({ length }, (_, index) => index);
    return indexes.map((mapIndex) => {
      const recorded = run.tis[keyOf(id, mapIndex)] ?? run.tis[id] ?? 'none';
      const [state, given] = typeof recorded === 'string' ? [recorded, undefined] : recorded;
      const ours = (state === 'restarting' ? 'none' : state) as TaskInstanceState;
      return { taskId: id, mapIndex, state: ours, tryNumber: given ?? (TRIED.has(state) ? 1 : 0), maxTries: retries + 1 };
    });
  });
}

export function keyOf(taskId: string, mapIndex: number): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

/** What changed, in the recorded form. Our `maxTries` counts the first try, theirs does not. */
export function answerOf(
  before: readonly PlainRun[],
  after: readonly PlainRun[],
  steps: readonly Step[],
  affected: number,
): Omit<Recorded, 'error'> {
  const tis: Record<string, Record<string, readonly unknown[]>> = {};
  const runs: Record<string, Record<string, unknown>> = {};
  for (const run of before) {
    const next = after.find(({ runId }) => runId === run.runId)!;
    const changes = {
      ...(next.state === run.state ? {} : { state: next.state }),
      ...(next.clearNumber === run.clearNumber ? {} : { clear_number: next.clearNumber }),
      ...(next.isStarted === run.isStarted ? {} : { start_date: next.isStarted }),
      ...(next.isEnded === run.isEnded ? {} : { end_date: next.isEnded }),
    };
    if (Object.keys(changes).length > 0) runs[run.runId] = changes;
    for (const instance of next.instances) {
      const key = keyOf(instance.taskId, instance.mapIndex);
      const own = steps.filter((step) => step.runId === run.runId && step.key === key);
      if (own.length === 0) continue;
      const isNew = own.some(({ to }) => to === 'none');
      (tis[run.runId] ??= {})[key] = [instance.state, instance.tryNumber, instance.maxTries - 1, ...(isNew ? ['new'] : [])];
    }
  }
  const archived = steps.filter(({ to }) => to === 'none');
  const history = archived.map(({ runId, key, from, tryNumber }) => [runId, key, tryNumber, isFinished(from) ? from : 'failed']);
  return { tis, runs, ...(history.length > 0 ? { history: history.sort(byText) } : {}), affected };
}

/** The recorded answer as far as we can have one: there is no date of a last decision. */
export function recordedAnswer({ expect }: ClearMarkCase): unknown {
  const { tis, runs, history, affected, error } = expect;
  // An error is a status, or the name of what Airflow raised: that a running task would be cleared.
  if (error !== undefined) return { error: typeof error === 'number' ? error : 409 };
  const kept = Object.entries(runs).map(([runId, { last_decision: _none, ...fields }]) => [runId, fields] as const);
  return {
    tis,
    runs: Object.fromEntries(kept.filter(([, fields]) => Object.keys(fields).length > 0)),
    ...(history && history.length > 0 ? { history: [...history].sort(byText) } : {}),
    affected: affected ?? 0,
  };
}

const isFinished = (state: string): boolean => FINISHED_STATES.has(state as TaskInstanceState);
const byText = (a: readonly unknown[], b: readonly unknown[]): number => (a.join() < b.join() ? -1 : 1);

/**
 * How many Airflow reports for a run that is marked: an unfinished copy of a task of which another copy has begun is counted twice, as one that takes the
 * state and as one that is skipped.
 */
export function countedTwice(changes: readonly { readonly from: string; readonly to: string }[], target: string): number {
  const begun = new Set(['running', 'deferred', 'up_for_reschedule', 'awaiting_input']);
  return changes.filter(({ from, to }) => to === target && !isFinished(from) && !begun.has(from)).length;
}
