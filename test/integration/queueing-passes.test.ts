/** Limits, priorities and lanes as they hold over many passes of the scheduler, in which tasks end and others take their slots. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_PLAN_OPTIONS } from '../../src/core/dag-run/plan-options.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../src/model/dag-spec.js';
import type { AttemptOutcome, Outcome } from '../../src/model/outcome.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import type { Assignment } from '../../src/model/workload.js';
import type { Executor } from '../../src/ports/executor.js';
import type { Store } from '../../src/ports/store.js';
import type { RunAdvancer } from '../../src/scheduler/advance-runs.js';
import { dagSpec, newRun, taskSpec } from '../support/dag-specs.js';
import { ACTOR, openStore, saveSpecs, schedulerOver, STORES } from '../vectors/state/stores.js';

const SUCCESS: Outcome = { kind: 'success', output: null };
const DAY = 86_400_000;
const SENSOR = {
  pokeIntervalMs: 1,
  timeoutMs: 1e9,
  softFail: false,
  silentFail: false,
  neverFail: false,
  exponentialBackoff: false,
  maxWaitMs: null,
} as const;

describe.each(STORES)('passes over the %s store', (name) => {
  let store: Store;
  let slots: number;
  let underWay: Map<string, Assignment>;
  /** Names of what was started, pass by pass. */
  let started: string[];
  let advancer: RunAdvancer;
  let now: number;

  beforeEach(async () => {
    store = await openStore(name);
    slots = 8;
    underWay = new Map();
    started = [];
    now = 1_000;
    const executor: Executor = {
      workerId: randomUUID(),
      slots,
      queues: ['default'],
      freeSlots: () => slots - underWay.size,
      start: (assignments) => {
        for (const assignment of assignments) {
          underWay.set(assignment.token, assignment);
          started.push(`${assignment.key.runId}/${assignment.key.taskId}`);
        }
      },
      cancel: () => undefined,
      running: () => [...underWay.keys()],
      onOutcome: () => undefined,
      stop: async () => undefined,
    };
    advancer = schedulerOver(store, executor, DEFAULT_PLAN_OPTIONS).advancer;
  });
  afterEach(() => store.close());

  async function runs(
    spec: DagSpec,
    count: number,
    patch: Partial<Parameters<typeof newRun>[2]> = {},
    prefix = 'r',
  ): Promise<DagRun[]> {
    const made: DagRun[] = [];
    for (let index = 0; index < count; index++) {
      const created = await store.runs.createRun(spec.dagId, newRun(`${prefix}${index}`, dateOf(prefix, index), patch), ACTOR, 0);
      if (!('run' in created)) throw new Error('it exists');
      made.push(created.run);
    }
    await advancer.claim(made.map(({ id, revision }) => ({ dagRunId: id, revision })));
    return made;
  }
  const dateOf = (prefix: string, index: number) => prefix.charCodeAt(0) * 1_000 * DAY + index * DAY;

  /** One pass, in which these attempts end. */
  async function pass(ended: readonly string[] = [], outcome: Outcome = SUCCESS): Promise<readonly string[]> {
    started = [];
    const outcomes = ended.map((token): AttemptOutcome => {
      const { dagRunId, taskInstanceId } = underWay.get(token)!;
      underWay.delete(token);
      return { token, dagRunId, taskInstanceId, outcome, endedAt: now };
    });
    await advancer.advance(outcomes, ++now);
    return [...started];
  }
  const tokens = () => [...underWay.keys()];
  const rowsOf = (run: DagRun): Promise<readonly TaskInstance[]> => store.runs.listTaskInstances([run.id]);
  const wide = (dagId: string, count: number, task: Partial<TaskSpec> = {}, patch: Partial<DagSpec> = {}): DagSpec =>
    dagSpec(dagId, { tasks: Array.from({ length: count }, (_, index) => taskSpec(`t${index}`, task)), ...patch });
  const pool = (poolName: string, size: number, includeDeferred = false) =>
    store.pools.save([{ name: poolName, slots: size, description: null, includeDeferred }], ACTOR, 0);

  it('pitfall 30: max_active_tasks holds for each run, not for the DAG', async () => {
    const spec = wide('d', 5, {}, { maxActiveTasks: 2 });
    await saveSpecs(store, [spec]);
    await runs(spec, 3);
    expect((await pass()).map((task) => task.split('/')[0]).sort()).toEqual(['r0', 'r0', 'r1', 'r1', 'r2', 'r2']);
    for (let round = 0; round < 6; round++) {
      await pass(tokens().slice(0, 2));
      for (const runId of ['r0', 'r1', 'r2']) {
        expect([...underWay.values()].filter(({ key }) => key.runId === runId).length).toBeLessThanOrEqual(2);
      }
    }
  });

  it('pitfall 31: what is queued counts like what runs', async () => {
    await pool('p', 3);
    const spec = wide('d', 6, { pool: 'p' });
    await saveSpecs(store, [spec]);
    const [run] = await runs(spec, 1);
    const queuing = schedulerOver(store, null, DEFAULT_PLAN_OPTIONS).advancer;
    await queuing.claim([{ dagRunId: run!.id, revision: run!.revision }]);
    for (let round = 0; round < 3; round++) await queuing.advance([], ++now);
    expect((await rowsOf(run!)).map(({ state }) => state).sort()).toEqual([
      ...Array(3).fill('queued'),
      ...Array(3).fill('scheduled'),
    ]);
    await advancer.claim([{ dagRunId: run!.id, revision: 0 }]);
    expect(await pass()).toEqual([]);
  });

  it('leaves what another queue is for to the workers of that queue, also where the scheduler starts tasks itself', async () => {
    const spec = dagSpec('d', { tasks: [taskSpec('here'), taskSpec('there', { queue: 'gpu' })] });
    await saveSpecs(store, [spec]);
    const [run] = await runs(spec, 1);
    expect(await pass()).toEqual(['r0/here']);
    expect(Object.fromEntries((await rowsOf(run!)).map(({ taskId, state }) => [taskId, state]))).toEqual({
      here: 'running',
      there: 'queued',
    });
    expect(await store.attempts.claimQueued(randomUUID(), ['default'], 9, now)).toEqual([]);
    const claimed = await store.attempts.claimQueued(randomUUID(), ['gpu'], 9, now);
    expect(claimed.map(({ key }) => key.taskId)).toEqual(['there']);
  });

  it('pitfall 34: what is more urgent is started first, and claimed first by workers', async () => {
    const weights = [3, 9, 1, 7, 5];
    const tasks = weights.map((priorityWeight, index) => taskSpec(`t${index}`, { priorityWeight }));
    const spec = dagSpec('d', { tasks });
    await saveSpecs(store, [spec]);
    await runs(spec, 1);
    slots = 2;
    expect(await pass()).toEqual(['r0/t1', 'r0/t3']);
    expect(await pass(tokens())).toEqual(['r0/t4', 'r0/t0']);

    const [other] = await runs(spec, 1, {}, 'w');
    const queuing = schedulerOver(store, null, DEFAULT_PLAN_OPTIONS).advancer;
    await queuing.claim([{ dagRunId: other!.id, revision: 0 }]);
    await queuing.advance([], ++now);
    const order: string[] = [];
    while (order.length < weights.length) {
      const claimed = await store.attempts.claimQueued('w', ['default'], 1, now);
      order.push(...claimed.map(({ key }) => key.taskId));
    }
    expect(order).toEqual(['t1', 't3', 't4', 't0', 't2']);
  });

  it('pitfall 35: an outcome of an attempt that is no longer current changes nothing', async () => {
    const spec = wide('d', 1, { retries: 3 });
    await saveSpecs(store, [spec]);
    const [run] = await runs(spec, 1);
    await pass();
    const [first] = tokens();
    const old = underWay.get(first!)!;
    await pass([first!], { kind: 'lost', reason: 'its worker died' });
    const [second] = tokens();
    expect(second).not.toBe(first);
    underWay.set(first!, old);
    await pass([first!], {
      kind: 'failed',
      error: { code: 'TASK_ERROR', name: 'E', message: 'late', stack: null },
      retryable: false,
    });
    expect((await rowsOf(run!))[0]).toMatchObject({ state: 'running', token: second, tryNumber: 1 });
  });

  it('pitfall 36: the end of an attempt that gave its slot back is no failure', async () => {
    const spec = dagSpec('d', {
      tasks: [
        taskSpec('a', {
          sensor: { ...SENSOR, mode: 'reschedule' },
        }),
      ],
    });
    await saveSpecs(store, [spec]);
    const [run] = await runs(spec, 1);
    await pass();
    const [first] = tokens();
    const old = underWay.get(first!)!;
    await pass([first!], { kind: 'reschedule', at: now + DAY });
    underWay.set(first!, old);
    await pass([first!]);
    expect((await rowsOf(run!))[0]).toMatchObject({ state: 'up_for_reschedule', tryNumber: 1 });
  });

  it('pitfall 37: an attempt that is lost again and again is dispatched three times more, and then fails in spite of retries', async () => {
    const spec = wide('d', 1, { retries: 5 });
    await saveSpecs(store, [spec]);
    const [run] = await runs(spec, 1);
    await pass();
    for (let loss = 1; loss <= 3; loss++) {
      await pass(tokens(), { kind: 'lost', reason: 'stuck in the queue' });
      expect((await rowsOf(run!))[0]).toMatchObject({ state: 'running', tryNumber: 1, lostDispatches: loss });
    }
    await pass(tokens(), { kind: 'lost', reason: 'stuck in the queue' });
    expect((await rowsOf(run!))[0]).toMatchObject({ state: 'failed', tryNumber: 1 });
  });

  it('keeps a limit of a task over all runs while slots are handed on from task to task', async () => {
    const tasks = [
      taskSpec('few', { maxActiveTisPerDag: 2, priorityWeight: 9 }),
      ...Array.from({ length: 4 }, (_, i) => taskSpec(`t${i}`)),
    ];
    const spec = dagSpec('d', { tasks });
    await saveSpecs(store, [spec]);
    await runs(spec, 8);
    await pass();
    let seen = 0;
    for (let round = 0; round < 30 && underWay.size > 0; round++) {
      const few = [...underWay.values()].filter(({ key }) => key.taskId === 'few').length;
      expect(few).toBeLessThanOrEqual(2);
      seen = Math.max(seen, few);
      await pass(tokens().slice(0, 3));
    }
    expect([seen, underWay.size]).toEqual([2, 0]);
  });

  it('counts deferred tasks of a limited task, and the slots that they keep in a pool that says so', async () => {
    await pool('keeps', 2, true);
    await pool('gives', 2);
    const [keeps, gives] = [wide('keeps', 4, { pool: 'keeps' }), wide('gives', 4, { pool: 'gives' })];
    const few = wide('few', 1, { maxActiveTisPerDag: 2 });
    await saveSpecs(store, [keeps, gives, few]);
    await runs(keeps, 1);
    await runs(gives, 1, {}, 's');
    await runs(few, 3, {}, 't');
    const count = (names: readonly string[], runId: string) => names.filter((task) => task.startsWith(runId)).length;
    const first = await pass();
    expect([count(first, 'r'), count(first, 's'), count(first, 't')]).toEqual([2, 2, 2]);
    const second = await pass(tokens(), { kind: 'defer', deferral: { wait: 1 }, timeoutAt: null });
    const third = await pass();
    expect([count([...second, ...third], 'r'), count([...second, ...third], 's'), count([...second, ...third], 't')]).toEqual([
      0, 2, 0,
    ]);
  });

  it('empties a pool that was narrowed, although its slots are handed on from task to task', async () => {
    await pool('p', 6);
    const spec = wide('d', 40, { pool: 'p' }, { maxActiveTasks: 99 });
    await saveSpecs(store, [spec]);
    await runs(spec, 1);
    expect(await pass()).toHaveLength(6);
    await pass(tokens().slice(0, 2));
    await pool('p', 2);
    advancer.reconsider();
    for (let round = 0; round < 3; round++) await pass(tokens().slice(0, 2));
    expect(underWay.size).toBeLessThanOrEqual(2);
    for (let round = 0; round < 5; round++) {
      await pass(tokens().slice(0, 1));
      await pass();
      expect(underWay.size).toBe(2);
    }
  });

  it('queues nothing of a paused DAG, and goes on when it is unpaused', async () => {
    const [paused, other] = [wide('p', 2, { priorityWeight: 9 }), wide('q', 1)];
    await saveSpecs(store, [paused, other]);
    await runs(paused, 1);
    await runs(other, 1, {}, 's');
    await store.catalog.setPaused(['p'], true, 'maintenance', ACTOR, now);
    expect(await pass()).toEqual(['s0/t0']);
    expect(await pass(tokens())).toEqual([]);
    await store.catalog.setPaused(['p'], false, null, ACTOR, now);
    advancer.reconsider();
    expect(await pass()).toEqual(['r0/t0', 'r0/t1']);
  });

  describe('the fair lane', () => {
    const backfill = async (spec: DagSpec, count: number): Promise<void> => {
      const given = Array.from({ length: count }, (_, index) =>
        newRun(`b${index}`, dateOf('b', index), { runType: 'backfill', triggeredBy: 'backfill', state: 'running' }),
      );
      const stored = await store.backfills.create(
        {
          dagId: spec.dagId,
          fromDate: 0,
          toDate: DAY,
          maxActiveRuns: 99,
          conf: {},
          reprocessBehavior: 'none',
          runBackwards: false,
          isPaused: false,
          expectedRuns: count,
          isCancelled: false,
          runOnLatestVersion: true,
        },
        given,
        ACTOR,
        0,
      );
      if (typeof stored === 'string') throw new Error(stored);
      const made = await store.runs.listRuns({ backfillId: stored.id });
      await advancer.claim(made.map(({ id, revision }) => ({ dagRunId: id, revision })));
    };
    const lanes = (names: readonly string[]) => [
      names.filter((task) => task.startsWith('r')).length,
      names.filter((task) => task.startsWith('b')).length,
    ];

    it('gives a backfill half of the free slots while other runs wait, heavier or not', async () => {
      const spec = wide('d', 10, {}, { maxActiveTasks: 99 });
      await saveSpecs(store, [spec]);
      await runs(spec, 3);
      await backfill(spec, 3);
      expect(lanes(await pass())).toEqual([4, 4]);
      expect(lanes(await pass(tokens()))).toEqual([4, 4]);
      // One slot at a time: every second one.
      const names: string[] = [];
      for (let round = 0; round < 6; round++) names.push(...(await pass(tokens().slice(0, 1))));
      expect(lanes(names)).toEqual([3, 3]);
    });

    it('gives it all slots that nobody else wants', async () => {
      const spec = wide('d', 10, {}, { maxActiveTasks: 99 });
      await saveSpecs(store, [spec]);
      const [run] = await runs(wide('d', 10), 1);
      await backfill(spec, 3);
      const all: string[] = [...(await pass())];
      for (let round = 0; round < 4; round++) all.push(...(await pass(tokens())));
      expect(lanes(all)).toEqual([10, 30]);
      expect((await store.runs.getRun(run!.id))!.state).toBe('success');
    });
  });
});
