/** 10,000 tasks that are ready, in 500 runs of 20 DAGs, and one pass that chooses which of them are queued. */
import { RunView } from '../../dist/core/dag-run/run-view.js';
import { planQueueing, type QueueCandidate } from '../../dist/core/queueing/plan-queueing.js';
import type { DagSpec, TaskSpec } from '../../dist/model/dag-spec.js';
import type { TaskInstance } from '../../dist/model/task-instance.js';
import { ReadyRuns } from '../../dist/scheduler/ready-runs.js';
import { percentile, printFigures } from '../figures.js';

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
  const specs = Array.from({ length: DAGS }, (_, dag) => specOf(dag, perRun));
  return Array.from({ length: RUNS }, (_, index) => {
    const spec = specs[index % DAGS]!;
    const run = {
      id: index + 1, dagId: spec.dagId, runId: `r${index}`, runType: 'scheduled', triggeredBy: 'timetable', state: 'running',
      logicalDate: (index * 7_919) % 1_000, dataInterval: null, runAfter: index, conf: {}, versionId: 1, backfillId: index % 4 === 0 ? 1 : null,
      backfillOrdinal: null, queuedAt: 0, startedAt: 0, endedAt: null, clearNumber: 0, note: null, triggeringUser: null, revision: 1,
    } as const; // prettier-ignore
    const taskInstances = spec.tasks.map(({ taskId, pool, priorityWeight }, task) => {
      return {
        id: index * perRun + task + 1, dagRunId: run.id, taskId, mapIndex: -1, state: 'scheduled', tryNumber: 1, maxTries: 1, lostDispatches: 0,
        token: null, workerId: null, pool, poolSlots: 1, priorityWeight, queue: 'default', scheduledAt: 0, queuedAt: null, startedAt: null,
        endedAt: null, wakeAt: null, waitingSince: null, pokeNumber: 0, outputLength: null, decision: null, mapLabel: null, deferral: null,
      } as TaskInstance; // prettier-ignore
    });
    return RunView.from({ run, spec, taskInstances, previous: null });
  });
}

function specOf(dag: number, count: number): DagSpec {
  const tasks = Array.from({ length: count }, (_, index) => {
    const limit = index % 5 === 0 ? READY : null;
    return {
      taskId: `t${index}`, upstream: [], triggerRule: 'all_success', role: 'task', retries: 0, critical: true, pool: `pool${index % POOLS}`,
      poolSlots: 1, priorityWeight: (index * 31 + dag) % 17, weightRule: 'absolute', maxActiveTisPerDag: limit, maxActiveTisPerDagrun: limit,
      inputs: [], map: null, sensor: null, groupId: null, decides: null,
    } as unknown as TaskSpec; // prettier-ignore
  });
  return { dagId: `d${dag}`, tasks, groups: [], maxActiveTasks: READY, catchup: false, startDate: null } as unknown as DagSpec;
}
