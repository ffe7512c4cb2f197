/** Pools and backfills as a person uses them, on a fresh folder where nothing else runs. */
import { afterAll, expect, it } from '@jest/globals';
import { Installation } from '../support/installation.js';

const SALES = `
import { dag, task, type Wired } from 'airflow-like';
@dag({ schedule: '@daily', startDate: '2026-01-01', catchup: false })
export class Sales {
  @task({ pool: 'gpuu' }) async extract() { return 1; }
  wire(t: Wired<Sales>) { t.extract(); }
}`;

const installation = new Installation({ dags: { 'sales.ts': SALES } });
afterAll(() => installation.dispose());

it('makes pools, and names tasks whose pool is missing', async () => {
  expect((await installation.run('pools', 'set', 'gpu', '3', 'cards', '--include-deferred')).stderr).toBe('Pool gpu is created.\n');
  expect(await installation.json('pools', 'list')).toMatchObject([
    { pool: 'default_pool', slots: 128, open_slots: 128 },
    { pool: 'gpu', slots: 3, description: 'cards', include_deferred: true, open_slots: 3 },
  ]);
  expect((await installation.run('dags', 'list-import-errors')).stderr).toBe(
    'warning: sales.ts:5: POOL_UNKNOWN: task sales.extract waits for pool "gpuu", which does not exist; did you mean "gpu"?\n',
  );
  expect((await installation.run('pools', 'delete', 'gpu')).stderr).toBe('Pool gpu is deleted.\n');
}, 120_000);

it('plans, creates, pauses, shows and cancels a backfill', async () => {
  const args = ['backfill', 'create', '--dag-id', 'sales', '--from-date', '2026-01-01', '--to-date', '2026-01-05'];
  expect((await installation.run(...args, '--detach')).stderr).toContain('Created backfill 1 of sales: 5 runs.\n');
  expect((await installation.run('backfill', 'pause', '1')).stderr).toBe('Backfill 1 is now paused.\n');
  expect(await installation.json('backfill', 'show', '1')).toMatchObject([{ id: 1, state: 'paused', queued_runs: 5 }]);
  expect((await installation.run('backfill', 'cancel', '1')).stderr).toBe(
    'Backfill 1 is cancelled: 5 runs that had not started failed.\n',
  );
  const again = await installation.run(...args, '--dry-run', '--reprocess-behavior', 'failed');
  expect(again.stderr).toContain('sales: 5 intervals (0 to create, 5 to run again, 0 left as they are)');
  expect(again.stderr).toContain('Runs that exist already: 5 failed.');
}, 120_000);
