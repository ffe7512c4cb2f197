import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Pool, PoolUse } from '../../../src/model/pool.js';
import { parsePools } from '../../../src/operations/save-pools.js';
import { importProblem } from '../../support/dag-specs.js';
import { listing, runFake } from './fake-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pools-'));
afterAll(() => rmSync(folder, { recursive: true }));

const POOLS: readonly PoolUse[] = [
  { name: 'default_pool', slots: 128, description: 'Default pool', includeDeferred: false, queued: 1, running: 2, deferred: 5 },
  { name: 'gpu', slots: -1, description: null, includeDeferred: true, queued: 0, running: 3, deferred: 4 },
];

describe('pools', () => {
  it('list shows Airflow columns, and in JSON what is taken', async () => {
    const { stdout, code } = await runFake(['pools', 'list'], { pools: POOLS });
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]!.split(' | ').map((cell) => cell.trim())).toEqual([
      'pool', 'slots', 'description', 'include_deferred', 'team_name',
    ]); // prettier-ignore
    const json = JSON.parse((await runFake(['pools', 'list', '-o', 'json'], { pools: POOLS })).stdout) as unknown[];
    expect(json).toEqual([
      expect.objectContaining({
        pool: 'default_pool',
        slots: 128,
        queued_slots: 1,
        running_slots: 2,
        deferred_slots: 5,
        open_slots: 125,
      }),
      expect.objectContaining({ pool: 'gpu', slots: -1, include_deferred: true, open_slots: null }),
    ]);
  });

  it('get names the nearest pool', async () => {
    const { code, stderr } = await runFake(['pools', 'get', 'gpuu'], { pools: POOLS });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/NOT_FOUND: pool: there is no such pool, got "gpuu"; did you mean gpu\?/),
    ]);
  });

  it('set gives what was said', async () => {
    const given: Pool[] = [];
    const savePools = async (_client: unknown, pools: readonly Pool[]) => (given.push(...pools), ['created'] as const);
    const { code, stderr } = await runFake(['pools', 'set', 'api', '-1', 'no limit', '--include-deferred'], {}, { savePools });
    expect([code, stderr]).toEqual([0, 'Pool api is created.\n']);
    expect(given).toEqual([{ name: 'api', slots: -1, description: 'no limit', includeDeferred: true }]);
  });

  it.each(['x', '-2', '1.5', '1e10', '99999999999'])('set refuses %s slots', async (slots) => {
    const { code, stderr } = await runFake(['pools', 'set', 'p', '--', slots, 'd']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('An integer from -1 to 2147483647.')]);
  });

  it('delete says what is gone', async () => {
    const deletePool = async () => POOLS[1]!;
    const { code, stderr } = await runFake(['pools', 'delete', 'gpu'], { dags: [listing('etl')] }, { deletePool });
    expect([code, stderr]).toEqual([0, 'Pool gpu is deleted.\n']);
  });

  it('import reads what export wrote', async () => {
    const file = join(folder, 'pools.json');
    expect((await runFake(['pools', 'export', file], { pools: POOLS })).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      default_pool: { slots: 128, description: 'Default pool', include_deferred: false },
      gpu: { slots: -1, description: null, include_deferred: true },
    });
    const given: Pool[] = [];
    const savePools = async (_client: unknown, pools: readonly Pool[]) => (given.push(...pools), ['created', 'unchanged'] as const);
    const { stderr } = await runFake(['pools', 'import', file], {}, { savePools, parsePools });
    expect(stderr).toBe('2 pools imported: 1 created, 0 changed, 1 as they were.\n');
    expect(given).toEqual(
      POOLS.map(({ name, slots, description, includeDeferred }) => ({ name, slots, description, includeDeferred })),
    );
  });

  it('import names the file, or the entry, that is wrong', async () => {
    const missing = await runFake(['pools', 'import', join(folder, 'missing.json')]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('there is no such file')]);
    const file = join(folder, 'wrong.json');
    writeFileSync(file, '{"a": {"slots": -5}}');
    const wrong = await runFake(['pools', 'import', file], {}, { parsePools });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining(`VALUE_RANGE: ${file}.a: slots must be`)]);
    const nowhere = await runFake(['pools', 'export', join(folder, 'no', 'such', 'folder.json')], { pools: POOLS });
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('OUTPUT_FAILED')]);
  });

  it('that are missing or too narrow are warnings beside the import errors', async () => {
    const findPoolProblems = async () => [
      importProblem('etl.ts', {
        line: 7,
        code: 'POOL_UNKNOWN',
        message: 'task etl.load waits for pool "gpuu", which does not exist',
        suggestion: 'gpu',
      }),
    ];
    const { code, stderr } = await runFake(['dags', 'list-import-errors'], { dags: [listing('etl')] }, { findPoolProblems });
    expect([code, stderr]).toEqual([
      0,
      'warning: etl.ts:7: POOL_UNKNOWN: task etl.load waits for pool "gpuu", which does not exist; did you mean "gpu"?\n',
    ]);
  });
});
