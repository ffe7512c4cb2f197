/** Planning runs of 10,000 task instances in several shapes, one pass after each task that ends: a pass must cost what changed, whatever the run holds. */
import { planRun } from '../../dist/core/dag-run/plan-run.js';
import { RunView } from '../../dist/core/dag-run/run-view.js';
import { queueInstance, startInstance } from '../../dist/core/queueing/dispatch.js';
import { settleAttempt } from '../../dist/core/task-instance/settle-attempt.js';
import { newTaskInstance } from '../../dist/core/dag-run/new-task-instance.js';
import type { DagRun } from '../../dist/model/dag-run.js';
import type { DagSpec, MapSpec, TaskGroupSpec, TaskSpec } from '../../dist/model/dag-spec.js';
import { collectDags } from '../../dist/sdk/collect-dags.js';
import { defineDag } from '../../dist/sdk/index.js';
import { percentile, printFigures } from '../figures.js';

const ONE_TASK = collectDags({ bench: defineDag('bench', { schedule: null }, (d) => d.task('t', () => 1)()) }, 'bench.ts').dags[0]!
  .spec;
const RUN: DagRun = {
  id: 1,
  dagId: 'bench',
  runId: 'r',
  runType: 'manual',
  triggeredBy: 'test',
  state: 'running',
  logicalDate: 0,
  dataInterval: null,
  runAfter: 0,
  conf: {},
  versionId: 1,
  backfillId: null,
  backfillOrdinal: null,
  queuedAt: 0,
  startedAt: 0,
  endedAt: null,
  clearNumber: 0,
  note: null,
  triggeringUser: null,
  revision: 1,
};

const QUEUEING = { maxTries: 1, pool: 'default_pool', poolSlots: 1, priorityWeight: 1, queue: 'default' };

function taskSpec(taskId: string, patch: Partial<TaskSpec> = {}): TaskSpec {
  return { ...ONE_TASK.tasks[0]!, taskId, upstream: [], ...patch };
}

interface Shape {
  readonly tasks: readonly TaskSpec[];
  readonly groups?: readonly TaskGroupSpec[];
  /** Length of what each task returns. */
  readonly length?: number;
}

const OVER_SOURCE: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'source' }] };
const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

const SHAPES: Readonly<Record<string, () => Shape>> = {
  'a chain': () => ({ tasks: range(10_000).map((n) => taskSpec(`t${n}`, { upstream: n === 0 ? [] : [`t${n - 1}`] })) }),
  'one, many, one': () => {
    const many = range(9_998).map((n) => taskSpec(`m${n}`, { upstream: ['first'] }));
    return { tasks: [taskSpec('first'), ...many, taskSpec('last', { upstream: many.map(({ taskId }) => taskId).sort() })] };
  },
  '100 layers of 100, each task below all of the layer before': () => ({
    tasks: range(10_000).map((n) => {
      const layer = Math.floor(n / 100);
      const upstream = layer === 0 ? [] : range(100).map((m) => `t${(layer - 1) * 100 + m}`);
      return taskSpec(`t${n}`, { upstream: upstream.sort() });
    }),
  }),
  '100 chains between a setup and its teardown': () => ({
    tasks: [
      taskSpec('setup', { role: 'setup' }),
      ...range(10_000).map((n) => taskSpec(`t${n}`, { upstream: [n % 100 === 0 ? 'setup' : `t${n - 1}`] })),
      taskSpec('teardown', {
        role: 'teardown',
        triggerRule: 'all_done_setup_success',
        upstream: ['setup', ...range(100).map((n) => `t${n * 100 + 99}`)].sort(),
      }),
    ],
  }),
  'a task mapped over 10,000 elements': () => ({
    tasks: [
      taskSpec('source'),
      taskSpec('mapped', { upstream: ['source'], map: OVER_SOURCE }),
      taskSpec('last', { upstream: ['mapped'] }),
    ],
    length: 10_000,
  }),
  'a group of four mapped over 2,500 elements': () => ({
    tasks: [
      taskSpec('source'),
      ...range(4).map((n) => taskSpec(`g${n}`, { groupId: 'g', upstream: [n === 0 ? 'source' : `g${n - 1}`] })),
      taskSpec('last', { upstream: ['g3'] }),
    ],
    groups: [{ groupId: 'g', parentId: null, map: OVER_SOURCE }],
    length: 2_500,
  }),
};

export async function planning10000(): Promise<void> {
  for (const [name, shape] of Object.entries(SHAPES)) {
    const passes = passesOf(shape());
    printFigures(`Planning a run of 10,000: ${name}`, [
      { name: 'planning pass p50', value: percentile(passes, 0.5), unit: 'ms', target: '<= 5 ms' },
      { name: 'planning pass p99', value: percentile(passes, 0.99), unit: 'ms' },
      { name: 'longest pass', value: Math.max(...passes), unit: 'ms' },
    ]);
  }
}

/** Milliseconds of each pass after the first, from the first task to the end of the run. */
function passesOf({ tasks, groups = [], length = 0 }: Shape): readonly number[] {
  const spec: DagSpec = { ...ONE_TASK, tasks, groups };
  const taskInstances = tasks.map(({ taskId }, index) => {
    return { id: index + 1, ...newTaskInstance(RUN.id, taskId, -1, QUEUEING) };
  });
  const view = RunView.from({ run: RUN, spec, taskInstances, previous: null });
  const passes: number[] = [];
  let now = 1;
  let nextId = tasks.length + 1;
  const pass = (): void => {
    const begun = performance.now();
    planRun(view, ++now, { maxMapLength: 10_000 });
    passes.push(performance.now() - begun);
    const commit = view.drain({ kind: 'test', id: 'bench' }, undefined);
    const inserted = (commit?.insertions ?? []).map(({ row: { dagRunId, taskId, mapIndex } }) => ({
      id: nextId++,
      dagRunId,
      taskId,
      mapIndex,
    }));
    const revisions = new Map([[view.run.id, view.revision + 1]]);
    if (commit) view.committed({ staleRuns: [], staleTaskInstances: [], revisions, inserted });
  };
  pass();
  while (view.run.state === 'running') {
    for (const { id } of [...view.ready()]) {
      queueInstance(view, id, `token ${id}`, now);
      startInstance(view, id, 'worker', now);
      settleAttempt(view, id, { kind: 'success', output: { value: [], length } }, now, now);
      pass();
    }
  }
  return passes.slice(1);
}
