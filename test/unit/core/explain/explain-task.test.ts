import { describe, expect, it } from '@jest/globals';
import { explainTask } from '../../../../src/core/explain/explain-task.js';
import type { DagRun } from '../../../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../../../src/model/dag-spec.js';
import type { TaskInstance } from '../../../../src/model/task-instance.js';
import { taskSpec, viewOf } from '../factories.js';
import { component, situationOf, type World } from './situations.js';

interface Case {
  readonly tasks?: readonly TaskSpec[];
  readonly states?: Readonly<Record<string, Partial<TaskInstance>>>;
  readonly run?: Partial<DagRun>;
  readonly spec?: Partial<DagSpec>;
  readonly world?: World;
}

const CHAIN = [taskSpec('a'), taskSpec('b', { upstream: ['a'] })];
const NOW = 1_000;

function explain({ tasks = CHAIN, states = {}, run, spec, world }: Case, taskId = 'b', mapIndex = -1) {
  const view = viewOf(tasks, states, { ...(run && { run }), ...(spec && { spec }) });
  return explainTask(situationOf(view, NOW, world), taskId, mapIndex, { parallelism: 32 });
}

const scheduled = { state: 'scheduled', tryNumber: 1 } as const;
const done = { state: 'success', tryNumber: 1 } as const;
const running = { state: 'running', tryNumber: 1, token: 'x', workerId: 'w' } as const;
const backfill = { backfillId: 3, isPaused: false, maxActiveRuns: 1, runningRuns: 1, queuedRuns: [] };

const waiting = (id: number, runId: string) => ({ id, runId, runAfter: 0 });

/** The sentence of what binds, by the names of the cases below. */
const TEXTS: Readonly<Record<string, string>> = {
  'no scheduler': 'no scheduler is running; start one with "airflow-like scheduler" or "npm start"',
  'a paused DAG': 'the DAG is paused; "airflow-like dags unpause d" lets it go on',
  'a DAG whose file is gone before the run started': 'the file of the DAG (d.ts) is gone or no longer holds it',
  'a DAG whose file is gone while the run is running': 'its trigger rule all_success is not met: a is none',
  'a run that is over': 'the run ended failed at 1970-01-01T00:00:00.005Z',
  'a run that is over, nobody knows since when': 'the run ended failed',
  'a run that may not start yet': 'the run may not start before 1970-01-01T00:00:02Z',
  'a run that starts in a moment': 'the run is queued and starts with the next pass of the scheduler',
  'a run whose turn it is': 'the run is queued and starts with the next pass of the scheduler',
  'runs that start before it': 'other queued runs of the DAG start first: first',
  'runs of its backfill that start before it': 'other queued runs of its backfill start first: earlier',
  'a run that may start now': 'the run is queued and starts with the next pass of the scheduler',
  'a run of a backfill that nothing is known of': 'the run is queued and starts with the next pass of the scheduler',
  'running runs of the DAG': 'the DAG has 1 running run, of 1 it may have (maxActiveRuns): other',
  'running runs of the backfill': 'its backfill has 1 running run, of 1 it may have (maxActiveRuns): other',
  'a paused backfill': 'backfill 3 is paused; "airflow-like backfill unpause 3" lets it go on',
  'a parent that is not done': 'its trigger rule all_success is not met: a is running',
  nothing: 'nothing is in its way: the next pass of the scheduler moves it on',
  'a decision': 'a decided to leave it out, so it becomes skipped',
  'a setup': 'its setups are not all done well: s is running',
  'a mapping without a length': 'the number of its copies is not known before a is done',
  'the delay of a retry': 'try 1 of 1 failed; the next one begins after 1970-01-01T00:00:05Z',
  'the next poke': 'it looks again at 1970-01-01T00:00:05Z (poke 0 found nothing)',
  'a trigger': 'it waits for a trigger, until 1970-01-01T00:00:05Z at the latest',
  'a person': 'it waits for a person',
  'an unknown pool': 'its pool "gpuu" does not exist; there are: default_pool',
  'a pool that is too small': 'it needs 200 slots, and its pool "default_pool" has 128',
  'a full pool': 'its pool "default_pool" is full (1 of 1 taken, and it needs 1): d.a in manual__1970-01-01T00:00:00+00:00',
  maxActiveTasks: 'its run has as many tasks under way as it may have (maxActiveTasks 1): d.a in manual__1970-01-01T00:00:00+00:00',
  parallelism:
    'as many tasks are under way as the installation allows (core.parallelism 1): d.a in manual__1970-01-01T00:00:00+00:00',
  'the slots of the worker in the scheduler':
    'the worker of the scheduler has no free slot (worker.slots): d.a in manual__1970-01-01T00:00:00+00:00',
  'more urgent tasks': 'what it needs is free, but goes to what comes first: d.a in manual__1970-01-01T00:00:00+00:00',
  'a free slot': 'a slot is free: the next pass of the scheduler gives it one',
  'no worker':
    'no worker serves the queue "default" (none runs); start one with "airflow-like worker --queues default", or add it to worker.queues',
  'busy workers': 'the workers of the queue "default" have no free slot (1 of 1 taken): d.a in manual__1970-01-01T00:00:00+00:00',
  'a worker that has not looked yet': 'a worker of the queue "default" takes it in a moment',
};

describe('what binds', () => {
  it.each<[string, Case, readonly string[]]>([
    ['no scheduler', { world: { components: [] } }, ['no_scheduler', 'trigger_rule']],
    ['a paused DAG', { world: { schedule: { dagChanges: { isPaused: true } } } }, ['dag_paused', 'trigger_rule']],
    [
      'a DAG whose file is gone before the run started',
      { run: { state: 'queued' }, world: { schedule: { dagChanges: { isRetired: true } } } },
      ['dag_retired', 'trigger_rule'],
    ],
    [
      'a DAG whose file is gone while the run is running',
      { world: { schedule: { dagChanges: { isRetired: true } } } },
      ['trigger_rule'],
    ],
    ['a run that is over', { run: { state: 'failed', endedAt: 5 } }, ['run_finished']],
    ['a run that is over, nobody knows since when', { run: { state: 'failed', endedAt: null } }, ['run_finished']],
    ['a run that may not start yet', { run: { state: 'queued', runAfter: 2_000 } }, ['run_after', 'trigger_rule']],
    ['a run that starts in a moment', { run: { state: 'queued' } }, ['run_not_started', 'trigger_rule']],
    ['a run that may start now', { run: { state: 'queued', runAfter: NOW } }, ['run_not_started', 'trigger_rule']],
    [
      'a run of a backfill that nothing is known of',
      {
        run: { state: 'queued', backfillId: 3 },
        world: { schedule: { backfills: [{ ...backfill, backfillId: 4, isPaused: true }] } },
      },
      ['run_not_started', 'trigger_rule'],
    ],
    [
      'a run whose turn it is',
      {
        run: { state: 'queued' },
        world: { schedule: { queuedRuns: [waiting(1, 'first'), waiting(2, 'second')], runningRuns: 15 } },
      },
      ['run_not_started', 'trigger_rule'],
    ],
    [
      'runs that start before it',
      {
        run: { state: 'queued' },
        world: { schedule: { queuedRuns: [waiting(8, 'first'), waiting(9, 'second')], runningRuns: 15 } },
      },
      ['earlier_runs', 'trigger_rule'],
    ],
    [
      'runs of its backfill that start before it',
      {
        run: { state: 'queued', backfillId: 3 },
        world: { schedule: { backfills: [{ ...backfill, runningRuns: 0, queuedRuns: [waiting(9, 'earlier')] }] } },
      },
      ['earlier_runs', 'trigger_rule'],
    ],
    [
      'running runs of the DAG',
      { run: { state: 'queued' }, spec: { maxActiveRuns: 1 }, world: { situation: { lane: [{ runId: 'other', startedAt: 1 }] } } },
      ['max_active_runs', 'trigger_rule'],
    ],
    [
      'running runs of the backfill',
      {
        run: { state: 'queued', backfillId: 3 },
        world: { schedule: { backfills: [backfill] }, situation: { lane: [{ runId: 'other', startedAt: 1 }] } },
      },
      ['backfill_max_active_runs', 'trigger_rule'],
    ],
    [
      'a paused backfill',
      { run: { state: 'queued', backfillId: 3 }, world: { schedule: { backfills: [{ ...backfill, isPaused: true }] } } },
      ['backfill_paused', 'trigger_rule'],
    ],
    ['a parent that is not done', { states: { a: running } }, ['trigger_rule']],
    ['nothing', { states: { a: done } }, ['about_to_be_scheduled']],
    [
      'a decision',
      {
        tasks: [taskSpec('a', { decides: { kind: 'branch' } }), CHAIN[1] as TaskSpec],
        states: { a: { ...done, decision: { followed: [] } } },
      },
      ['skipped_by_decision'],
    ],
    [
      'a setup',
      {
        tasks: [taskSpec('s', { role: 'setup' }), taskSpec('a', { upstream: ['s'] }), CHAIN[1] as TaskSpec],
        states: { a: done, s: running },
      },
      ['setup_not_done'],
    ],
    [
      'a mapping without a length',
      {
        tasks: [
          taskSpec('a'),
          taskSpec('b', { upstream: ['a'], triggerRule: 'always', map: { kind: 'each', sources: [{ kind: 'ref', taskId: 'a' }] } }),
        ],
        states: { a: running },
      },
      ['map_length'],
    ],
    ['the delay of a retry', { states: { a: done, b: { state: 'up_for_retry', tryNumber: 1, wakeAt: 5_000 } } }, ['retry_delay']],
    ['the next poke', { states: { a: done, b: { state: 'up_for_reschedule', tryNumber: 1, wakeAt: 5_000 } } }, ['reschedule']],
    ['a trigger', { states: { a: done, b: { state: 'deferred', tryNumber: 1, wakeAt: 5_000 } } }, ['deferred']],
    ['a person', { states: { a: done, b: { state: 'awaiting_input', tryNumber: 1 } } }, ['awaiting_input']],
    ['an unknown pool', { states: { a: done, b: { ...scheduled, pool: 'gpuu' } } }, ['pool_unknown']],
    ['a pool that is too small', { states: { a: done, b: { ...scheduled, poolSlots: 200 } } }, ['pool_too_small']],
    ['a full pool', { states: { a: running, b: scheduled }, world: { pools: { default_pool: { slots: 1 } } } }, ['pool_full']],
    ['maxActiveTasks', { states: { a: running, b: scheduled }, spec: { maxActiveTasks: 1 } }, ['max_active_tasks']],
    ['parallelism', { states: { a: running, b: scheduled }, world: { parallelism: 1 } }, ['no_free_slot']],
    [
      'the slots of the worker in the scheduler',
      {
        states: { a: running, b: scheduled },
        world: { components: [component('scheduler', { parallelism: 32, localSlots: 1 })] },
      },
      ['no_local_slot'],
    ],
    [
      'more urgent tasks',
      { states: { a: { ...scheduled, priorityWeight: 9 }, b: scheduled }, world: { parallelism: 1 } },
      ['outranked'],
    ],
    ['a free slot', { states: { a: done, b: scheduled } }, ['about_to_be_queued']],
    ['no worker', { states: { a: done, b: { state: 'queued', token: 'x' } } }, ['no_worker']],
    [
      'busy workers',
      {
        states: { a: running, b: { state: 'queued', token: 'y' } },
        world: { components: [component('worker', { slots: 1, queues: ['default'] }, 'w')] },
      },
      ['workers_busy'],
    ],
    [
      'a worker that has not looked yet',
      {
        states: { a: done, b: { state: 'queued', token: 'y' } },
        world: { components: [component('worker', { slots: 1, queues: ['default'] }, 'w')] },
      },
      ['about_to_start'],
    ],
  ])('%s', (what, found, codes) => {
    const { blockers } = explain(found);
    expect(blockers.map(({ code }) => code)).toEqual(codes);
    expect(blockers[0]?.text).toBe(TEXTS[what]);
  });

  it('a scheduler that is gone, which it is after its lease', () => {
    const codes = (leaseUntil: number) =>
      explain({ world: { components: [{ ...component('scheduler'), leaseUntil }] } }).blockers.map(({ code }) => code);
    expect(codes(NOW)).toEqual(['trigger_rule']);
    expect(codes(NOW - 1)).toEqual(['no_scheduler', 'trigger_rule']);
  });

  it('the lane of a run, with the runs that are in it', () => {
    const lane = {
      situation: {
        lane: [
          { runId: 'r1', startedAt: 1 },
          { runId: 'r2', startedAt: 2 },
        ],
      },
    };
    const [full] = explain({ run: { state: 'queued' }, spec: { maxActiveRuns: 2 }, world: lane }).blockers;
    expect(full).toMatchObject({
      text: 'the DAG has 2 running runs, of 2 it may have (maxActiveRuns): r1, r2',
      holders: ['r1', 'r2'],
    });
  });

  it('of two backfills the one that the run belongs to', () => {
    const backfills = [
      { ...backfill, backfillId: 2, isPaused: true },
      { ...backfill, maxActiveRuns: 2 },
    ];
    const world = { schedule: { backfills }, situation: { lane: [{ runId: 'other', startedAt: 1 }] } };
    const { blockers } = explain({ run: { state: 'queued', backfillId: 3 }, world });
    expect(blockers.map(({ code }) => code)).toEqual(['run_not_started', 'trigger_rule']);
  });
});

describe('an explanation', () => {
  it('says everything: what binds first, what else is in the way, who holds it, and until when', () => {
    const { summary, blockers } = explain({
      states: { a: running },
      world: { pools: { default_pool: { slots: 1 } }, schedule: { dagChanges: { isPaused: true, pausedReason: 'stocktaking' } } },
    });
    expect(summary).toBe('b is none and waits: the DAG is paused (stocktaking); "airflow-like dags unpause d" lets it go on');
    expect(blockers.map(({ code, isBinding }) => [code, isBinding])).toEqual([
      ['dag_paused', true],
      ['trigger_rule', false],
      ['pool_full', false],
    ]);
    expect(blockers[2]).toMatchObject({
      text: 'its pool "default_pool" is full (1 of 1 taken, and it needs 1): d.a in manual__1970-01-01T00:00:00+00:00',
      holders: ['d.a in manual__1970-01-01T00:00:00+00:00'],
    });
  });

  it('says when it is looked at next', () => {
    const waiting = explain({ states: { a: done, b: { state: 'up_for_retry', tryNumber: 1, maxTries: 3, wakeAt: 5_000 } } });
    expect(waiting).toMatchObject({
      nextLookAt: 5_000,
      blockers: [{ until: 5_000, text: 'try 1 of 3 failed; the next one begins after 1970-01-01T00:00:05Z' }],
    });
    expect(explain({ states: { a: running } }).nextLookAt).toBeNull();
    for (const state of ['up_for_reschedule', 'deferred'] as const) {
      expect(explain({ states: { a: done, b: { state, tryNumber: 1, wakeAt: 5_000 } } }).nextLookAt).toBe(5_000);
    }
    expect(explain({ run: { state: 'queued', runAfter: 2_000 } }).nextLookAt).toBe(2_000);
  });

  it('says when it is looked at next if the scheduler comes before: in a running run', () => {
    const noted = (planAt: number) => ({ situation: { planAt } });
    const retry = { a: done, b: { state: 'up_for_retry', tryNumber: 1, wakeAt: 5_000 } } as const;
    expect(explain({ states: retry, world: noted(3_000) }).nextLookAt).toBe(3_000);
    expect(explain({ states: retry, world: noted(9_000) }).nextLookAt).toBe(5_000);
    expect(explain({ states: { a: running }, world: noted(9_000) }).nextLookAt).toBe(9_000);
    expect(explain({ run: { state: 'queued', runAfter: 2_000 }, world: noted(1_500) }).nextLookAt).toBe(2_000);
    expect(explain({ states: { a: done }, world: noted(9_000) }, 'a').nextLookAt).toBeNull();
  });

  it('is not looked at while nobody is there to look, and never in the past', () => {
    const late = { situation: { planAt: 500 } };
    expect(explain({ states: { a: running }, world: late }).nextLookAt).toBe(NOW);
    expect(explain({ states: { a: running }, world: { ...late, components: [] } }).nextLookAt).toBeNull();
  });

  it('names the runs that start before it, of its own lane', () => {
    const ofBackfill = (backfillId: number, name: string) => ({
      ...backfill,
      backfillId,
      runningRuns: 0,
      queuedRuns: [waiting(9 + backfillId, name)],
    });
    const world = { schedule: { backfills: [ofBackfill(2, 'of another'), ofBackfill(3, 'earlier')] } };
    expect(explain({ run: { state: 'queued', backfillId: 3 }, world }).blockers[0]).toMatchObject({
      code: 'earlier_runs',
      text: 'other queued runs of its backfill start first: earlier',
      holders: ['earlier'],
    });
  });

  it('says that the worker of a running task is gone', () => {
    const lost = { ...component('worker', {}, 'w'), leaseUntil: NOW - 1 };
    expect(explain({ states: { a: running }, world: { components: [lost] } }, 'a').summary).toBe(
      'a is running (try 1 of 1) on worker w, which has not been heard of and lost its lease at 1970-01-01T00:00:00.999Z: a scheduler takes the task from it',
    );
    const [alive, other] = [
      { ...lost, leaseUntil: NOW },
      { ...lost, id: 'other' },
    ];
    expect(explain({ states: { a: running }, world: { components: [other, alive] } }, 'a').summary).toMatch(/worker w$/);
  });

  it('says which state a check forces', () => {
    const { blockers } = explain({ states: { a: { state: 'failed', tryNumber: 1 } } });
    expect(blockers[0]).toMatchObject({
      code: 'trigger_rule',
      becomes: 'upstream_failed',
      text: 'its trigger rule all_success is not met: a is failed, so it becomes upstream_failed',
    });
  });

  it('of what runs or is finished has nothing in the way', () => {
    expect(explain({ states: { a: { ...running, startedAt: 5_000 } } }, 'a')).toMatchObject({
      summary: 'a is running since 1970-01-01T00:00:05Z (try 1 of 1) on worker w',
      blockers: [],
      nextLookAt: null,
    });
    expect(explain({ states: { a: { ...done, endedAt: 5_000 } } }, 'a').summary).toBe(
      'a ended success at 1970-01-01T00:00:05Z (try 1 of 1)',
    );
    expect(explain({ states: { a: { state: 'skipped' } } }, 'a').summary).toBe('a ended skipped');
    expect(explain({ states: { a: { state: 'running', tryNumber: 1, token: 'x' } } }, 'a').summary).toBe(
      'a is running (try 1 of 1) on worker unknown',
    );
  });

  it('of what is finished says why, if the history does', () => {
    const view = viewOf(CHAIN, { a: { ...done, state: 'failed', endedAt: 5_000 } });
    const { summary } = explainTask(situationOf(view, NOW), 'a', -1, { parallelism: 32, reason: 'lease_expired' });
    expect(summary).toBe('a ended failed at 1970-01-01T00:00:05Z (try 1 of 1): lease_expired');
  });

  it('of a task that is expanded is that of its first copy, if no index is given', () => {
    const view = viewOf(CHAIN, { a: { mapIndex: 0 }, b: { taskId: 'a', mapIndex: 1 } });
    expect(explainTask(situationOf(view, NOW), 'a', -1, { parallelism: 32 })).toMatchObject({ mapIndex: 0, state: 'none' });
    expect(explainTask(situationOf(view, NOW), 'a', 1, { parallelism: 32 })).toMatchObject({ mapIndex: 1, state: 'none' });
  });

  it('of what the run does not have says so', () => {
    expect(explain({}, 'gone')).toMatchObject({
      state: null,
      blockers: [],
      nextLookAt: null,
      summary: expect.stringContaining('does not have the task gone'),
    });
    const situation = situationOf(viewOf(CHAIN), NOW);
    const taskInstances = [
      ...situation.snapshot.taskInstances,
      { ...situation.snapshot.taskInstances[0]!, taskId: 'old', state: 'removed' as const },
    ];
    const withRemoved = { ...situation, snapshot: { ...situation.snapshot, taskInstances } };
    expect(explainTask(withRemoved, 'old', -1, { parallelism: 32 })).toMatchObject({
      state: 'removed',
      summary: 'old is removed: the version of the DAG that this run has no longer has this task',
    });
    for (const mapIndex of [0, 7]) {
      const summary = expect.stringContaining(`b[${mapIndex}] is not part of this run`);
      expect(explain({}, 'b', mapIndex)).toMatchObject({ state: null, blockers: [], summary });
    }
  });
});
