import { beforeEach, describe, expect, it } from '@jest/globals';
import { triggerDagRun, type TriggerRequest } from '../../../src/operations/trigger-dag-run.js';
import { dagSpec, taskSpec } from '../core/factories.js';
import { createWorld, DAY_MS, failure, NOW, SALES, type World } from './world.js';

const WITH_PARAMS = dagSpec([taskSpec('only')], {
  dagId: 'with_params',
  file: 'with_params.ts',
  params: {
    jsonSchema: { type: 'object', properties: { limit: { type: 'integer', minimum: 1 } }, required: ['limit'] },
    defaults: { limit: 10 },
  },
});

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
  await world.register(WITH_PARAMS);
});

describe('triggerDagRun', () => {
  it('creates a queued run for now, without date and interval, and tells the scheduler', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', conf: { region: 'eu' }, note: 'asked by Ada' });
    expect(run).toMatchObject({
      dagId: 'sales',
      runId: 'manual__2026-03-10T12:00:00+00:00',
      runType: 'manual',
      triggeredBy: 'cli',
      state: 'queued',
      logicalDate: null,
      dataInterval: null,
      runAfter: NOW,
      conf: { region: 'eu' },
      note: 'asked by Ada',
    });
    expect(world.hints).toEqual(['runs']);
    expect((await world.store.runs.listTaskInstances([run.id])).map(({ taskId }) => taskId).sort()).toEqual([
      'clean',
      'extract',
      'load',
    ]);
  });

  it('tells runs without a logical date that start in the same millisecond apart', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.push((await triggerDagRun(world, { dagId: 'sales' })).runId);
    expect(ids[0]).toBe('manual__2026-03-10T12:00:00+00:00');
    expect(ids.slice(1)).toEqual(Array(2).fill(expect.stringMatching(/^manual__2026-03-10T12:00:00\+00:00_[0-9a-f]{8}$/)));
    expect(new Set(ids).size).toBe(3);
  });

  it('infers the interval from the logical date, by the schedule', async () => {
    const logicalDate = Date.UTC(2026, 0, 5, 15);
    const run = await triggerDagRun(world, { dagId: 'sales', logicalDate });
    expect(run).toMatchObject({
      runId: 'manual__2026-03-10T12:00:00+00:00',
      logicalDate,
      dataInterval: { start: Date.UTC(2026, 0, 4), end: Date.UTC(2026, 0, 5) },
    });
  });

  it('takes an interval that is given', async () => {
    const dataInterval = { start: 0, end: DAY_MS };
    expect(await triggerDagRun(world, { dagId: 'sales', logicalDate: 0, dataInterval })).toMatchObject({ dataInterval });
  });

  it('accepts runs of a paused DAG', async () => {
    await world.store.catalog.setPaused(['sales'], true, null, world.actor, world.at);
    expect((await triggerDagRun(world, { dagId: 'sales' })).state).toBe('queued');
  });

  it('creates many runs without a date within one millisecond', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => triggerDagRun(world, { dagId: 'sales' })));
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(20);
  });

  it.each<[what: string, request: Partial<TriggerRequest>, code: string, message: RegExp]>([
    ['an unknown DAG', { dagId: 'salse' }, 'NOT_FOUND', /got "salse"; did you mean sales\?/],
    ['B13: a DAG id that is none', { dagId: '../sales' }, 'ID_INVALID', /dagId/],
    ['B38: a conf that is a list', { conf: [1] }, 'CONF_NOT_OBJECT', /conf: .*got \[1\]/],
    ['B38: a conf that is a text', { conf: 'x' }, 'CONF_NOT_OBJECT', /got "x"/],
    [
      'B40: a param of the wrong type',
      { dagId: 'with_params', conf: { limit: 'ten' } },
      'PARAM_INVALID',
      /params\.limit.*got "ten"/,
    ],
    ['B40: a param outside its range', { dagId: 'with_params', conf: { limit: 0 } }, 'PARAM_INVALID', /params\.limit/],
    ['B42: an empty run id', { runId: '' }, 'ID_INVALID', /runId: .*got ""/],
    ['B42: a path as run id', { runId: '../../x' }, 'ID_INVALID', /got "\.\.\/\.\.\/x"/],
    ['B42: a long run id', { runId: 'x'.repeat(1_000) }, 'ID_INVALID', /1-250/],
    ['B42: a run id with a newline', { runId: 'a\nb' }, 'ID_INVALID', /got "a\\nb"/],
    ['B42: a run id of another type', { runId: 'scheduled__x' }, 'ID_INVALID', /scheduled__/],
    ['B43: a logical date in 1800', { logicalDate: Date.UTC(1800, 0, 1) }, 'DATE_INVALID', /got "1800-01-01T00:00:00\.000Z"/],
    ['B43: a logical date in 9999', { logicalDate: Date.UTC(9999, 0, 1) }, 'DATE_INVALID', /ten years from now/],
    ['B43: no date', { logicalDate: Number.NaN }, 'DATE_INVALID', /got NaN/],
    ['a reversed interval', { logicalDate: 0, dataInterval: { start: 1, end: 0 } }, 'DATE_ORDER', /dataInterval/],
    ['a long note', { note: 'x'.repeat(1_001) }, 'VALUE_RANGE', /note: longer than 1000 characters/],
  ])('refuses %s, and goes on', async (_what, request, code, message) => {
    const error = await failure(() => triggerDagRun(world, { dagId: 'sales', ...request }));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(await world.store.runs.listRuns({})).toEqual([]);
    expect((await triggerDagRun(world, { dagId: 'sales' })).state).toBe('queued');
  });

  it('B42, B43: names the run that has the id or the logical date already', async () => {
    await triggerDagRun(world, { dagId: 'sales', runId: 'mine', logicalDate: 0 });
    world.at += 1;
    expect((await failure(() => triggerDagRun(world, { dagId: 'sales', runId: 'mine' }))).message).toBe(
      'RUN_EXISTS: DAG sales: run mine (queued) has this id already; clear it to run it again',
    );
    expect((await failure(() => triggerDagRun(world, { dagId: 'sales', runId: 'other', logicalDate: 0 }))).message).toBe(
      'RUN_EXISTS: DAG sales: run mine (queued) has the logical date 1970-01-01T00:00:00.000Z already; clear it to run it again',
    );
  });

  it('refuses a retired DAG', async () => {
    await world.store.catalog.retireFiles(['sales.ts'], world.at);
    expect((await failure(() => triggerDagRun(world, { dagId: 'sales' }))).code).toBe('STATE_CONFLICT');
  });
});
