/** The recorded situations of `state/08_queueing.json`, and how they are put to the pure function. */
import { planQueueing } from '../../src/core/queueing/plan-queueing.js';
import { RunView } from '../../src/core/dag-run/run-view.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { DagSpec } from '../../src/model/dag-spec.js';
import { taskLimitKey, type Occupancy } from '../../src/model/snapshot.js';
import type { DagRunState, TaskInstanceState } from '../../src/model/states.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import { dagRun, dagSpec, taskInstance, taskSpec } from '../support/dag-specs.js';
import type { VectorCase } from './vector-file.js';

export interface QueueingCase extends VectorCase {
  readonly pools: Readonly<Record<string, { readonly slots: number; readonly include_deferred?: boolean }>>;
  readonly dags: readonly {
    readonly id: string;
    readonly paused?: boolean;
    readonly max_active_tasks?: number;
    readonly tasks: readonly {
      readonly id: string;
      readonly weight: number;
      readonly pool?: string;
      readonly pool_slots?: number;
      readonly max_active_tis_per_dag?: number;
      readonly max_active_tis_per_dagrun?: number;
      readonly executor?: string;
      readonly mapped?: number;
    }[];
    readonly runs: readonly { readonly id: string; readonly day: number | null; readonly state?: DagRunState }[];
  }[];
  readonly tis: readonly (readonly [dag: string, run: string, task: string, mapIndex: number, state: string])[];
  /** Most that one pass queues. */
  readonly max_tis: number;
  /** Free slots of the executors; they do not shrink between rounds. */
  readonly executors?: Readonly<Record<string, number>>;
  readonly rounds?: number;
  readonly expect: { readonly rounds: readonly (readonly string[])[] };
}

const DAY = 86_400_000;
/** So many passes were recorded where the case does not say. */
const DEFAULT_ROUNDS = 2;

export const QUEUEING_VECTORS = {
  path: 'state/08_queueing.json',
  expected: (testCase: QueueingCase) => testCase.expect.rounds,
  leftOut: (testCase: QueueingCase) => (namesExecutor(testCase) ? ('one-executor' as const) : null),
};

/** Rule `one-executor`: some task names one. */
export function namesExecutor(testCase: VectorCase): boolean {
  const { dags = [] } = testCase as Partial<QueueingCase>;
  return dags.some(({ tasks = [] }) => tasks.some(({ executor }) => executor !== undefined));
}

export function specOf({ id, tasks, max_active_tasks: maxActiveTasks = 16 }: QueueingCase['dags'][number]): DagSpec {
  return dagSpec(id, {
    maxActiveTasks,
    tasks: tasks.map((task) =>
      taskSpec(task.id, {
        priorityWeight: task.weight,
        weightRule: 'absolute',
        pool: task.pool ?? 'default_pool',
        poolSlots: task.pool_slots ?? 1,
        maxActiveTisPerDag: task.max_active_tis_per_dag ?? null,
        maxActiveTisPerDagrun: task.max_active_tis_per_dagrun ?? null,
        map: task.mapped === undefined ? null : { kind: 'each', sources: [{ kind: 'value', value: Array(task.mapped).fill(0) }] },
      }),
    ),
  });
}

export function dateOf(day: number | null): number | null {
  return day === null ? null : day * DAY;
}

/** A cleared task that runs goes back to none here, so `restarting` is not a state of ours; it counts for nothing. */
export function stateOf(state: string): TaskInstanceState {
  return state === 'restarting' ? 'none' : (state as TaskInstanceState);
}

/** `dag/run/task`, of a copy with its map index. */
export function nameOf(dag: string, run: string, task: string, mapIndex: number): string {
  return `${dag}/${run}/${task}${mapIndex < 0 ? '' : `[${mapIndex}]`}`;
}

/** Slots of one pass. */
export function slotsOf({ max_tis: most, executors }: QueueingCase): number {
  return Math.min(most, executors?.['default'] ?? most);
}

/** Repeats a pass as it was repeated for the recording: to one that queues nothing, or as often as the case says. */
export async function repeatPass({ rounds: most = DEFAULT_ROUNDS }: QueueingCase, pass: () => Promise<readonly string[]>) {
  const rounds: (readonly string[])[] = [];
  while (rounds.length < most && rounds.at(-1)?.length !== 0) rounds.push(await pass());
  return rounds;
}

/** The answer of the pure function: views and occupancy are made anew for every pass. */
export function pureAnswer(testCase: QueueingCase): Promise<readonly (readonly string[])[]> {
  const states = new Map(
    testCase.tis.map(([dag, run, task, mapIndex, state]) => [nameOf(dag, run, task, mapIndex), stateOf(state)]),
  );
  return repeatPass(testCase, async () => {
    const views = viewsOf(testCase, states);
    const { chosen } = planQueueing({
      candidates: views.flatMap((view) => [...view.ready()].map((instance) => ({ view, instance }))),
      occupancy: occupancyOf(testCase, views),
      parallelism: Number.MAX_SAFE_INTEGER,
      freeSlots: slotsOf(testCase),
      backfillShare: 0.5,
    });
    const names = chosen.map(({ view, instance }) => nameOf(view.run.dagId, view.run.runId, instance.taskId, instance.mapIndex));
    for (const name of names) states.set(name, 'queued');
    return names;
  });
}

function viewsOf(testCase: QueueingCase, states: ReadonlyMap<string, TaskInstanceState>): RunView[] {
  let id = 0;
  return testCase.dags.flatMap((dag) => {
    const spec = specOf(dag);
    return dag.runs.map((run): RunView => {
      const row: DagRun = dagRun({
        id: ++id,
        dagId: dag.id,
        runId: run.id,
        state: run.state ?? 'running',
        logicalDate: dateOf(run.day),
      });
      const taskInstances = dag.tasks.flatMap((task): TaskInstance[] => {
        const indexes = task.mapped === undefined ? [-1] : Array.from({ length: task.mapped }, (_, index) => index);
        const { pool, poolSlots, priorityWeight } = spec.tasks.find(({ taskId }) => taskId === task.id)!;
        return indexes.map((mapIndex) => {
          const state = states.get(nameOf(dag.id, run.id, task.id, mapIndex)) ?? 'none';
          return taskInstance(++id, task.id, { dagRunId: row.id, mapIndex, state, pool, poolSlots, priorityWeight });
        });
      });
      return RunView.from({ run: row, spec, taskInstances, previous: null });
    });
  });
}

function occupancyOf({ pools, dags }: QueueingCase, views: readonly RunView[]): Occupancy {
  const all = views.flatMap((view) => [...view.allInstances()].map((instance) => ({ dagId: view.run.dagId, ...instance })));
  const live = all.filter(({ state }) => state === 'queued' || state === 'running');
  const tasks: Record<string, number> = {};
  for (const { dagId, taskId, state } of all) {
    if (!['queued', 'running', 'deferred', 'awaiting_input'].includes(state)) continue;
    const key = taskLimitKey(dagId, taskId);
    tasks[key] = (tasks[key] ?? 0) + 1;
  }
  return {
    total: live.length,
    pools: Object.fromEntries(
      Object.entries(pools).map(([name, { slots, include_deferred: includeDeferred = false }]) => {
        const counted = includeDeferred ? [...live, ...all.filter(({ state }) => state === 'deferred')] : live;
        const occupied = counted.reduce((sum, { pool, poolSlots }) => (pool === name ? sum + poolSlots : sum), 0);
        return [name, { slots, occupied }];
      }),
    ),
    tasks,
    pausedDags: dags.filter(({ paused }) => paused).map(({ id }) => id),
  };
}
