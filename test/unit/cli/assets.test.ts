import { describe, expect, it } from '@jest/globals';
import type { Client, System } from '../../../src/cli/system.js';
import type { AssetRef } from '../../../src/model/asset.js';
import type { DagSpec, ScheduleSpec } from '../../../src/model/dag-spec.js';
import { createAssetEvent } from '../../../src/operations/create-asset-event.js';
import { findAsset } from '../../../src/operations/find-asset.js';
import { materializeAsset } from '../../../src/operations/materialize-asset.js';
import { parseConf } from '../../../src/operations/parse-conf.js';
import { planAssetRun } from '../../../src/core/asset/plan-asset-run.js';
import { importProblem } from '../../support/dag-specs.js';
import { dagSpec, taskSpec } from '../core/factories.js';
import { createWorld, type World } from '../operations/world.js';
import { dagSpec as anyDagSpec, FakeTerminal, listing, runFake } from './fake-cli.js';

const asset = (name: string): AssetRef => ({
  kind: 'asset',
  asset: { name, uri: `s3://${name}`, group: 'sales', extra: { team: 'data' } },
});
const on = (name: string): ScheduleSpec => ({ kind: 'assets', condition: asset(name), text: name });

/** A command line over a memory store that holds a producer, a consumer and an alias. */
async function world() {
  const deps: World = createWorld();
  const outlets: readonly AssetRef[] = [asset('orders'), { kind: 'alias', alias: { name: 'late', group: 'sales' } }];
  await deps.register(dagSpec([taskSpec('write', { outlets, inlets: [asset('orders')] })], { dagId: 'p', file: 'p.ts' }));
  await deps.register(dagSpec([taskSpec('read')], { dagId: 'c', file: 'c.ts', schedule: on('orders') }));
  const client = { ...deps, close: async () => undefined } as unknown as Client;
  const run = async (...args: string[]) => {
    const system: Partial<System> = {
      openClient: async () => ({ ...client, config: (await baseOf(args)).config }),
      findAsset,
      createAssetEvent: (_client, request) => createAssetEvent(deps, request),
      materializeAsset: (_client, request) => materializeAsset(deps, request),
      parseConf,
      parseDagsOnce: async () => ({ files: 0, changed: [], retired: [], problems: [] }),
    };
    return runFake(args, {}, system);
  };
  return { deps, run };
}

/** The configuration that the fake gives its own client. */
async function baseOf(args: readonly string[]): Promise<Client> {
  let config: unknown;
  await runFake(
    args,
    {},
    { openClient: async (options) => ((config = options.config), Promise.reject(new Error('enough'))) },
    new FakeTerminal(),
  );
  return { config } as Client;
}

const rowsOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Record<string, unknown>[];

describe('assets', () => {
  it('are listed, with more columns for those who ask', async () => {
    const { run } = await world();
    expect(rowsOf(await run('assets', 'list', '-o', 'json'))).toEqual([
      { name: 'orders', uri: 's3://orders', group: 'sales', extra: { team: 'data' } },
    ]);
    expect(rowsOf(await run('assets', 'list', '--columns', 'name,scheduled_dags', '-o', 'json'))).toEqual([
      { name: 'orders', scheduled_dags: [{ dag_id: 'c' }] },
    ]);
    expect(rowsOf(await run('assets', 'list', '--alias', '-o', 'json'))).toEqual([{ name: 'late', group: 'sales' }]);
    const wrong = await run('assets', 'list', '--columns', 'nane');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('there is no such column, got "nane"');
  });

  it('are shown in detail', async () => {
    const { run } = await world();
    expect(rowsOf(await run('assets', 'details', '--uri', 's3://orders', '-o', 'json'))).toMatchObject([
      {
        name: 'orders',
        scheduled_dags: [{ dag_id: 'c' }],
        producing_tasks: [{ dag_id: 'p', task_id: 'write' }],
        consuming_tasks: [{ dag_id: 'p', task_id: 'write' }],
        aliases: [],
        last_asset_event: null,
      },
    ]);
    expect(rowsOf(await run('assets', 'details', '--alias', '--name', 'late', '-o', 'json'))).toMatchObject([
      { name: 'late', assets: [] },
    ]);
  });

  it.each<[string[], number, string]>([
    [['details'], 2, 'CLI_USAGE: --name: give --name or --uri to say which asset is meant'],
    [['details', '--name', 'orderz'], 1, 'NOT_FOUND: --name: there is no such asset, got "orderz"; did you mean orders?'],
    [['details', '--alias', '--name', 'lete'], 1, 'NOT_FOUND: --name: there is no such alias, got "lete"; did you mean late?'],
    [['details', '--alias', '--uri', 'x'], 2, 'an alias has a name and no URI'],
    [['materialize', '--name', 'nope'], 1, 'NOT_FOUND: --name: there is no such asset, got "nope"'],
    [['create-event', '--name', 'nope'], 1, 'NOT_FOUND'],
    [['create-event', '--name', 'orders', '--extra', '[1]'], 2, 'CONF_NOT_OBJECT: --extra'],
    [['create-event', '--name', 'orders', '--timestamp', '2999-01-01'], 2, 'DATE_INVALID: --timestamp: an event lies in the past'],
    [['events'], 2, 'CLI_USAGE'],
  ])('refuse %j', async (args, code, message) => {
    const { run } = await world();
    const outcome = await run('assets', ...args);
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toBe('');
  });

  it('get events by hand, which say who runs for them and then which run did', async () => {
    const { run, deps } = await world();
    const created = await run('assets', 'create-event', '--name', 'orders', '--extra', '{"rows": 3}', '-o', 'json');
    expect(created.stderr).toContain('It is handed to c.');
    expect(rowsOf(created)).toMatchObject([
      { name: 'orders', extra: { rows: 3 }, source_dag_id: null, source_map_index: -1, created_dagruns: [] },
    ]);
    await deps.store.scheduling.planAssetRuns(deps.at, 10, planAssetRun);
    const [row] = rowsOf(await run('assets', 'events', '--name', 'orders', '-o', 'json'));
    expect(row).toMatchObject({ created_dagruns: [{ dag_id: 'c', state: 'running' }] });
    await deps.store.catalog.setPaused(['c'], true, null, deps.actor, deps.at);
    expect((await run('assets', 'create-event', '--name', 'orders')).stderr).toContain('No DAG that is not paused waits for it.');
    expect(rowsOf(await run('assets', 'events', '--name', 'orders', '--limit', '1', '-o', 'json'))).toHaveLength(1);
  });

  it('are materialised by a run of the DAG that writes them', async () => {
    const { run } = await world();
    const outcome = await run('assets', 'materialize', '--name', 'orders', '-o', 'json');
    expect(outcome.code).toBe(0);
    expect(rowsOf(outcome)).toMatchObject([
      { dag_id: 'p', run_type: 'asset_materialization', state: 'queued', logical_date: null },
    ]);
  });
});

describe('DAGs that wait for assets', () => {
  const condition = { kind: 'all', of: [asset('orders'), { kind: 'alias', alias: { name: 'late', group: 'sales' } }] } as const;
  const waits: DagSpec = { ...anyDagSpec('waits'), schedule: { kind: 'assets', condition, text: 'orders and alias late' } };
  const either: DagSpec = {
    ...anyDagSpec('either'),
    schedule: {
      kind: 'assetOrTime',
      time: { kind: 'cron', expression: '0 2 * * *', text: '0 2 * * *' },
      condition,
      text: '0 2 * * * or orders',
    },
  };
  const dags = [listing('waits', {}, waits), listing('either', {}, either)];

  it('show what they wait for', async () => {
    const { stdout } = await runFake(['dags', 'details', 'waits', '-o', 'json'], { dags });
    expect(JSON.parse(stdout)).toMatchObject([
      {
        timetable_summary: 'orders and alias late',
        timetable_description: 'when there are events of orders and alias late',
        timetable_periodic: false,
        asset_expression: {
          all: [{ asset: { name: 'orders', uri: 's3://orders', group: 'sales' } }, { alias: { name: 'late', group: 'sales' } }],
        },
      },
    ]);
    const list = await runFake(['dags', 'list', '--columns', 'dag_id,timetable_summary', '-o', 'json'], { dags });
    expect(JSON.parse(list.stdout)).toEqual([
      { dag_id: 'either', timetable_summary: '0 2 * * * or orders' },
      { dag_id: 'waits', timetable_summary: 'orders and alias late' },
    ]);
  });

  it('have a next execution only by time', async () => {
    const none = await runFake(['dags', 'next-execution', 'waits'], { dags }, { nextRuns: async () => [], clockChanges: () => [] });
    expect(none.stdout).toBe('None\n');
    expect(none.stderr).toContain('waits runs when there are events of orders and alias late.');
    const next = { logicalDate: 0, dataInterval: { start: 0, end: 1 }, runAfter: 1 };
    const some = await runFake(
      ['dags', 'next-execution', 'either'],
      { dags },
      { nextRuns: async () => [next], clockChanges: () => [] },
    );
    expect(some.stderr).toContain('either runs by time, and whenever there are events of its assets.');
  });
});

it('assets that share a name are warnings beside the import errors', async () => {
  const message = 'z.write: the asset orders (s3://elsewhere) cannot be used';
  const findAssetProblems = async () => [importProblem('z.ts', { line: 7, code: 'ASSET_CONFLICT', message })];
  const { code, stderr } = await runFake(['dags', 'list-import-errors'], { dags: [listing('etl')] }, { findAssetProblems });
  expect([code, stderr]).toEqual([0, `warning: z.ts:7: ASSET_CONFLICT: ${message}\n`]);
});
