import { beforeEach, describe, expect, it } from '@jest/globals';
import { deleteDagRun } from '../../../src/operations/delete-dag-run.js';
import { setRunNote } from '../../../src/operations/set-run-note.js';
import { triggerDagRun } from '../../../src/operations/trigger-dag-run.js';
import { createWorld, failure, SALES, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.register(SALES);
  await triggerDagRun(world, { dagId: 'sales', runId: 'mine', logicalDate: 0 });
});

describe('setRunNote', () => {
  it('writes, replaces and removes a note, and the history says who', async () => {
    expect((await setRunNote(world, 'sales', 'mine', 'first')).note).toBe('first');
    await setRunNote(world, 'sales', '1970-01-01T00:00:00Z', 'second');
    expect((await world.store.runs.findRun('sales', 'mine'))!.note).toBe('second');
    expect((await setRunNote(world, 'sales', 'mine', null)).note).toBeNull();
    expect(world.store.events.at(-1)).toMatchObject({ entity: 'dag_run', reason: 'note', actor: { id: 'ada' } });
  });

  it.each([
    ['an unknown run', 'mines', 'x', /^NOT_FOUND: DAG sales: .*did you mean mine\?/],
    ['a long note', 'mine', 'x'.repeat(1_001), /^VALUE_RANGE: note/],
    ['B50: NUL', 'mine', 'a\0b', /^STRING_INVALID: note/],
  ])('refuses %s', async (_what, runId, note, message) => {
    expect((await failure(() => setRunNote(world, 'sales', runId, note))).message).toMatch(message);
    expect((await world.store.runs.findRun('sales', 'mine'))!.note).toBeNull();
  });
});

describe('deleteDagRun', () => {
  it('deletes a run that is not under way', async () => {
    expect(await deleteDagRun(world, 'sales', '1970-01-01T00:00:00Z')).toBe('mine');
    expect(await world.store.runs.listRuns({ dagId: 'sales' })).toEqual([]);
    expect((await failure(() => deleteDagRun(world, 'sales', 'mine'))).code).toBe('NOT_FOUND');
  });

  it('refuses one that is, and says what to do', async () => {
    const run = await triggerDagRun(world, { dagId: 'sales', runId: 'live' });
    await world.finish(run.id, { extract: 'running' });
    expect((await failure(() => deleteDagRun(world, 'sales', 'live'))).message).toBe(
      'STATE_CONFLICT: run live of DAG sales: it is running, or a task of it is: wait for its end, or mark it failed first',
    );
  });
});
