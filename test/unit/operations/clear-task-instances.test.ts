import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { clearTaskInstances, type ClearRequest } from '../../../src/operations/clear-task-instances.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import type { TaskSpec } from '../../../src/model/dag-spec.js';
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
/** What a dry run answers, for whoever has seen it. */
const tokenOf = async (request: Omit<ClearRequest, 'dagId'>): Promise<string> =>
  (await clearTaskInstances(world, { dagId: 'sales', ...request, dryRun: true })).token;
const chosen = (...taskIds: readonly string[]) => taskIds.map((taskId) => ({ taskId, mapIndexes: null }));
const clear = async (request: Omit<ClearRequest, 'dagId'>): Promise<string[]> =>
  (await clearTaskInstances(world, { dagId: 'sales', token: await tokenOf(request), ...request })).instances
    .filter(({ effect }) => effect === 'clear')
    .map(({ runId, taskId, state }) => `${runId}.${taskId}:${state}`)
    .sort();

describe('clearTaskInstances', () => {
  it.each<[what: string, request: Omit<ClearRequest, 'dagId'>, cleared: readonly string[]]>([
    [
      'everything, in every run',
      {},
      ['day0.clean:success', 'day0.extract:success', 'day0.load:success', 'day1.clean:success', 'day1.extract:failed'].concat([
        'day1.load:none',
        'day2.clean:success',
        'day2.extract:success',
        'day2.load:success',
      ]),
    ],
    ['one run', { runIds: ['day1'] }, ['day1.clean:success', 'day1.extract:failed', 'day1.load:none']],
    ['a run named by its date', { runIds: ['2026-01-02T00:00:00Z'], onlyFailed: true }, ['day1.extract:failed']],
    ['only failed ones', { onlyFailed: true }, ['day1.extract:failed']],
    ['tasks by id', { tasks: chosen('load') }, ['day0.load:success', 'day1.load:none', 'day2.load:success']],
    ['no task', { tasks: [] }, []],
    ['tasks by expression', { taskRegex: '^cl', runIds: ['day0'] }, ['day0.clean:success']],
    [
      'with what comes after',
      { tasks: chosen('extract'), downstream: true, runIds: ['day0'] },
      ['day0.extract:success', 'day0.load:success'],
    ],
    [
      'with what comes before',
      { tasks: chosen('load'), upstream: true, runIds: ['day0'] },
      ['day0.extract:success', 'day0.load:success'],
    ],
    ['from a date on', { from: DATES[1], tasks: chosen('clean') }, ['day1.clean:success', 'day2.clean:success']],
    [
      'within dates, both inclusive',
      { from: DATES[0], to: DATES[1], tasks: chosen('clean') },
      ['day0.clean:success', 'day1.clean:success'],
    ],
    ['within dates that hold no run', { from: DATES[2] + DAY_MS }, []],
    [
      'in the past of a run',
      { runIds: ['day1'], past: true, tasks: chosen('clean') },
      ['day0.clean:success', 'day1.clean:success'],
    ],
    [
      'in the future of a run',
      { runIds: ['day1'], future: true, tasks: chosen('clean') },
      ['day1.clean:success', 'day2.clean:success'],
    ],
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
  });

  it('clears all runs, also those without a logical date, for past and future together', async () => {
    await triggerDagRun(world, { dagId: 'sales', runId: 'undated' });
    expect(await clear({ runIds: ['day1'], past: true, future: true, tasks: chosen('clean'), dryRun: true })).toEqual([
      'day0.clean:success',
      'day1.clean:success',
      'day2.clean:success',
      'undated.clean:none',
    ]);
    const error = await failure(() => clear({ runIds: ['undated'], past: true }));
    expect(error.message).toMatch(/^REQUEST_INVALID: past: run undated has no logical date/);
  });

  it('leaves finished runs finished when told so', async () => {
    expect(await clear({ runIds: ['day0'], tasks: chosen('load'), resetRuns: false })).toEqual(['day0.load:success']);
    expect(await world.store.runs.getRun(runs[0]!.id)).toMatchObject({ state: 'success', clearNumber: 0 });
    expect((await states(runs[0]!))['load']).toBe('none');
  });

  it('refuses to stop a running one when told so', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: 'live' });
    await world.finish(run.id, { extract: 'running', clean: 'success' });
    const error = await failure(() => clear({ runIds: ['live'], preventRunning: true }));
    expect(error.message).toMatch(/^STATE_CONFLICT: run live: task extract is running/);
    expect(await clear({ runIds: ['live'], tasks: chosen('clean'), preventRunning: true })).toEqual(['live.clean:success']);
    const shown = await clear({ runIds: ['live'], tasks: chosen('extract'), preventRunning: true, dryRun: true });
    expect(shown).toEqual(['live.extract:running']);
  });

  it('B52: does nothing wide that nobody has seen, and what was seen only as long as it is so', async () => {
    const all = () => clearTaskInstances(world, { dagId: 'sales' });
    const error = await failure(all);
    expect(error.message).toMatch(
      /^CLEAR_TOO_WIDE: DAG sales: this would clear 9 task instances of 3 runs, everything that the DAG ever did: narrow/,
    );
    expect(error.definition.httpStatus).toBe(422);
    const { token } = await clearTaskInstances(world, { dagId: 'sales', dryRun: true });
    await triggerDagRun(world, { dagId: 'sales', runId: 'another' });
    const changed = await failure(() => clearTaskInstances(world, { dagId: 'sales', token }));
    expect(changed.message).toMatch(/^STATE_CONFLICT: token: what would be cleared is no longer/);
    expect((await states(runs[0]!))['load']).toBe('success');
  });

  it('B52: commits more than one transaction takes in several, whole runs at a time, and repeats only a part that was stale', async () => {
    for (let day = 10; day < 210; day++) {
      await triggerDagRun(world, { dagId: 'sales', runId: `day${day}`, logicalDate: DATES[0] + day * DAY_MS });
    }
    const { scheduling } = world.store;
    const commits: number[] = [];
    const commitAll: typeof scheduling.commitAll = async (all, now) => {
      commits.push(all.length);
      return commits.length === 2 ? false : scheduling.commitAll(all, now);
    };
    const deps = { ...world, store: { ...world.store, scheduling: { ...scheduling, commitAll } } };
    const request = { dagId: 'sales', from: DATES[0] };
    const limits = { unseen: 1_000, atomic: 50 };
    const { instances, runs: touched } = await clearTaskInstances(deps, request, limits);
    expect([instances.length, touched]).toEqual([609, 203]);
    expect(commits).toEqual([10, 193, 193]);
    for (const run of await world.store.runs.listRuns({ dagId: 'sales' })) expect(run.clearNumber).toBe(1);
    const wide = await failure(() => clearTaskInstances(deps, request, { unseen: 600, atomic: 50 }));
    expect(wide.message).toMatch(/^CLEAR_TOO_WIDE: .* 609 task instances of 203 runs: narrow/);
    expect(commits).toHaveLength(3);
  });

  it('commits all runs of a request together, or none', async () => {
    const commits: number[] = [];
    const { scheduling } = world.store;
    const commitAll: typeof scheduling.commitAll = (all, now) => (commits.push(all.length), scheduling.commitAll(all, now));
    const store = { ...world.store, scheduling: { ...scheduling, commitAll } };
    const deps = { ...world, store };
    await clearTaskInstances(deps, { dagId: 'sales', from: DATES[0] });
    expect(commits).toEqual([3]);
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

  it('pitfall 60: a cleared run keeps the version it had, unless asked for the newest', async () => {
    const versionOf = async (run: DagRun) => (await world.store.runs.getRun(run.id))!.versionId;
    const first = await versionOf(runs[0]!);
    await world.register({ ...SALES, tasks: SALES.tasks.map((task) => ({ ...task, doc: 'mended' })) });
    const second = (await world.store.catalog.getDag('sales'))!.dag.currentVersionId;
    expect(second).not.toBe(first);
    const kept = await clearTaskInstances(world, { dagId: 'sales', runIds: ['day0'] });
    const moved = await clearTaskInstances(world, { dagId: 'sales', runIds: ['day1'], version: 'latest' });
    expect([kept.runsOnOldVersion, moved.runsOnOldVersion]).toEqual([1, 0]);
    expect([await versionOf(runs[0]!), await versionOf(runs[1]!)]).toEqual([first, second]);
  });

  it('names what the newest version removes and adds, and what comes back with it', async () => {
    const [extract, load, clean] = SALES.tasks as [TaskSpec, TaskSpec, TaskSpec];
    await world.register({
      ...SALES,
      tasks: [extract, { ...load, pool: 'wide', retries: 4 }, taskSpec('more', { upstream: ['load'] })],
    });
    const { instances } = await clearTaskInstances(world, {
      dagId: 'sales',
      runIds: ['day0'],
      tasks: chosen('load'),
      version: 'latest',
    });
    expect(instances.map(({ effect, taskId, state }) => `${effect} ${taskId} ${state}`)).toEqual([
      'clear load success',
      'remove clean success',
      'add more none',
    ]);
    expect(await states(runs[0]!)).toEqual({ extract: 'success', load: 'none', clean: 'removed', more: 'none' });
    const rows = await world.store.runs.listTaskInstances([runs[0]!.id]);
    expect(rows.find(({ taskId }) => taskId === 'load')).toMatchObject({ pool: 'wide', maxTries: 6 });

    await world.register({ ...SALES, tasks: [extract, load, { ...clean, doc: 'back' }] });
    const back = await clearTaskInstances(world, { dagId: 'sales', runIds: ['day0'], tasks: chosen('load'), version: 'latest' });
    expect(back.instances.map(({ effect, taskId }) => `${effect} ${taskId}`)).toEqual([
      'clear load',
      'remove more',
      'restore clean',
    ]);
    expect(await states(runs[0]!)).toEqual({ extract: 'success', load: 'none', clean: 'none', more: 'removed' });
  });

  it('B52: names a task that was removed from all runs that are meant', async () => {
    await world.register({ ...SALES, tasks: SALES.tasks.slice(0, 2) });
    await clearTaskInstances(world, { dagId: 'sales', runIds: ['day0'], tasks: chosen('load'), version: 'latest' });
    const error = await failure(() => clearTaskInstances(world, { dagId: 'sales', runIds: ['day0'], tasks: chosen('clean') }));
    expect(error.message).toMatch(/^NOT_FOUND: DAG sales: this task was removed: .*got "clean"$/);
  });

  it('stops a running task whose code the newest version no longer has', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: 'live' });
    await world.finish(run.id, { clean: 'running' });
    const token = (await world.store.runs.listTaskInstances([run.id])).find(({ taskId }) => taskId === 'clean')!.token!;
    await world.register({ ...SALES, tasks: SALES.tasks.slice(0, 2) });
    await clearTaskInstances(world, { dagId: 'sales', runIds: ['live'], tasks: chosen('load'), version: 'latest' });
    expect(await world.store.attempts.findRevoked([token])).toEqual([token]);
    expect(await states(run)).toEqual({ extract: 'none', load: 'none', clean: 'removed' });
  });

  it('has finished runs take up new tasks only, clearing nothing', async () => {
    await triggerDagRun(world, { dagId: 'sales', runId: 'waiting' });
    await world.register({ ...SALES, tasks: [...SALES.tasks, taskSpec('more')] });
    const { instances, runs: touched } = await clearTaskInstances(world, { dagId: 'sales', onlyNew: true });
    expect(instances.map(({ effect, runId, taskId }) => `${effect} ${runId}.${taskId}`)).toEqual([
      'add day0.more',
      'add day1.more',
      'add day2.more',
    ]);
    expect(touched).toBe(3);
    expect(await states(runs[0]!)).toEqual({ extract: 'success', load: 'success', clean: 'success', more: 'none' });
    expect((await world.store.runs.getRun(runs[0]!.id))!.state).toBe('queued');
    expect((await clearTaskInstances(world, { dagId: 'sales', runIds: ['day0'], onlyNew: true })).instances).toEqual([]);
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
          if (loads++ === 0) await clearTaskInstances(world, { dagId: 'sales', runIds: ['day1'], tasks: chosen('clean') });
          return snapshots;
        },
      },
    };
    const request = { dagId: 'sales', tasks: chosen('extract', 'clean') };
    const cleared = await clearTaskInstances({ ...world, store }, request);
    expect(loads).toBe(2);
    // The state is the one before our own clear.
    expect(cleared.instances.map(({ runId, taskId, state }) => `${runId}.${taskId}:${state}`).sort()).toContain('day1.clean:none');
    expect((await world.store.runs.getRun(runs[1]!.id))!.clearNumber).toBe(2);
  });

  it('gives up when a run changes at every attempt', async () => {
    const store = { ...world.store, scheduling: { ...world.store.scheduling, commitAll: async () => false } };
    const error = await failure(() => clearTaskInstances({ ...world, store }, { dagId: 'sales', runIds: ['day1'] }));
    expect(error.message).toMatch(
      /^STATE_CONFLICT: DAG sales: its runs changed at every attempt to clear them; nothing is cleared/,
    );
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
    ['a task that never was', { tasks: chosen('lod') }, /^NOT_FOUND: DAG sales: neither .*got "lod"; did you mean load\?/],
    [
      'B46: a copy that no run has',
      { tasks: [{ taskId: 'load', mapIndexes: [7] }] },
      /^NOT_FOUND: DAG sales: none of these runs has this copy of load, got 7; allowed: -1$/,
    ],
    ['a map index below -1', { tasks: [{ taskId: 'load', mapIndexes: [-5] }] }, /^VALUE_RANGE: mapIndexes of load: .*got -5/],
    ['tasks twice', { tasks: [], taskRegex: 'a' }, /^REQUEST_INVALID: taskRegex: cannot be used together with tasks/],
    ['a past of nothing', { past: true }, /^REQUEST_INVALID: past: past and future are seen from one run/],
    ['a past within dates', { past: true, runIds: ['day1'], from: DATES[0] }, /^REQUEST_INVALID: past: cannot be used together/],
    ['new tasks of the own version', { onlyNew: true, version: 'own' }, /^REQUEST_INVALID: onlyNew/],
  ])('refuses %s and changes nothing', async (_what, request, message) => {
    const before = await Promise.all(runs.map(states));
    expect((await failure(() => clearTaskInstances(world, { dagId: 'sales', ...request }))).message).toMatch(message);
    expect(await Promise.all(runs.map(states))).toEqual(before);
  });
});
