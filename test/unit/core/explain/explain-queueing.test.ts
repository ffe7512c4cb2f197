import { describe, expect, it } from '@jest/globals';
import { explainTask } from '../../../../src/core/explain/explain-task.js';
import type { Component } from '../../../../src/model/component.js';
import type { DagSpec, TaskSpec } from '../../../../src/model/dag-spec.js';
import type { Contender, Situation, SlotHolder } from '../../../../src/model/situation.js';
import type { TaskInstance } from '../../../../src/model/task-instance.js';
import { taskSpec, viewOf } from '../factories.js';
import { component, situationOf, type World } from './situations.js';

const NOW = 1_000;
const RUN = 'manual__1970-01-01T00:00:00+00:00';
const scheduled = { state: 'scheduled', tryNumber: 1 } as const;
const running = { state: 'running', tryNumber: 1, token: 'x', workerId: 'w' } as const;
const queued = { state: 'queued', tryNumber: 1, token: 'x' } as const;

interface Case extends World {
  readonly tasks?: readonly TaskSpec[];
  readonly states?: Readonly<Record<string, Partial<TaskInstance>>>;
  readonly spec?: Partial<DagSpec>;
  readonly change?: (situation: Situation) => Partial<Situation>;
  readonly configured?: number;
}

/** What keeps `b` back. */
function explain({
  tasks = [taskSpec('a'), taskSpec('b')],
  states = { b: scheduled },
  spec,
  change,
  configured = 32,
  ...world
}: Case) {
  const situation = situationOf(viewOf(tasks, states, { ...(spec && { spec }) }), NOW, world);
  return explainTask({ ...situation, ...change?.(situation) }, 'b', -1, { parallelism: configured }).blockers;
}

/** An instance of another run (or DAG) that holds a slot. */
function holder(dagId: string, runId: string, taskId: string, patch: Partial<SlotHolder> = {}): SlotHolder {
  const key = { dagId, runId, taskId, mapIndex: -1 };
  return { key, state: 'running', pool: 'default_pool', poolSlots: 1, queue: 'default', workerId: 'w', since: 0, ...patch };
}

/** An instance of another run that waits for a slot, before all others. */
function contender(taskId: string, patch: Partial<Contender> = {}): Contender {
  const key = { dagId: 'other', runId: 'r', taskId, mapIndex: -1 };
  return {
    key,
    taskInstanceId: 900,
    priorityWeight: 9,
    pool: 'default_pool',
    poolSlots: 1,
    isBackfill: false,
    scheduledAt: 0,
    ...patch,
  };
}

const lease = (leaseUntil: number, found: Component): Component => ({ ...found, leaseUntil });

describe('who holds what is needed', () => {
  const others = [
    holder('d', 'r2', 'b'),
    holder('d', RUN, 'a'),
    holder('other', RUN, 'b', { pool: 'narrow' }),
    holder('other', 'r', 'x', { state: 'queued' }),
  ];
  const holders = () => ({ holders: others });
  const busy = { a: running, b: scheduled };

  it.each<[string, Case, string, readonly string[]]>([
    [
      'pool_full',
      { pools: { default_pool: { slots: 1 } } },
      'its pool "default_pool" is full (1 of 1 taken, and it needs 1)',
      [`d.b in r2`, `d.a in ${RUN}`, 'other.x in r'],
    ],
    [
      'max_active_tasks',
      { spec: { maxActiveTasks: 1 } },
      'its run has as many tasks under way as it may have (maxActiveTasks 1)',
      [`d.a in ${RUN}`],
    ],
    [
      'no_free_slot',
      { parallelism: 1 },
      'as many tasks are under way as the installation allows (core.parallelism 1)',
      [`d.b in r2`, `d.a in ${RUN}`, `other.b in ${RUN}`, 'other.x in r'],
    ],
    [
      'no_local_slot',
      { components: [component('scheduler', { parallelism: 32, localSlots: 3 })] },
      'the worker of the scheduler has no free slot (worker.slots)',
      [`d.b in r2`, `d.a in ${RUN}`, `other.b in ${RUN}`, 'other.x in r'],
    ],
  ])('%s', (code, world, text, names) => {
    expect(explain({ ...world, states: busy, change: holders })).toMatchObject([
      { code, text: `${text}: ${names.join(', ')}`, holders: names },
    ]);
  });

  it.each<[string, Partial<TaskSpec>, string, readonly string[]]>([
    [
      'max_active_tis_per_dagrun',
      { maxActiveTisPerDagrun: 1 },
      'its run has as many copies of it under way as it may have (maxActiveTisPerDagrun 1)',
      [`d.b in ${RUN}`],
    ],
    [
      'max_active_tis_per_dag',
      { maxActiveTisPerDag: 1 },
      'all runs have as many instances of it under way as they may have (maxActiveTisPerDag 1)',
      ['d.b in r2', `d.b in ${RUN}`],
    ],
  ])('%s', (code, limit, text, names) => {
    const states = { a: { ...running, taskId: 'b', mapIndex: 0 }, b: { ...scheduled, mapIndex: 1 } };
    const view = viewOf([taskSpec('a'), taskSpec('b', limit)], states);
    const situation = { ...situationOf(view, NOW), holders: [...others, holder('d', RUN, 'b'), holder('other', 'r2', 'b')] };
    const { blockers } = explainTask(situation, 'b', 1, { parallelism: 32 });
    expect(blockers).toMatchObject([{ code, text: `${text}: ${names.join(', ')}`, holders: names }]);
  });
});

describe('a pool', () => {
  it('that does not exist: those that do are named in order', () => {
    const pools = { wide: { slots: 9 }, default_pool: { slots: 128 }, narrow: { slots: 1 } };
    expect(explain({ states: { b: { ...scheduled, pool: 'gpuu' } }, pools })[0]?.text).toBe(
      'its pool "gpuu" does not exist; there are: default_pool, narrow, wide',
    );
  });
});

describe('what the schedulers allow', () => {
  const scheduler = (details: Component['details'], id = 'scheduler') => component('scheduler', details, id);
  const codes = (found: Case) => explain({ states: { a: running, b: scheduled }, ...found }).map(({ code }) => code);

  it('is the most that one of them says', () => {
    expect(codes({ components: [scheduler({ parallelism: 1 }, 's1'), scheduler({ parallelism: 2 }, 's2')] })).toEqual([
      'about_to_be_queued',
    ]);
    expect(codes({ components: [scheduler({ parallelism: 1 }, 's1'), scheduler({ parallelism: 1 }, 's2')] })).toEqual([
      'no_free_slot',
    ]);
  });

  it('is what is configured where none says anything', () => {
    expect(codes({ components: [scheduler({})], configured: 1 })).toEqual(['no_free_slot']);
    expect(codes({ components: [scheduler({})], configured: 2 })).toEqual(['about_to_be_queued']);
    expect(codes({ components: [scheduler({}, 's1'), scheduler({ parallelism: 1 }, 's2')], configured: 2 })).toEqual([
      'no_free_slot',
    ]);
  });

  it('does not come from workers, nor from schedulers that are gone', () => {
    const worker = component('worker', { parallelism: 1, localSlots: 0 });
    const gone = lease(NOW - 1, scheduler({ parallelism: 32, localSlots: 0 }, 'gone'));
    const alive = scheduler({ parallelism: 1, localSlots: null }, 'alive');
    expect(codes({ components: [worker, scheduler({ parallelism: 32, localSlots: null })] })).toEqual(['about_to_be_queued']);
    expect(codes({ components: [component('worker', { parallelism: 32 }), alive] })).toEqual(['no_free_slot']);
    expect(codes({ components: [gone, alive] })).toEqual(['no_free_slot']);
    expect(codes({ components: [lease(NOW, scheduler({ parallelism: 32, localSlots: 0 }))] })).toEqual(['no_local_slot']);
  });

  it('is the sum of the slots in their own processes, less what runs', () => {
    const local = (...slots: readonly (number | null)[]) => ({
      components: slots.map((localSlots, index) => scheduler({ parallelism: 32, localSlots }, `s${index}`)),
    });
    expect(codes(local(1))).toEqual(['no_local_slot']);
    expect(codes(local(2))).toEqual(['about_to_be_queued']);
    expect(codes(local(1, 1))).toEqual(['about_to_be_queued']);
    // Where one of them leaves tasks to workers, slots of processes say nothing.
    expect(codes(local(1, null))).toEqual(['about_to_be_queued']);
    expect(codes({ ...local(1), states: { a: queued, b: scheduled } })).toEqual(['about_to_be_queued']);
  });
});

describe('the turn of a task that no limit keeps back', () => {
  const one = { pools: { default_pool: { slots: 1 } } };
  const first = (...found: readonly Contender[]) => ({
    change: ({ contenders }: Situation) => ({ contenders: [...found, ...contenders] }),
  });

  it('comes after those of other runs that come first', () => {
    expect(explain({ ...one, ...first(contender('x')) })).toMatchObject([
      {
        code: 'outranked',
        text: 'what it needs is free, but goes to what comes first: other.x in r',
        holders: ['other.x in r'],
      },
    ]);
  });

  it('has come where those before it need something else, or more than there is', () => {
    const codes = (found: Contender) => explain({ ...one, ...first(found) }).map(({ code }) => code);
    expect(codes(contender('x', { poolSlots: 2 }))).toEqual(['about_to_be_queued']);
    expect(codes(contender('x', { pool: 'missing' }))).toEqual(['about_to_be_queued']);
  });

  it('has come where those before it in its own run are held back', () => {
    const urgent = { ...scheduled, priorityWeight: 9 };
    const tasks = [taskSpec('a', { maxActiveTisPerDagrun: 1 }), taskSpec('b')];
    expect(explain({ ...one, tasks, states: { a: { ...urgent, poolSlots: 2 }, b: scheduled } })[0]?.code).toBe(
      'about_to_be_queued',
    );
    expect(explain({ ...one, tasks, states: { a: urgent, b: scheduled } })).toMatchObject([
      { code: 'outranked', holders: [`d.a in ${RUN}`] },
    ]);
  });
});

describe('the workers of a queued task', () => {
  const worker = (details: Component['details'] = { slots: 1, queues: ['default'] }, id = 'w') => component('worker', details, id);
  const say = (components: readonly Component[], holders: readonly SlotHolder[] = []) =>
    explain({ states: { b: queued }, components, change: () => ({ holders }) })[0];

  it('are alive until their lease ends, and serve its queue', () => {
    expect(say([lease(NOW, worker())])?.code).toBe('about_to_start');
    expect(say([lease(NOW - 1, worker())])?.code).toBe('no_worker');
    expect(say([worker({ slots: 1, queues: ['gpu'] })])).toMatchObject({
      code: 'no_worker',
      text: expect.stringContaining('(there are workers for: gpu); start one with "airflow-like worker --queues default"'),
    });
    const textOf = (...queues: readonly unknown[]) => say([worker({ slots: 1, queues })])?.text;
    expect(textOf('gpu', 7, 'big')).toContain('(there are workers for: big, gpu)');
    expect(say([worker({ slots: 1 })])).toMatchObject({
      code: 'no_worker',
      text: expect.stringContaining('(none runs)'),
    });
    expect(say([component('scheduler', { slots: 1, queues: ['default'] })])?.code).toBe('no_worker');
  });

  it('are busy with what they run, and only that', () => {
    const two = [worker(undefined, 'w1'), worker(undefined, 'w2')];
    const [x, y] = [holder('d', 'r', 'x', { workerId: 'w1' }), holder('d', 'r', 'y', { workerId: 'w2' })];
    const [elsewhere, nowhere] = [
      holder('d', 'r', 'z', { workerId: 'w3' }),
      holder('d', 'r', 'q', { state: 'queued', workerId: null }),
    ];
    expect(say(two, [x, elsewhere, nowhere])?.code).toBe('about_to_start');
    expect(say(two, [x, elsewhere, nowhere, y])).toMatchObject({
      code: 'workers_busy',
      text: 'the workers of the queue "default" have no free slot (2 of 2 taken): d.x in r, d.y in r',
      holders: ['d.x in r', 'd.y in r'],
    });
  });

  it('have no slots where they do not say how many', () => {
    expect(say([worker({ queues: ['default'] })])?.text).toBe(
      'the workers of the queue "default" have no free slot (0 of 0 taken): ',
    );
  });

  it('take it whatever became of its DAG and the scheduler', () => {
    const states = { b: queued };
    const schedule = { dagChanges: { isPaused: true, isRetired: true } };
    expect(explain({ states, schedule, components: [worker()] }).map(({ code }) => code)).toEqual(['about_to_start']);
  });
});
