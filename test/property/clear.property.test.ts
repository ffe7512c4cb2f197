/** What a clear selects, over random graphs; and that no attempt that was taken away ever writes again, over random lives of a run. */
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import fc from '../support/fast-check.js';
import { planRun } from '../../src/core/dag-run/plan-run.js';
import { RunView } from '../../src/core/dag-run/run-view.js';
import { queueInstance, startInstance } from '../../src/core/queueing/dispatch.js';
import { selectForClear } from '../../src/core/task-instance/select-instances.js';
import { settleChange } from '../../src/core/task-instance/settle-attempt.js';
import type { DagSpec, TaskSpec } from '../../src/model/dag-spec.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import { FINISHED_RUN_STATES } from '../../src/model/states.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import { clearTaskInstances } from '../../src/operations/clear-task-instances.js';
import { markDagRuns } from '../../src/operations/mark-dag-runs.js';
import { markTaskInstances } from '../../src/operations/mark-task-instances.js';
import type { OperationDeps } from '../../src/operations/operation-deps.js';
import { createMemoryEventBus, createMemoryStore } from '../../src/store/memory/index.js';
import { newRun, parsedFile } from '../support/dag-specs.js';
import { dagSpec, SCHEDULER, taskInstance, taskSpec, USER } from '../unit/core/factories.js';

const ROLES = ['task', 'task', 'setup', 'teardown'] as const;

/** Tasks t0, t1...; an edge leads from a lower number to a higher one. */
const anyGraph = (withSetups: boolean) =>
  fc
    .array(
      fc.record({
        role: withSetups ? fc.constantFrom(...ROLES) : fc.constant('task' as const),
        parents: fc.array(fc.nat(30), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((tasks) =>
      dagSpec(
        tasks.map(({ role, parents }, index) => {
          const upstream = index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))].sort();
          return taskSpec(`t${index}`, { role, upstream, retries: index % 2 });
        }),
      ),
    );

const rowsOf = ({ tasks }: DagSpec): readonly TaskInstance[] => tasks.map(({ taskId }, index) => taskInstance(index + 1, taskId));

const select = (spec: DagSpec, taskIds: Iterable<string>, relatives: { upstream?: boolean; downstream?: boolean }): Set<string> => {
  const tasks = [...taskIds].map((taskId) => ({ taskId, mapIndexes: null }));
  return new Set(selectForClear(spec, rowsOf(spec), { tasks, ...relatives }).map(({ taskId }) => taskId));
};

/** Everything that leads to `taskId`: a second way to say it, by looking at every task again until nothing is new. */
function ancestors(spec: DagSpec, taskId: string): Set<string> {
  const found = new Set<string>();
  const parentsOf = (id: string): readonly string[] => spec.tasks.find((task) => task.taskId === id)!.upstream;
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const id of [taskId, ...found]) for (const parent of parentsOf(id)) found.add(parent);
  }
  return found;
}

const descendants = (spec: DagSpec, taskId: string): Set<string> =>
  new Set(spec.tasks.map((task) => task.taskId).filter((other) => ancestors(spec, other).has(taskId)));

const anySeeds = fc.array(fc.nat(30), { minLength: 1, maxLength: 3 });
const seedsIn = ({ tasks }: DagSpec, picks: readonly number[]): string[] => picks.map((pick) => tasks[pick % tasks.length]!.taskId);

describe('what a clear selects', () => {
  it('is exactly the tasks named and what lies before or after, where there are no setups; doing it again adds nothing', () => {
    fc.assert(
      fc.property(anyGraph(false), anySeeds, fc.constantFrom('upstream', 'downstream'), (spec, picks, direction) => {
        const seeds = seedsIn(spec, picks);
        const chosen = select(spec, seeds, { [direction]: true });
        const relatives = direction === 'upstream' ? ancestors : descendants;
        expect([...chosen].sort()).toEqual([...new Set([...seeds, ...seeds.flatMap((seed) => [...relatives(spec, seed)])])].sort());
        expect(select(spec, chosen, { [direction]: true })).toEqual(chosen);
      }),
      { numRuns: 200 },
    );
  });

  it('holds with every work task the setups that it runs inside of, and their teardowns', () => {
    fc.assert(
      fc.property(anyGraph(true), anySeeds, fc.boolean(), fc.boolean(), (spec, picks, upstream, downstream) => {
        const seeds = seedsIn(spec, picks);
        const chosen = select(spec, seeds, { upstream, downstream });
        const byId = new Map(spec.tasks.map((task) => [task.taskId, task]));
        const teardowns = (setup: string): string[] =>
          spec.tasks
            .filter(({ role, upstream: parents }) => role === 'teardown' && parents.includes(setup))
            .map(({ taskId }) => taskId);
        const isWork = (task: TaskSpec | undefined): boolean => task?.role === 'task';
        for (const taskId of [...chosen].filter((id) => isWork(byId.get(id)))) {
          const below = descendants(spec, taskId);
          for (const setup of ancestors(spec, taskId)) {
            if (byId.get(setup)?.role !== 'setup') continue;
            const own = teardowns(setup);
            if (own.length > 0 && !own.some((teardown) => below.has(teardown))) continue;
            expect([...chosen]).toEqual(expect.arrayContaining([setup, ...own]));
          }
        }
        for (const seed of seeds) {
          if (byId.get(seed)?.role === 'setup') expect([...chosen]).toEqual(expect.arrayContaining(teardowns(seed)));
          if (upstream) expect([...chosen]).toEqual(expect.arrayContaining([...ancestors(spec, seed)]));
          if (downstream) expect([...chosen]).toEqual(expect.arrayContaining([...descendants(spec, seed)]));
        }
        if (!upstream && !downstream) expect(select(spec, chosen, {})).toEqual(chosen);
      }),
      { numRuns: 200 },
    );
  });
});

type Step = {
  readonly kind: 'schedule' | 'settle' | 'late' | 'clear' | 'mark' | 'markRun';
  readonly pick: number;
  readonly good: boolean;
};

const anyLife: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('schedule', 'schedule', 'settle', 'settle', 'late', 'clear', 'mark', 'markRun'),
    pick: fc.nat(1_000),
    good: fc.boolean(),
  }),
  { minLength: 5, maxLength: 40 },
);

describe('a run that people clear and mark while it runs', () => {
  it('never hears of an attempt that was taken away, never counts back, and ends once people let it', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph(true), anyLife, async (graph, life) => {
        const world = await liveRun({ ...graph, dagId: 'live', file: 'live.ts' });
        for (const step of life) await world.take(step);
        await world.letItEnd();
      }),
      { numRuns: 60 },
    );
  });
});

async function liveRun(spec: DagSpec) {
  let now = 0;
  const store = createMemoryStore({ now: () => now, sleep: async () => undefined });
  const deps: OperationDeps = { store, bus: createMemoryEventBus(), clock: { now: () => now, sleep: async () => {} }, actor: USER };
  await store.catalog.saveFiles([parsedFile(spec.file, [spec])], 0);
  const created = await store.runs.createRun('live', newRun('r', null, { runType: 'manual', state: 'running' }), USER, 0);
  if (!('run' in created)) throw new Error('the run exists');
  const dagRunId = created.run.id;
  /** Running rows as a worker knows them, with the token that it was given; taken away or not. */
  const held: TaskInstance[] = [];
  const tries = new Map<number, number>();
  const rows = () => store.runs.listTaskInstances([dagRunId]);
  const run = async () => (await store.runs.getRun(dagRunId))!;

  async function schedule(): Promise<void> {
    if ((await run()).state === 'queued') {
      await store.scheduling.planDueDags(now, 10, ({ queuedRuns }) => ({
        createRuns: [],
        startRuns: queuedRuns.map(({ id }) => id),
        nextRun: null,
        checkAt: null,
      }));
    }
    const [snapshot] = await store.scheduling.loadSnapshots([dagRunId]);
    const view = RunView.from(snapshot!);
    planRun(view, now);
    for (const { id } of [...view.ready()]) {
      queueInstance(view, id, randomUUID(), now);
      held.push(startInstance(view, id, 'w', now));
    }
    const commit = view.drain(SCHEDULER, null);
    if (commit) expect((await store.scheduling.commit([commit], now)).staleTaskInstances).toEqual([]);
  }

  let outcomes = 0;
  const values = () => store.attempts.readXComs(spec.tasks.map(({ taskId }) => ({ dagRunId, taskId, key: 'return_value' })));

  async function settle(instance: TaskInstance, good: boolean): Promise<void> {
    const valuesBefore = await values();
    const before = (await rows()).find(({ id }) => id === instance.id)!;
    const task = spec.tasks.find(({ taskId }) => taskId === instance.taskId)!;
    const error = { code: 'TASK_ERROR', name: 'Error', message: 'no', stack: null };
    const outcome = good
      ? ({ kind: 'success', output: { value: ++outcomes, length: -1 } } as const)
      : ({ kind: 'failed', error, retryable: true } as const);
    const settled = settleChange(instance, task, { ...(await run()) }, outcome, now, now);
    const result = await store.scheduling.commit(
      [
        {
          dagRunId,
          dagId: 'live',
          expectedRevision: null,
          run: null,
          planAt: now,
          changes: [settled],
          insertions: [],
          wakeNextRun: false,
          actor: SCHEDULER,
        },
      ],
      now,
    );
    const wasRevoked = before.token !== instance.token;
    expect(result.staleTaskInstances).toEqual(wasRevoked ? [instance.id] : []);
    if (!wasRevoked) return;
    expect((await rows()).find(({ id }) => id === instance.id)).toEqual(before);
    expect(await values()).toEqual(valuesBefore);
    expect(await store.attempts.pushXCom(instance.token!, 'late', 1)).toBe(false);
  }

  async function person(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      // Nothing to do is an answer.
      if (!isAirflowLikeError(error) || error.code !== 'STATE_CONFLICT') throw error;
    }
  }

  async function check(): Promise<void> {
    for (const row of await rows()) {
      expect(row.tryNumber).toBeGreaterThanOrEqual(tries.get(row.id) ?? 0);
      tries.set(row.id, row.tryNumber);
      const live = (await store.attempts.findRevoked(held.filter(({ id }) => id === row.id).map(({ token }) => token!))).length;
      expect(held.filter(({ id }) => id === row.id).length - live).toBeLessThanOrEqual(1);
      expect(row.token !== null).toBe(row.state === 'queued' || row.state === 'running');
    }
  }

  return {
    async take({ kind, pick, good }: Step): Promise<void> {
      now += 1_000;
      const task = spec.tasks[pick % spec.tasks.length]!;
      const tasks = [{ taskId: task.taskId, mapIndexes: null }];
      const flags = { upstream: pick % 3 === 0, downstream: pick % 5 === 0 };
      const wish = { dagId: 'live', runId: 'r', taskId: task.taskId, ...flags };
      const some = held[pick % Math.max(1, held.length)];
      switch (kind) {
        case 'schedule':
          await schedule();
          break;
        case 'settle':
        case 'late':
          if (some) await settle(some, good);
          break;
        case 'clear':
          await person(() => clearTaskInstances(deps, { dagId: 'live', runIds: ['r'], tasks, ...flags, onlyFailed: !good }));
          break;
        case 'mark':
          await person(() => markTaskInstances(deps, { ...wish, state: (['success', 'failed', 'skipped'] as const)[pick % 3]! }));
          break;
        case 'markRun':
          await person(() =>
            markDagRuns(deps, { dagId: 'live', runIds: ['r'], state: (['success', 'failed', 'queued'] as const)[pick % 3]! }),
          );
      }
      await check();
    },
    async letItEnd(): Promise<void> {
      for (let round = 0; round < 60; round++) {
        now += 10 * 86_400_000;
        await schedule();
        for (const row of await rows())
          if (row.state === 'running')
            await settle(
              held.findLast(({ id }) => id === row.id)!,
              true,
            );
        if (FINISHED_RUN_STATES.has((await run()).state)) break;
      }
      expect(FINISHED_RUN_STATES.has((await run()).state)).toBe(true);
    },
  };
}
