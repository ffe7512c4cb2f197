import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { planRun } from '../../src/core/dag-run/plan-run.js';
import { DEFAULT_PLAN_OPTIONS } from '../../src/core/dag-run/plan-options.js';
import { RunView } from '../../src/core/dag-run/run-view.js';
import { explainRun } from '../../src/core/explain/explain-task.js';
import { queueInstance, startInstance } from '../../src/core/queueing/dispatch.js';
import { planQueueing } from '../../src/core/queueing/plan-queueing.js';
import { settleAttempt } from '../../src/core/task-instance/settle-attempt.js';
import { TRIGGER_RULES, type TaskSpec } from '../../src/model/dag-spec.js';
import { BLOCKER_CODES } from '../../src/model/explanation.js';
import type { Outcome } from '../../src/model/outcome.js';
import type { Situation } from '../../src/model/situation.js';
import { FINISHED_STATES } from '../../src/model/states.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import { accepted, SCHEDULER, taskSpec, viewOf } from '../unit/core/factories.js';
import { situationOf } from '../unit/core/explain/situations.js';

const POOLS = { default_pool: { slots: 128 }, narrow: { slots: 2 } };
const PARALLELISM = 4;
const RUNS = Number(process.env['EXPLAIN_RUNS'] ?? 100);

const anyTasks: fc.Arbitrary<readonly TaskSpec[]> = fc
  .array(
    fc.record({
      parents: fc.array(fc.nat(), { maxLength: 3 }),
      triggerRule: fc.constantFrom(...TRIGGER_RULES.filter((rule) => rule !== 'all_done_setup_success')),
      retries: fc.nat(2),
      isMapped: fc.boolean(),
      pool: fc.constantFrom('default_pool', 'default_pool', 'narrow', 'missing'),
      poolSlots: fc.integer({ min: 1, max: 3 }),
      priorityWeight: fc.nat(3),
      maxActiveTisPerDag: fc.constantFrom(null, null, 1),
      maxActiveTisPerDagrun: fc.constantFrom(null, null, 1),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((drafts) =>
    drafts.map(({ parents, isMapped, ...options }, index) => {
      const upstream = index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))].sort();
      const source = isMapped ? upstream[0] : undefined;
      return taskSpec(`t${index}`, {
        upstream,
        retryDelayMs: 10,
        map: source === undefined ? null : { kind: 'each', sources: [{ kind: 'ref', taskId: source }] },
        ...options,
      });
    }),
  );

const ERROR = { code: 'TASK_ERROR', name: 'Error', message: '', stack: null };
const OUTCOMES: readonly Outcome[] = [
  { kind: 'success', output: { value: [1, 2], length: 2 } },
  { kind: 'success', output: null },
  { kind: 'failed', error: ERROR, retryable: true },
  { kind: 'failed', error: ERROR, retryable: false },
  { kind: 'skipped', message: null },
  { kind: 'reschedule', at: 50 },
  { kind: 'defer', deferral: {}, timeoutAt: null },
  { kind: 'ask', deferral: {}, timeoutAt: 1_000_000 },
  { kind: 'lost', reason: 'lease_expired' },
];

describe('explanations', () => {
  it('name what is in the way of everything that neither runs nor is finished, and say what the planner does', () => {
    fc.assert(
      fc.property(anyTasks, fc.infiniteStream(fc.nat()), (tasks, choices) => {
        const choose = (count: number): number => (choices.next().value as number) % count;
        const view = viewOf(tasks);
        let now = 0;
        for (let step = 0; step < 40 && view.run.state === 'running'; step++) {
          checkExplanations(view, now);
          advance(view, now, step);
          checkExplanations(view, now);
          queueSome(view, now, step, choose);
          checkExplanations(view, now);
          now += choose(3) * 10;
        }
      }),
      { numRuns: RUNS },
    );
  });
});

function situation(view: RunView, now: number): Situation {
  return situationOf(view, now, { pools: POOLS, parallelism: PARALLELISM });
}

/** Complete, of known words, with one blocker that binds; and one pass of the planner moves exactly what it says will move. */
function checkExplanations(view: RunView, now: number): void {
  if (view.run.state !== 'running') return;
  const seen = situation(view, now);
  const explanations = explainRun(seen, { parallelism: PARALLELISM });
  const waiting = [...view.allInstances()].filter(({ state }) => state !== 'running' && !FINISHED_STATES.has(state));
  expect(explanations.map(({ taskId, mapIndex }) => `${taskId} ${mapIndex}`).sort()).toEqual(
    waiting.map(({ taskId, mapIndex }) => `${taskId} ${mapIndex}`).sort(),
  );
  const planned = RunView.from(seen.snapshot);
  planRun(planned, now, { ...DEFAULT_PLAN_OPTIONS, maxRounds: 1 });
  const { chosen } = planQueueing({
    candidates: [...view.ready()].map((instance) => ({ view, instance })),
    occupancy: seen.occupancy,
    parallelism: PARALLELISM,
    freeSlots: Number.POSITIVE_INFINITY,
    backfillShare: 0.5,
  });
  const wrong: unknown[] = [];
  const wants = (holds: boolean, what: string, explanation: unknown): void => {
    if (!holds) wrong.push({ what, explanation });
  };
  const taken = new Set(chosen.map(({ instance }) => instance.id));
  for (const explanation of explanations) {
    const { taskId, mapIndex, state, blockers } = explanation;
    const [first] = blockers;
    wants(first?.isBinding === true && blockers.filter(({ isBinding }) => isBinding).length === 1, 'one that binds', explanation);
    wants(
      blockers.every(({ code, text }) => code in BLOCKER_CODES && text.length > 0),
      'known words',
      explanation,
    );
    const instance = view.instances(taskId).find((candidate) => candidate.mapIndex === mapIndex) as TaskInstance;
    if (state === 'scheduled') {
      wants(taken.has(instance.id) === (first?.code === 'about_to_be_queued'), 'what the queueing decides', explanation);
    } else if (state === 'none' || state === 'up_for_retry' || state === 'up_for_reschedule') {
      const says = first?.code === 'about_to_be_scheduled' || blockers.some(({ becomes }) => becomes !== null);
      const after = planned.instance(instance.id);
      wants((after.state !== state || after.mapIndex !== mapIndex) === says, 'what the planner decides', explanation);
    }
  }
  expect(wrong).toEqual([]);
}

function advance(view: RunView, now: number, step: number): void {
  planRun(view, now);
  const commit = view.drain(SCHEDULER, undefined);
  if (commit) view.committed(accepted(commit, view.revision + 1, 1_000 * (step + 1)));
}

/** Queues what the limits allow, starts some of it, ends some. */
function queueSome(view: RunView, now: number, step: number, choose: (count: number) => number): void {
  if (view.run.state !== 'running') return;
  const { chosen } = planQueueing({
    candidates: [...view.ready()].map((instance) => ({ view, instance })),
    occupancy: situation(view, now).occupancy,
    parallelism: PARALLELISM,
    freeSlots: Number.POSITIVE_INFINITY,
    backfillShare: 0.5,
  });
  for (const [index, { instance }] of chosen.entries()) {
    queueInstance(view, instance.id, `token-${step}-${index}`, now);
    if (choose(3) === 0) continue;
    startInstance(view, instance.id, 'worker', now);
  }
  for (const instance of [...view.allInstances()]) {
    if (instance.state !== 'running' || choose(2) === 0) continue;
    settleAttempt(view, instance.id, OUTCOMES[choose(OUTCOMES.length)] as Outcome, now, now);
  }
  const commit = view.drain(SCHEDULER, undefined);
  if (commit) view.committed(accepted(commit, view.revision + 1, 1_000_000 * (step + 1)));
}
