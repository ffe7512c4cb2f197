import type { PlanOptions } from '../../../src/core/dag-run/plan-options.js';
import type { DagRunSnapshot } from '../../../src/model/snapshot.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun } from '../../support/dag-specs.js';
import type { VectorCase } from '../vector-file.js';
import { nameOf, rowsOf, specOf, withIds, type RecordedGraph, type RecordedTask } from './state-world.js';

export interface RunStateCase extends VectorCase {
  readonly dag: string;
  /** State of each task, a letter each. */
  readonly s: string;
  readonly run: string;
  readonly why?: string;
  readonly go?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
}

export interface RunStateHead {
  readonly states: Readonly<Record<string, string>>;
  readonly dags: Readonly<
    Record<
      string,
      {
        readonly order: readonly string[];
        readonly tasks: Readonly<Record<string, Omit<RecordedTask, 'id'> & { readonly teardown?: boolean }>>;
      }
    >
  >;
}

/** As Airflow looks at a run: what a pass changes is looked at in the next one. */
export const ONE_PASS: PlanOptions = { maxMapLength: 1024, maxRounds: 1 };

/** Long after anything that is due, and before the retries that the cases keep waiting. */
export const RETRY_AT = 1_000_000;

export function graphOf({ dag }: RunStateCase, { dags }: RunStateHead): RecordedGraph {
  const { order, tasks } = dags[dag] as RunStateHead['dags'][string];
  return { tasks: order.map((id) => ({ ...tasks[id], id, ...(tasks[id]?.teardown ? { kind: 'teardown' as const } : {}) })) };
}

export function statesOf({ s }: RunStateCase, graph: RecordedGraph, { states }: RunStateHead): Record<string, TaskInstanceState> {
  const names = new Map(Object.entries(states).map(([name, letter]) => [letter, name as TaskInstanceState]));
  return Object.fromEntries(graph.tasks.map(({ id }, index) => [id, names.get(s[index] as string) as TaskInstanceState]));
}

export function snapshotOf(testCase: RunStateCase, head: RunStateHead): DagRunSnapshot {
  const graph = graphOf(testCase, head);
  const rows = rowsOf(graph, { states: statesOf(testCase, graph, head) }, 1);
  const taskInstances = withIds(rows).map((row) => (row.state === 'up_for_retry' ? { ...row, wakeAt: RETRY_AT } : row));
  return { run: dagRun(), spec: specOf('d', graph), taskInstances, previous: null };
}

export function answerOf(
  before: readonly TaskInstance[],
  after: readonly TaskInstance[],
  run: string,
  reason: string | null,
): { run: string; why: string | null; go: string[]; set: Record<string, string> } {
  const states = new Map(before.map(({ taskId, mapIndex, state }) => [nameOf(taskId, mapIndex), state]));
  const changed = after.filter(({ taskId, mapIndex, state }) => states.get(nameOf(taskId, mapIndex)) !== state);
  const name = ({ taskId, mapIndex }: TaskInstance): string => nameOf(taskId, mapIndex);
  return {
    run,
    why: reason === 'all_tasks_deadlocked' ? reason : null,
    go: changed
      .filter(({ state }) => state === 'scheduled')
      .map(name)
      .sort(),
    set: Object.fromEntries(changed.filter(({ state }) => state !== 'scheduled').map((row) => [name(row), row.state])),
  };
}
