/** Random situations of the queue, and how they look to core. */
import fc from '../support/fast-check.js';
import { RunView } from '../../src/core/dag-run/run-view.js';
import type { QueueingInput } from '../../src/core/queueing/plan-queueing.js';
import { taskLimitKey, type Occupancy } from '../../src/model/snapshot.js';
import type { TaskInstanceState } from '../../src/model/states.js';
import { dagRun, dagSpec, taskInstance, taskSpec } from '../support/dag-specs.js';
import type { ReferenceDag, ReferenceRow, ReferenceRun, ReferenceSituation } from './limits.js';

const STATES = [
  'scheduled',
  'scheduled',
  'scheduled',
  'queued',
  'running',
  'deferred',
  'awaiting_input',
  'none',
  'up_for_retry',
] as const;
const POOLS = ['left', 'right', 'gone'] as const;
const DAY = 86_400_000;

const anyTask = fc.record({
  perDag: fc.option(fc.integer({ min: 1, max: 3 })),
  perDagRun: fc.option(fc.integer({ min: 1, max: 3 })),
  pool: fc.constantFrom(...POOLS),
  poolSlots: fc.integer({ min: 1, max: 3 }),
  weight: fc.integer({ min: -2, max: 5 }),
  copies: fc.integer({ min: 1, max: 3 }),
});

const anyRun = fc.record({
  state: fc.constantFrom('running', 'running', 'running', 'queued'),
  day: fc.option(fc.integer({ min: 0, max: 9 })),
  isBackfill: fc.boolean(),
  states: fc.array(fc.constantFrom<TaskInstanceState>(...STATES), { minLength: 9, maxLength: 9 }),
});

const anyDag = fc.record({
  isPaused: fc.constantFrom(false, false, false, true),
  maxActiveTasks: fc.integer({ min: 1, max: 6 }),
  tasks: fc.array(anyTask, { minLength: 1, maxLength: 3 }),
  runs: fc.array(anyRun, { minLength: 1, maxLength: 3 }),
});

const anyPool = fc.record({ slots: fc.integer({ min: -1, max: 9 }), includeDeferred: fc.boolean() });

export const anySituation: fc.Arbitrary<ReferenceSituation> = fc
  .record({
    dags: fc.array(anyDag, { minLength: 1, maxLength: 3 }),
    left: anyPool,
    right: anyPool,
    parallelism: fc.integer({ min: 1, max: 30 }),
    freeSlots: fc.integer({ min: 0, max: 12 }),
    backfillShare: fc.constantFrom(0, 0.25, 1 / 3, 0.5, 0.9, 1),
  })
  .map(({ dags: given, left, right, ...rest }) => {
    const dags: ReferenceDag[] = [];
    const runs: ReferenceRun[] = [];
    const rows: ReferenceRow[] = [];
    for (const [index, { tasks, runs: ofDag, isPaused, maxActiveTasks }] of given.entries()) {
      const dagId = `d${index}`;
      const limits = tasks.map(({ perDag, perDagRun }, task) => [`t${task}`, { perDag, perDagRun }] as const);
      dags.push({ dagId, isPaused, maxActiveTasks, tasks: Object.fromEntries(limits) });
      for (const { state, day, isBackfill, states } of ofDag) {
        const run: ReferenceRun = {
          id: runs.length + 1,
          dagId,
          state: state as ReferenceRun['state'],
          logicalDate: day === null ? null : day * DAY,
          isBackfill,
        };
        runs.push(run);
        tasks.forEach(({ pool, poolSlots, weight, copies }, task) => {
          for (let copy = 0; copy < copies; copy++) {
            const mapIndex = copies === 1 ? -1 : copy;
            const place = { dagId, runId: run.id, taskId: `t${task}`, mapIndex };
            rows.push({ id: rows.length + 1, ...place, state: states[task * 3 + copy]!, pool, poolSlots, weight });
          }
        });
      }
    }
    const pools = [
      { name: 'left', ...left },
      { name: 'right', ...right },
    ];
    return { dags, runs, rows, pools, ...rest };
  });

/** The same as core gets it. */
export function inputOf(situation: ReferenceSituation): QueueingInput {
  const { dags, runs, rows, parallelism, freeSlots, backfillShare } = situation;
  const specs = new Map(
    dags.map(({ dagId, maxActiveTasks, tasks }) => [
      dagId,
      dagSpec(dagId, {
        maxActiveTasks,
        tasks: Object.entries(tasks).map(([taskId, { perDag, perDagRun }]) =>
          taskSpec(taskId, { maxActiveTisPerDag: perDag, maxActiveTisPerDagrun: perDagRun }),
        ),
      }),
    ]),
  );
  const views = runs.map(({ id, dagId, state, logicalDate, isBackfill }) =>
    RunView.from({
      run: dagRun({ id, dagId, state, logicalDate, runAfter: 0, backfillId: isBackfill ? 1 : null }),
      spec: specs.get(dagId)!,
      previous: null,
      taskInstances: rows
        .filter(({ runId }) => runId === id)
        .map(({ id: row, taskId, mapIndex, state: taskState, pool, poolSlots, weight }) =>
          taskInstance(row, taskId, { dagRunId: id, mapIndex, state: taskState, pool, poolSlots, priorityWeight: weight }),
        ),
    }),
  );
  return {
    candidates: views.flatMap((view) => [...view.ready()].map((instance) => ({ view, instance }))),
    occupancy: occupancyOf(situation),
    parallelism,
    freeSlots,
    backfillShare,
  };
}

function occupancyOf({ dags, rows, pools }: ReferenceSituation): Occupancy {
  const live = rows.filter(({ state }) => state === 'queued' || state === 'running');
  const parked = rows.filter(({ state }) => state === 'deferred' || state === 'awaiting_input');
  const tasks: Record<string, number> = {};
  for (const { dagId, taskId } of [...live, ...parked])
    tasks[taskLimitKey(dagId, taskId)] = (tasks[taskLimitKey(dagId, taskId)] ?? 0) + 1;
  return {
    total: live.length,
    pools: Object.fromEntries(
      pools.map(({ name, slots, includeDeferred }) => {
        const holders = [...live, ...(includeDeferred ? parked.filter(({ state }) => state === 'deferred') : [])];
        const occupied = holders.reduce((total, row) => total + (row.pool === name ? row.poolSlots : 0), 0);
        return [name, { slots, occupied }];
      }),
    ),
    tasks,
    pausedDags: dags.filter(({ isPaused }) => isPaused).map(({ dagId }) => dagId),
  };
}
