/** 10,000 tasks that are ready, in 500 runs of 20 DAGs, and one pass that chooses which of them are queued. */
import type { RunView } from '../../dist/core/dag-run/run-view.js';
import { planQueueing, type QueueCandidate } from '../../dist/core/queueing/plan-queueing.js';
import type { DagSpec } from '../../dist/model/dag-spec.js';
import { ReadyRuns } from '../../dist/scheduler/ready-runs.js';
import { percentile, printFigures } from '../figures.js';
import { specOf, taskOf, viewOf } from '../run-views.js';

const READY = 10_000;
const RUNS = 500;
const DAGS = 20;
const POOLS = 10;
const PASSES = 200;
const WARM_UP = 50;

export async function queue10000(): Promise<void> {
  const views = makeViews();
  const candidates: QueueCandidate[] = views.flatMap((view) => [...view.ready()].map((instance) => ({ view, instance })));
  const ready = new ReadyRuns();
  for (const view of views) ready.update(view);
  const all = (slots: number) => () => void choose(candidates, slots);
  const few = () => void choose(ready.candidates(32, false, new Set()).candidates, 32);
  const figure = (name: string, samples: readonly number[], target: string) => ({
    name,
    value: percentile(samples, 0.5),
    unit: 'ms',
    target,
  });
  printFigures(`One pass over ${candidates.length} ready tasks`, [
    figure('all looked at, all queued, p50', measure(all(READY)), '< 20 ms'),
    figure('half queued, the others and backfills contend, p50', measure(all(READY / 2)), '< 20 ms'),
    figure('all looked at, none fits, p50', measure(all(0)), '< 20 ms'),
    { ...figure('all looked at, all queued, p99', [], '< 20 ms'), value: percentile(measure(all(READY)), 0.99) },
    figure('as the scheduler does: 32 free slots, p50', measure(few), '< 5 ms'),
  ]);
}

function measure(pass: () => void): readonly number[] {
  const samples: number[] = [];
  for (let round = 0; round < WARM_UP + PASSES; round++) {
    const before = process.cpuUsage();
    pass();
    const { user, system } = process.cpuUsage(before);
    if (round >= WARM_UP) samples.push((user + system) / 1_000);
  }
  return samples;
}

function choose(candidates: readonly QueueCandidate[], slots: number): void {
  const tasks: Record<string, number> = {};
  const pools = Object.fromEntries(
    Array.from({ length: POOLS }, (_, index) => [`pool${index}`, { slots: slots === 0 ? 0 : -1, occupied: 0 }]),
  );
  const { chosen } = planQueueing({
    candidates,
    occupancy: { total: 0, pools, tasks, pausedDags: [] },
    parallelism: READY,
    freeSlots: Math.max(1, slots),
    backfillShare: 0.5,
  });
  if (chosen.length > slots) throw new Error(`${chosen.length} tasks for ${slots} slots`);
}

function makeViews(): RunView[] {
  const perRun = READY / RUNS;
  const specs = Array.from({ length: DAGS }, (_, dag) => dagOf(dag, perRun));
  return Array.from({ length: RUNS }, (_, index) => {
    const spec = specs[index % DAGS]!;
    return viewOf(spec, {
      run: {
        id: index + 1,
        runId: `r${index}`,
        logicalDate: (index * 7_919) % 1_000,
        runAfter: index,
        backfillId: index % 4 === 0 ? 1 : null,
      },
      instance: { state: 'scheduled', tryNumber: 1, scheduledAt: 0 },
      firstId: index * perRun + 1,
    });
  });
}

function dagOf(dag: number, count: number): DagSpec {
  const tasks = Array.from({ length: count }, (_, index) => {
    const limit = index % 5 === 0 ? READY : null;
    const limits = { maxActiveTisPerDag: limit, maxActiveTisPerDagrun: limit };
    return taskOf(`t${index}`, { pool: `pool${index % POOLS}`, priorityWeight: (index * 31 + dag) % 17, ...limits });
  });
  return { ...specOf(`d${dag}`, tasks), maxActiveTasks: READY };
}
