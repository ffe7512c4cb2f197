/** A queue to choose from: pools and what is taken of them, and task instances that wait. */
import { planQueueing, type QueueingInput } from '../../../../src/core/queueing/plan-queueing.js';
import type { QueueCandidate } from '../../../../src/core/queueing/queue-limits.js';
import type { DagRun } from '../../../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../../../src/model/dag-spec.js';
import type { Occupancy } from '../../../../src/model/snapshot.js';
import type { TaskInstance } from '../../../../src/model/task-instance.js';
import { taskSpec, viewOf } from '../factories.js';

export const occupancy = (changes: Partial<Occupancy> = {}): Occupancy => ({
  total: 0,
  pools: { default_pool: { slots: 128, occupied: 0 }, small: { slots: 2, occupied: 1 }, endless: { slots: -1, occupied: 9_999 } },
  tasks: {},
  pausedDags: [],
  ...changes,
});

/** One run with tasks t0, t1...; all that are not given another state are scheduled. */
export function candidates(
  tasks: readonly Partial<TaskSpec>[],
  instances: readonly Partial<TaskInstance>[] = [],
  run: Partial<DagRun> = {},
  spec: Partial<DagSpec> = {},
): QueueCandidate[] {
  const specs = tasks.map((task, index) => taskSpec(`t${index}`, task));
  const states = Object.fromEntries(
    specs.map((task, index) => [
      task.taskId,
      {
        state: 'scheduled' as const,
        pool: task.pool,
        poolSlots: task.poolSlots,
        priorityWeight: task.priorityWeight,
        ...instances[index],
      },
    ]),
  );
  const view = viewOf(specs, states, { run, spec });
  return [...view.ready()].map((instance) => ({ view, instance }));
}

/** As many runs of one task t0, whose instances have the ids `firstId`, `firstId + 1`... */
export function runsOf(
  count: number,
  firstId: number,
  task: Partial<TaskSpec> = {},
  run: Partial<DagRun> = {},
): readonly QueueCandidate[] {
  return Array.from({ length: count }, (_, index) => candidates([task], [{ id: firstId + index }], run)).flat();
}

export const queueing = (input: Partial<QueueingInput>) =>
  planQueueing({ candidates: [], occupancy: occupancy(), parallelism: 32, freeSlots: 32, backfillShare: 0.5, ...input });
export const plan = (input: Partial<QueueingInput>) => queueing(input).chosen;
export const chosen = (input: Partial<QueueingInput>) => plan(input).map(({ instance }) => instance.taskId);
export const idsOf = (input: Partial<QueueingInput>) => plan(input).map(({ instance }) => instance.id);
