import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DagRun } from '../../../src/model/dag-run.js';
import { clearTaskInstances } from '../../../src/operations/clear-task-instances.js';
import { markDagRuns } from '../../../src/operations/mark-dag-runs.js';
import { markTaskInstances, type MarkRequest, type MarkResult } from '../../../src/operations/mark-task-instances.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import { change, runCommit } from '../../conformance/commits.js';
import { createWorld, failure, SALES, type World } from './world.js';

const DATES = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)] as const;

let world: World;
let runs: readonly DagRun[];

/** Three runs that failed in extract. */
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
  const created: DagRun[] = [];
  for (const [day, logicalDate] of DATES.entries()) {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: `day${day}`, logicalDate });
    await world.finish(run.id, { extract: 'failed', load: 'failed', clean: 'success' });
    created.push(run);
  }
  runs = created;
  world.hints.length = 0;
});

const states = async (run: DagRun): Promise<Record<string, string>> =>
  Object.fromEntries((await world.store.runs.listTaskInstances([run.id])).map(({ taskId, state }) => [taskId, state]));
const everything = async () => Promise.all(runs.map(states));
const stateOf = async (run: DagRun) => (await world.store.runs.getRun(run.id))!.state;
const mark = (request: Partial<MarkRequest> = {}): Promise<MarkResult> =>
  markTaskInstances(world, { dagId: 'sales', runId: 'day1', taskId: 'extract', state: 'success', ...request });
const shown = ({ marked, cleared }: MarkResult): string[] =>
  [...marked, ...cleared].map(({ runId, taskId, from, to }) => `${runId}.${taskId} ${from} > ${to}`);

describe('marking task instances', () => {
  it('has what failed below go on; a dry run says the same and changes nothing', async () => {
    const before = await everything();
    const expected = ['day1.extract failed > success', 'day1.load failed > none'];
    expect(shown(await mark({ dryRun: true }))).toEqual(expected);
    expect(await everything()).toEqual(before);
    expect(world.hints).toEqual([]);

    expect(shown(await mark())).toEqual(expected);
    expect(await everything()).toEqual([before[0], { extract: 'success', load: 'none', clean: 'success' }, before[2]]);
    expect(await Promise.all(runs.map(stateOf))).toEqual(['failed', 'queued', 'failed']);
    expect(world.hints).toEqual(['cancel', 'runs']);
    const events = world.store.events.filter(({ actor }) => actor.kind === 'user').map(({ to, reason }) => `${to} ${reason}`);
    expect(events.slice(-3)).toEqual(['success marked', 'none cleared', 'queued cleared']);
  });

  it('reaches runs at other dates, in one commit', async () => {
    const commits: number[] = [];
    const { scheduling } = world.store;
    const commitAll: typeof scheduling.commitAll = (all, now) => (commits.push(all.length), scheduling.commitAll(all, now));
    const deps = { ...world, store: { ...world.store, scheduling: { ...scheduling, commitAll } } };
    const request = { dagId: 'sales', runId: 'day1', taskId: 'extract', state: 'skipped', past: true } as const;
    expect(shown(await markTaskInstances(deps, request))).toEqual([
      'day0.extract failed > skipped',
      'day1.extract failed > skipped',
      'day0.load failed > none',
      'day1.load failed > none',
    ]);
    expect(commits).toEqual([2]);
  });

  it('B53: one that was removed cannot be marked', async () => {
    await world.register({ ...SALES, tasks: SALES.tasks.slice(0, 2) });
    const tasks = [{ taskId: 'load', mapIndexes: null }];
    await clearTaskInstances(world, { dagId: 'sales', runIds: ['day1'], tasks, version: 'latest' });
    const error = await failure(() => mark({ taskId: 'clean' }));
    expect(error.message).toMatch(/^STATE_CONFLICT: task clean of run day1: it was removed/);
  });

  it('B53: one that is removed can be marked while the run has the task, as copies that are too many have', async () => {
    const [run] = await world.store.runs.listRuns({ dagId: 'sales', order: 'logical_date' });
    const row = (await world.store.runs.listTaskInstances([run!.id])).find(({ taskId }) => taskId === 'clean');
    await world.store.scheduling.commit([runCommit(run!, { changes: [change(row!, ['removed'])] })], 0);
    const { marked } = await mark({ runId: run!.runId, taskId: 'clean', state: 'success' });
    expect(marked.map(({ taskId }) => taskId)).toEqual(['clean']);
  });

  it('B53: a running one loses its attempt, one in none is done, and marking twice is a conflict', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: 'live' });
    await world.finish(run.id, { extract: 'running' });
    const token = (await world.store.runs.listTaskInstances([run.id])).find(({ taskId }) => taskId === 'extract')!.token!;
    expect(shown(await mark({ runId: 'live', downstream: true }))).toEqual([
      'live.extract running > success',
      'live.load none > success',
    ]);
    expect(await world.store.attempts.findRevoked([token])).toEqual([token]);
    expect(await stateOf(run)).toBe('running');
    const error = await failure(() => mark({ runId: 'live', downstream: true }));
    expect([error.code, error.definition.httpStatus]).toEqual(['STATE_CONFLICT', 409]);
    expect(error.message).toMatch(/task extract of run live: it is success already/);
  });

  it('gives up when a run changes at every attempt', async () => {
    const store = { ...world.store, scheduling: { ...world.store.scheduling, commitAll: async () => false } };
    const request = { dagId: 'sales', runId: 'day1', taskId: 'extract', state: 'success' } as const;
    expect((await failure(() => markTaskInstances({ ...world, store }, request))).message).toMatch(/nothing is marked, try again/);
    expect((await failure(() => markDagRuns({ ...world, store }, { ...request, runIds: ['day1'] }))).message).toMatch(/try again/);
  });

  it.each<[what: string, request: Partial<MarkRequest>, message: RegExp]>([
    ['an unknown DAG', { dagId: 'sale' }, /^NOT_FOUND: .*did you mean sales\?/],
    ['an unknown run', { runId: 'day7' }, /^NOT_FOUND: DAG sales: .*got "day7"/],
    [
      'an unknown task',
      { taskId: 'extrct' },
      /^NOT_FOUND: run day1 of DAG sales: it has no such task, got "extrct"; did you mean extract\?/,
    ],
    [
      'an unknown state',
      { state: 'sucess' as never },
      /^UNKNOWN_NAME: state: .*allowed: success, failed, skipped; did you mean success\?/,
    ],
    ['B46: a negative map index', { mapIndexes: [-5] }, /^VALUE_RANGE: mapIndexes of extract: .*got -5/],
    ['B46: a map index that is no integer', { mapIndexes: [1.5] }, /^VALUE_RANGE: mapIndexes of extract/],
    ['B45: a copy that is not there', { mapIndexes: [3] }, /^NOT_FOUND: task extract of run day1: .*it is not mapped in this run/],
  ])('refuses %s and changes nothing', async (_what, request, message) => {
    const before = await everything();
    expect((await failure(() => mark(request))).message).toMatch(message);
    expect(await everything()).toEqual(before);
  });
});

describe('marking runs', () => {
  it('marks several in one commit, says what becomes of each, and a dry run shows it', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: 'live' });
    await world.finish(run.id, { extract: 'running' });
    const request = { dagId: 'sales', runIds: ['day0', 'live', 'day0'], state: 'success' } as const;
    const marked = await markDagRuns(world, { ...request, dryRun: true });
    expect(await stateOf(run)).toBe('running');
    expect(await markDagRuns(world, request)).toEqual(marked);
    expect(marked.map(({ runId, from, to }) => `${runId} ${from} > ${to}`)).toEqual([
      'day0 failed > success',
      'live running > success',
    ]);
    expect(marked[1]!.instances.map(({ taskId, from, to }) => `${taskId} ${from} > ${to}`).sort()).toEqual([
      'clean none > skipped',
      'extract running > success',
      'load none > skipped',
    ]);
    expect([await stateOf(runs[0]!), await stateOf(run)]).toEqual(['success', 'success']);
  });

  it('queued has a run looked at again', async () => {
    await markDagRuns(world, { dagId: 'sales', runIds: ['day2'], state: 'queued' });
    expect(await world.store.runs.getRun(runs[2]!.id)).toMatchObject({
      state: 'queued',
      startedAt: null,
      endedAt: null,
      clearNumber: 0,
    });
    expect(await states(runs[2]!)).toEqual({ extract: 'failed', load: 'failed', clean: 'success' });
  });

  it.each([
    ['what is so already', { state: 'failed' }, /^STATE_CONFLICT: DAG sales: run day0 is failed already/],
    ['an unknown state', { state: 'faild' }, /^UNKNOWN_NAME: state: .*did you mean failed\?/],
    ['a state that nobody may give', { state: 'running' }, /^UNKNOWN_NAME: state: .*allowed: success, failed, queued/],
    ['an unknown run', { runIds: ['day0', 'dy'] }, /^NOT_FOUND: DAG sales/],
  ])('refuses %s', async (_what, request, message) => {
    const wish = { dagId: 'sales', runIds: ['day0'], state: 'success', ...request } as Parameters<typeof markDagRuns>[1];
    expect((await failure(() => markDagRuns(world, wish))).message).toMatch(message);
    expect(await stateOf(runs[0]!)).toBe('failed');
  });
});
