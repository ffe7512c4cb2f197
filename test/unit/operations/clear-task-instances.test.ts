import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { clearTaskInstances, type ClearRequest } from '../../../src/operations/clear-task-instances.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import { taskSpec } from '../core/factories.js';
import { createWorld, DAY_MS, failure, SALES, type World } from './world.js';

const DATES = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)] as const;

let world: World;
let runs: readonly DagRun[];

/** Three ended runs: the second failed in extract, so that load has not run. */
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
  const created: DagRun[] = [];
  for (const [day, logicalDate] of DATES.entries()) {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: `day${day}`, logicalDate });
    await world.finish(
      run.id,
      day === 1 ? { extract: 'failed', clean: 'success' } : { extract: 'success', load: 'success', clean: 'success' },
    );
    created.push(run);
  }
  runs = created;
  world.hints.length = 0;
});

const states = async (run: DagRun): Promise<Record<string, string>> =>
  Object.fromEntries((await world.store.runs.listTaskInstances([run.id])).map(({ taskId, state }) => [taskId, state]));
const clear = async (request: Omit<ClearRequest, 'dagId'>): Promise<string[]> =>
  (await clearTaskInstances(world, { dagId: 'sales', ...request }))
    .map(({ runId, taskId, state }) => `${runId}.${taskId}:${state}`)
    .sort();

describe('clearTaskInstances', () => {
  it.each<[what: string, request: Omit<ClearRequest, 'dagId'>, cleared: readonly string[]]>([
    [
      'everything that has run, in every run',
      {},
      ['day0.clean:success', 'day0.extract:success', 'day0.load:success', 'day1.clean:success', 'day1.extract:failed'].concat([
        'day2.clean:success',
        'day2.extract:success',
        'day2.load:success',
      ]),
    ],
    ['one run', { runIds: ['day1'] }, ['day1.clean:success', 'day1.extract:failed']],
    ['only failed ones', { onlyFailed: true }, ['day1.extract:failed']],
    ['tasks by id, nothing that only looks alike', { taskIds: ['load', 'cle'] }, ['day0.load:success', 'day2.load:success']],
    ['no task', { taskIds: [] }, []],
    ['tasks by expression', { taskRegex: '^cl', runIds: ['day0'] }, ['day0.clean:success']],
    [
      'with what comes after',
      { taskIds: ['extract'], downstream: true, runIds: ['day0'] },
      ['day0.extract:success', 'day0.load:success'],
    ],
    [
      'with what comes before',
      { taskIds: ['load'], upstream: true, runIds: ['day0'] },
      ['day0.extract:success', 'day0.load:success'],
    ],
    ['from a date on', { from: DATES[1], taskIds: ['clean'] }, ['day1.clean:success', 'day2.clean:success']],
    [
      'within dates, both inclusive',
      { from: DATES[0], to: DATES[1], taskIds: ['clean'] },
      ['day0.clean:success', 'day1.clean:success'],
    ],
    ['within dates that hold no run', { from: DATES[2] + DAY_MS }, []],
    ['running ones, of which there are none', { onlyRunning: true }, []],
  ])('clears %s; a dry run says the same and changes nothing', async (_what, request, expected) => {
    const before = await Promise.all(runs.map(states));
    expect(await clear({ ...request, dryRun: true })).toEqual(expected);
    expect(await Promise.all(runs.map(states))).toEqual(before);
    expect(world.hints).toEqual([]);

    expect(await clear(request)).toEqual(expected);
    for (const [index, run] of runs.entries()) {
      const mine = expected.filter((text) => text.startsWith(run.runId));
      const after = Object.fromEntries(
        Object.entries(before[index]!).map(([id, state]) => [id, mine.includes(`${run.runId}.${id}:${state}`) ? 'none' : state]),
      );
      expect(await states(run)).toEqual(after);
      const stored = (await world.store.runs.getRun(run.id))!;
      expect([stored.state, stored.clearNumber]).toEqual(mine.length > 0 ? ['queued', 1] : [index === 1 ? 'failed' : 'success', 0]);
    }
    expect(world.hints).toEqual(expected.length > 0 ? ['cancel', 'runs'] : []);
    expect(await clear(request)).toEqual([]); // nothing is left to clear
  });

  it('gives all retries again, and revokes attempts under way', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: 'live' });
    await world.finish(run.id, { extract: 'running' });
    const [extract] = (await world.store.runs.listTaskInstances([run.id])).filter(({ taskId }) => taskId === 'extract');
    const token = extract!.token!;
    expect(await world.store.attempts.findRevoked([token])).toEqual([]);
    expect(await clear({ runIds: ['live'], onlyRunning: true })).toEqual(['live.extract:running']);
    expect(await world.store.attempts.findRevoked([token])).toEqual([token]);
    const after = (await world.store.runs.listTaskInstances([run.id])).find(({ id }) => id === extract!.id)!;
    expect(after).toMatchObject({ state: 'none', token: null, tryNumber: 1, maxTries: 4 });
    expect((await world.store.runs.getRun(run.id))!.state).toBe('running');
  });

  it('goes on with the newest code, unless told otherwise or the tasks have changed', async () => {
    const versionOf = async (run: DagRun) => (await world.store.runs.getRun(run.id))!.versionId;
    const first = await versionOf(runs[0]!);
    await world.register({ ...SALES, tasks: SALES.tasks.map((task) => ({ ...task, doc: 'mended' })) });
    const second = (await world.store.catalog.getDag('sales'))!.dag.currentVersionId;
    expect(second).not.toBe(first);
    await clear({ runIds: ['day0'], version: 'same' });
    await clear({ runIds: ['day1'] });
    expect([await versionOf(runs[0]!), await versionOf(runs[1]!)]).toEqual([first, second]);
    await world.register({ ...SALES, tasks: [...SALES.tasks, taskSpec('more')] });
    await clear({ runIds: ['day2'] });
    expect(await versionOf(runs[2]!)).toBe(first);
  });

  it('plans a run again that changed while it was cleared', async () => {
    const { scheduling } = world.store;
    let loads = 0;
    const store = {
      ...world.store,
      scheduling: {
        ...scheduling,
        loadSnapshots: async (ids: readonly number[]) => {
          const snapshots = await scheduling.loadSnapshots(ids);
          if (loads++ === 0) await clearTaskInstances(world, { dagId: 'sales', runIds: ['day1'], taskIds: ['clean'] });
          return snapshots;
        },
      },
    };
    const cleared = await clearTaskInstances({ ...world, store }, { dagId: 'sales', taskIds: ['extract', 'clean'] });
    expect(loads).toBe(2);
    // What somebody else cleared in between is not claimed as ours.
    expect(cleared.map(({ runId, taskId }) => `${runId}.${taskId}`).sort()).toEqual([
      'day0.clean',
      'day0.extract',
      'day1.extract',
      'day2.clean',
      'day2.extract',
    ]);
    expect((await world.store.runs.getRun(runs[1]!.id))!.clearNumber).toBe(2);
  });

  it('gives up when a run changes at every attempt', async () => {
    const commit = async () => ({ staleRuns: [runs[1]!.id], staleTaskInstances: [], revisions: new Map(), inserted: [] });
    const store = { ...world.store, scheduling: { ...world.store.scheduling, commit } };
    const error = await failure(() => clearTaskInstances({ ...world, store }, { dagId: 'sales', runIds: ['day1'] }));
    expect(error.message).toMatch(/^STATE_CONFLICT: DAG sales: 1 runs changed at every attempt/);
  });

  it.each<[what: string, request: Partial<ClearRequest>, message: RegExp]>([
    ['an unknown DAG', { dagId: 'sale' }, /^NOT_FOUND: .*did you mean sales\?/],
    [
      'an unknown run',
      { runIds: ['day0', 'day9'] },
      /^NOT_FOUND: DAG sales: it has no run with this id, got "day9"; did you mean day\d\?/,
    ],
    ['dates in the wrong order', { from: DATES[1], to: DATES[0] }, /^DATE_ORDER: from: it is 2026-01-02/],
    ['a bad expression', { taskRegex: '(' }, /^VALUE_TYPE: taskRegex: .*got "\("/],
  ])('refuses %s and changes nothing', async (_what, request, message) => {
    const before = await Promise.all(runs.map(states));
    expect((await failure(() => clearTaskInstances(world, { dagId: 'sales', ...request }))).message).toMatch(message);
    expect(await Promise.all(runs.map(states))).toEqual(before);
  });
});
