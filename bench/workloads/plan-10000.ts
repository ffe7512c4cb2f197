/**
 * Runs of 100 and of 10,000 tasks, planned to their end: what one pass costs that settles one task, plans its run and takes what came free. It must
 * not grow with the run.
 */
import { planRun } from '../../dist/core/dag-run/plan-run.js';
import type { RunView } from '../../dist/core/dag-run/run-view.js';
import { queueInstance, startInstance } from '../../dist/core/queueing/dispatch.js';
import { settleAttempt } from '../../dist/core/task-instance/settle-attempt.js';
import type { TaskSpec } from '../../dist/model/dag-spec.js';
import { percentile, printFigures, type Figure } from '../figures.js';
import { specOf, taskOf, viewOf } from '../run-views.js';

const ACTOR = { kind: 'scheduler', id: 'bench' } as const;
const SMALL = 100;
const LARGE = 10_000;
/** Tasks of one layer, each below two of the layer before. */
const WIDTH = 10;

const SHAPES: Readonly<Record<string, (count: number) => readonly TaskSpec[]>> = {
  chain: (count) => range(count).map((index) => taskOf(`t${index}`, index === 0 ? {} : { upstream: [`t${index - 1}`] })),
  'layers of ten': (count) =>
    range(count).map((index) => {
      const above = index - WIDTH;
      const upstream = above < 0 ? [] : [`t${above}`, `t${above - (above % WIDTH) + ((above + 1) % WIDTH)}`].sort();
      return taskOf(`t${index}`, { upstream });
    }),
  'fan-out and join': (count) => [
    taskOf('first'),
    ...range(count - 2).map((index) => taskOf(`t${index}`, { upstream: ['first'] })),
    taskOf('last', { upstream: range(count - 2).map((index) => `t${index}`).sort(), triggerRule: 'all_done' }),
  ], // prettier-ignore
};

export async function plan10000(): Promise<void> {
  for (const [shape, tasksOf] of Object.entries(SHAPES)) {
    const small = planToEnd(tasksOf(SMALL));
    const large = planToEnd(tasksOf(LARGE));
    const ratio = percentile(large.passes, 0.5) / percentile(small.passes, 0.5);
    const us = (name: string, ms: number, more: Partial<Figure> = {}): Figure => ({ name, value: ms * 1_000, unit: 'us', ...more });
    const figures: Figure[] = [
      { name: `first pass, ${LARGE} tasks`, value: large.firstMs, unit: 'ms' },
      us(`a pass, ${SMALL} tasks, p50`, percentile(small.passes, 0.5)),
      us(`a pass, ${LARGE} tasks, p50`, percentile(large.passes, 0.5), { target: '<= 5,000 us' }),
      us(`a pass, ${LARGE} tasks, p99`, percentile(large.passes, 0.99)),
      { name: 'large beside small, p50', value: ratio, unit: 'x', goal: 'about 1' },
    ];
    printFigures(`Planning a run: ${shape}`, figures);
  }
}

function planToEnd(tasks: readonly TaskSpec[]): { readonly firstMs: number; readonly passes: readonly number[] } {
  const view = viewOf(specOf('bench', tasks));
  const firstMs = timed(() => pass(view));
  const passes: number[] = [];
  for (let turn = 0; view.run.state === 'running'; turn++) {
    const [ready] = view.ready();
    if (!ready) throw new Error('the run stands still');
    queueInstance(view, ready.id, `token-${turn}`, turn);
    startInstance(view, ready.id, 'worker', turn);
    passes.push(
      timed(() => {
        settleAttempt(view, ready.id, { kind: 'success', output: null }, turn, turn);
        pass(view);
      }),
    );
  }
  return { firstMs, passes };
}

/** Plans the run and takes over what a store would answer. */
function pass(view: RunView): void {
  planRun(view, 0);
  const commit = view.drain(ACTOR, undefined);
  if (commit) {
    const revisions = new Map([[view.run.id, view.revision + 1]]);
    view.committed({ staleRuns: [], staleTaskInstances: [], revisions, inserted: [] });
  }
}

function timed(work: () => void): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
