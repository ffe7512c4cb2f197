/** Planning runs of 10,000 task instances in several shapes, one pass after each task that ends: a pass must cost what changed, whatever the run holds. */
import { planRun } from '../../dist/core/dag-run/plan-run.js';
import { queueInstance, startInstance } from '../../dist/core/queueing/dispatch.js';
import { settleAttempt } from '../../dist/core/task-instance/settle-attempt.js';
import type { MapSpec, TaskGroupSpec, TaskSpec } from '../../dist/model/dag-spec.js';
import { percentile, printFigures } from '../figures.js';
import { specOf, taskOf, viewOf } from '../run-views.js';

interface Shape {
  readonly tasks: readonly TaskSpec[];
  readonly groups?: readonly TaskGroupSpec[];
  /** Length of what each task returns. */
  readonly length?: number;
}

const OVER_SOURCE: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'source' }] };
const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

const SHAPES: Readonly<Record<string, () => Shape>> = {
  'a chain': () => ({ tasks: range(10_000).map((n) => taskOf(`t${n}`, { upstream: n === 0 ? [] : [`t${n - 1}`] })) }),
  'one, many, one': () => {
    const many = range(9_998).map((n) => taskOf(`m${n}`, { upstream: ['first'] }));
    return { tasks: [taskOf('first'), ...many, taskOf('last', { upstream: many.map(({ taskId }) => taskId).sort() })] };
  },
  '100 layers of 100, each task below all of the layer before': () => ({
    tasks: range(10_000).map((n) => {
      const layer = Math.floor(n / 100);
      const upstream = layer === 0 ? [] : range(100).map((m) => `t${(layer - 1) * 100 + m}`);
      return taskOf(`t${n}`, { upstream: upstream.sort() });
    }),
  }),
  '100 chains between a setup and its teardown': () => ({
    tasks: [
      taskOf('setup', { role: 'setup' }),
      ...range(10_000).map((n) => taskOf(`t${n}`, { upstream: [n % 100 === 0 ? 'setup' : `t${n - 1}`] })),
      taskOf('teardown', {
        role: 'teardown',
        triggerRule: 'all_done_setup_success',
        upstream: ['setup', ...range(100).map((n) => `t${n * 100 + 99}`)].sort(),
      }),
    ],
  }),
  'a task mapped over 10,000 elements': () => ({
    tasks: [
      taskOf('source'),
      taskOf('mapped', { upstream: ['source'], map: OVER_SOURCE }),
      taskOf('last', { upstream: ['mapped'] }),
    ],
    length: 10_000,
  }),
  'a group of four mapped over 2,500 elements': () => ({
    tasks: [
      taskOf('source'),
      ...range(4).map((n) => taskOf(`g${n}`, { groupId: 'g', upstream: [n === 0 ? 'source' : `g${n - 1}`] })),
      taskOf('last', { upstream: ['g3'] }),
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
  const view = viewOf({ ...specOf('bench', tasks), groups });
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
