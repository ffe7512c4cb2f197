import { beforeEach, describe, expect, it } from '@jest/globals';
import { triggerDagRun, triggerOnce, type TriggerRequest } from '../../../src/operations/trigger-dag-run.js';
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

  it('pitfall 59: infers the interval from the logical date, by the schedule, whoever asks', async () => {
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

  it('pitfall 58: accepts runs of a paused DAG, which wait', async () => {
    await world.store.catalog.setPaused(['sales'], true, null, world.actor, world.at);
    expect((await triggerDagRun(world, { dagId: 'sales' })).state).toBe('queued');
  });

  it('pitfall 29: makes ids of the time at which a run may start, not of its logical date', async () => {
    const runAfter = Date.UTC(2026, 5, 1);
    const run = await triggerDagRun(world, { dagId: 'sales', logicalDate: 0, runAfter });
    expect(run).toMatchObject({ runId: 'manual__2026-06-01T00:00:00+00:00', logicalDate: 0, runAfter });
  });

  it('pitfall 28: creates many runs without a date within one millisecond', async () => {
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
    ['B43: an earliest start in 9999', { runAfter: Date.UTC(9999, 0, 1) }, 'DATE_INVALID', /runAfter: .*ten years from now/],
    ['a reversed interval', { logicalDate: 0, dataInterval: { start: 1, end: 0 } }, 'DATE_ORDER', /dataInterval/],
    ['an empty key', { idempotencyKey: ' ' }, 'VALUE_RANGE', /idempotencyKey: must be a text of 1 to 200/],
    ['B50: a key with NUL', { idempotencyKey: 'a\0' }, 'STRING_INVALID', /idempotencyKey/],
    ['B50: a note with half a character', { note: '\ud800' }, 'STRING_INVALID', /note/],
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

describe('triggerOnce', () => {
  const key = { dagId: 'sales', idempotencyKey: 'order-7' };

  it('names who asked, and finds the run of an earlier request with the same key', async () => {
    const first = await triggerOnce(world, { ...key, conf: { a: 1, b: 2 } });
    expect(first).toMatchObject({ isNew: true, run: { triggeringUser: 'ada' } });
    world.at += 5_000;
    world.hints.length = 0;
    const again = await triggerOnce(world, { ...key, conf: { b: 2, a: 1 }, note: 'again' });
    expect(again).toEqual({ isNew: false, run: first.run });
    expect(world.hints).toEqual([]);
    expect(await world.store.runs.listRuns({ dagId: 'sales' })).toHaveLength(1);
    await world.register({ ...SALES, dagId: 'stock', file: 'stock.ts' });
    expect((await triggerOnce(world, { ...key, dagId: 'stock' })).isNew).toBe(true);
  });

  it('gives many that ask at once one run', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => triggerOnce(world, key)));
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(answers.map(({ run }) => run.id)).size).toBe(1);
  });

  it.each<[string, Partial<TriggerRequest>, RegExp]>([
    ['conf', { conf: { a: 2 } }, /another conf: use a key of its own/],
    ['logical date', { conf: { a: 1 }, logicalDate: 0 }, /another logicalDate/],
    ['run id', { conf: { a: 1 }, runId: 'mine' }, /another runId/],
    ['start', { conf: { a: 1 }, runAfter: 9 }, /another runAfter/],
    ['conf and date', { logicalDate: 0 }, /another conf and logicalDate/],
  ])('refuses the key for another %s', async (_what, other, message) => {
    const { run } = await triggerOnce(world, { ...key, conf: { a: 1 } });
    world.at += 1;
    const error = await failure(() => triggerOnce(world, { ...key, ...other }));
    expect([error.code, error.definition.httpStatus]).toEqual(['IDEMPOTENCY_CONFLICT', 409]);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`run ${run.runId} (queued) was made with this key`);
    expect(await world.store.runs.listRuns({ dagId: 'sales' })).toHaveLength(1);
  });

  it('pitfall 64: a repeat of a request with a run id of its own finds its run instead of failing', async () => {
    const request = { ...key, runId: 'from_parent_3' };
    const first = await triggerOnce(world, request);
    expect(await triggerOnce(world, request)).toEqual({ run: first.run, isNew: false });
    expect((await failure(() => triggerOnce(world, { dagId: 'sales', runId: 'from_parent_3' }))).code).toBe('RUN_EXISTS');
  });
});
