import { describe, expect, it } from '@jest/globals';
import { planAssetRun } from '../../../src/core/asset/plan-asset-run.js';
import type { AssetCondition, AssetEmission, AssetRef, AssetSpec } from '../../../src/model/asset.js';
import type { TaskInstanceChange } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec, ScheduleSpec } from '../../../src/model/dag-spec.js';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, parsedFile, taskSpec } from '../../support/dag-specs.js';
import { endRun, runCommit, start, succeed } from '../commits.js';
import { DAY, T0, USER, type StoreSuite } from './suite.js';

const spec = (name: string, patch: Partial<AssetSpec> = {}): AssetSpec => ({
  name,
  uri: `s3://${name}`,
  group: 'asset',
  extra: {},
  ...patch,
});
const key = (name: string) => ({ name, uri: `s3://${name}` });
const asset = (name: string, patch: Partial<AssetSpec> = {}): AssetRef => ({ kind: 'asset', asset: spec(name, patch) });
const alias = (name: string): AssetRef => ({ kind: 'alias', alias: { name, group: 'asset' } });
const on = (condition: AssetCondition): ScheduleSpec => ({ kind: 'assets', condition, text: '' });
const all = (...of: AssetCondition[]): AssetCondition => ({ kind: 'all', of });
const any = (...of: AssetCondition[]): AssetCondition => ({ kind: 'any', of });

const consumer = (dagId: string, condition: AssetCondition, patch: Partial<DagSpec> = {}) =>
  dagSpec(dagId, { schedule: on(condition), ...patch });
const producer = (dagId: string, ...outlets: AssetRef[]) =>
  dagSpec(dagId, { tasks: [taskSpec('write', { outlets }), taskSpec('plain')] });

export function describeAssets({ store, other, save, create, commit, instance, read }: StoreSuite): void {
  const event = (name: string, at = T0 + 1) => store.assets.createEvent(spec(name), { at, extra: { by: 'hand' } });
  const trigger = (session: Store = store, now = T0 + DAY) => session.scheduling.planAssetRuns(now, 10, planAssetRun);
  const runsOf = (dagId: string) => store.runs.listRuns({ dagId });
  const consumedBy = async ({ id }: DagRun) =>
    (await store.assets.listEvents({ triggeredRun: id })).map(({ asset: { name } }) => name);
  const queued = async () => (await store.assets.listQueued({})).map((entry) => `${entry.dagId} ${entry.asset.name}`);

  /** A run of `dagId` whose task `write` has started. */
  const running = async (dagId: string, runId = 'r1', at = T0) => {
    const run = await create(dagId, newRun(runId, at, { runType: 'manual' }));
    await commit(runCommit(run, { changes: [start(await instance(run, 'write'), 'w', T0)] }));
    return { run, change: succeed(await instance(run, 'write'), T0 + 5) };
  };
  const settled = (run: DagRun, change: TaskInstanceChange) => runCommit(run, { expectedRevision: null, changes: [change] });

  describe('assets', () => {
    it('are known when DAG files are saved, with the places that name them', async () => {
      await save(
        producer('p', asset('a', { group: 'g', extra: { x: 1 } }), alias('late')),
        consumer('c', any(asset('a'), alias('late'))),
      );
      expect(await store.assets.list()).toMatchObject([
        { ...spec('a', { group: 'g', extra: { x: 1 } }), isActive: true, createdAt: T0 },
      ]);
      expect(await store.assets.listAliases()).toMatchObject([{ name: 'late', group: 'asset', assets: [] }]);
      const references = await store.assets.listReferences();
      expect(references[1]!.ref).toEqual(asset('a', { group: 'g', extra: { x: 1 } }));
      const places = references.map(({ dagId, role, taskId, ref }) => [dagId, role, taskId, ref.kind]);
      expect(places).toEqual([
        ['c', 'schedule', null, 'alias'],
        ['c', 'schedule', null, 'asset'],
        ['p', 'outlet', 'write', 'alias'],
        ['p', 'outlet', 'write', 'asset'],
      ]);
      await save(producer('p', asset('a', { group: 'other', extra: { x: 2 } })));
      expect(await store.assets.list()).toMatchObject([{ group: 'other', extra: { x: 2 } }]);
    });

    it('that no DAG names any more are orphans, and come back with their DAG', async () => {
      await save(producer('p', asset('a')), consumer('c', asset('b')));
      await store.catalog.retireFiles(['p.ts'], T0);
      expect((await store.assets.list()).map(({ name }) => name)).toEqual(['b']);
      expect((await store.assets.list({ includeInactive: true })).map(({ name, isActive }) => [name, isActive])).toEqual([
        ['a', false],
        ['b', true],
      ]);
      expect((await store.assets.listReferences()).map(({ dagId }) => dagId)).toEqual(['c']);
      await save(producer('p', asset('a')), consumer('c', asset('a')));
      expect((await store.assets.list()).map(({ name }) => name)).toEqual(['a']);
      await store.catalog.deleteDag('p', USER);
      expect((await store.assets.list()).map(({ name }) => name)).toEqual(['a']);
      await store.catalog.deleteDag('c', USER);
      expect(await store.assets.list()).toEqual([]);
    });

    it('of one name or URI are in use one at a time: the one that was there first', async () => {
      await save(producer('p', asset('a')));
      await save(producer('q', asset('a', { uri: 's3://elsewhere' })), producer('r', asset('b', { uri: 's3://a' })));
      expect((await store.assets.list()).map(({ name, uri }) => [name, uri])).toEqual([['a', 's3://a']]);
      const like = await store.attempts.findAssetsLike([{ name: 'a', uri: 's3://elsewhere' }]);
      expect(like.map(({ uri, isActive }) => [uri, isActive])).toEqual([
        ['s3://a', true],
        ['s3://elsewhere', false],
      ]);
      await store.catalog.retireFiles(['p.ts'], T0);
      expect((await store.assets.list()).map(({ name, uri }) => [name, uri])).toEqual([
        ['a', 's3://elsewhere'],
        ['b', 's3://a'],
      ]);
    });
  });

  describe('events of assets', () => {
    it('are stored with the success that brings them, with their source and as lineage', async () => {
      await save(producer('p', asset('a')), consumer('c', asset('a')));
      const { run, change } = await running('p');
      const assets = { read: [key('in')], written: [{ asset: spec('a'), extra: { rows: 3, text: '"q"\\' }, aliases: [] }] };
      await commit(settled(run, { ...change, assets }));
      const [stored] = await store.assets.listEvents({ asset: key('a') });
      expect(stored).toEqual({
        id: stored!.id,
        asset: key('a'),
        at: T0,
        extra: { rows: 3, text: '"q"\\' },
        aliases: [],
        source: { dagId: 'p', runId: 'r1', taskId: 'write', mapIndex: -1 },
      });
      const line = { dagRunId: run.id, taskId: 'write', mapIndex: -1, at: T0 };
      expect(await store.assets.listLineage([run.id])).toEqual([
        { ...line, kind: 'input', asset: key('in'), eventId: null },
        { ...line, kind: 'output', asset: key('a'), eventId: stored!.id },
      ]);
      expect(await queued()).toEqual(['c a']);
      expect(await store.attempts.readAssetEvents({ source: { dagId: 'p', runId: 'r1', taskId: 'write' } })).toEqual([stored]);
      expect(await store.assets.listEvents({ source: { dagId: 'other' } })).toEqual([]);
    });

    it('pitfall 49: are not stored by a change that is stale, nor twice by a repeat', async () => {
      await save(producer('p', asset('a')), consumer('c', asset('a')));
      const { run, change } = await running('p');
      const assets = { read: [], written: [{ asset: spec('a'), extra: {}, aliases: [] }] };
      const stale = { ...change, expectedToken: '00000000-0000-4000-8000-000000000000', assets };
      expect((await commit(settled(run, stale))).staleTaskInstances).toHaveLength(1);
      expect(await store.assets.listEvents({})).toEqual([]);
      expect(await store.assets.listLineage([run.id])).toEqual([]);
      await commit(settled(run, { ...change, assets }));
      expect((await commit(settled(run, { ...change, assets }))).staleTaskInstances).toHaveLength(1);
      expect(await store.assets.listEvents({})).toHaveLength(1);
      expect(await queued()).toHaveLength(1);
    });

    it('through an alias make an asset known, and reach those who wait for either', async () => {
      await save(
        producer('p', alias('x'), alias('y')),
        consumer('byAlias', alias('x')),
        consumer('byAsset', asset('found')),
        consumer('none', alias('z')),
      );
      const { run, change } = await running('p');
      const written: AssetEmission[] = [
        { asset: spec('found'), extra: {}, aliases: ['x', 'y'] },
        { asset: spec('new', { group: 'g' }), extra: { part: 1 }, aliases: ['x'] },
      ];
      await commit(settled(run, { ...change, assets: { read: [], written } }));
      expect(await queued()).toEqual(['byAlias found', 'byAlias new', 'byAsset found']);
      expect((await store.assets.list()).map(({ name, group }) => [name, group])).toEqual([
        ['found', 'asset'],
        ['new', 'g'],
      ]);
      expect((await store.assets.listAliases()).map(({ name, assets }) => [name, assets.map((one) => one.name)])).toEqual([
        ['x', ['found', 'new']],
        ['y', ['found']],
        ['z', []],
      ]);
      expect((await store.assets.listEvents({ alias: 'y' })).map(({ asset: { name }, aliases }) => [name, aliases])).toEqual([
        ['found', ['x', 'y']],
      ]);
      await save(producer('p', alias('y')));
      expect((await store.assets.list()).map(({ name }) => name)).toEqual(['found', 'new']);
      await save(consumer('byAlias', asset('other')));
      expect((await store.assets.list()).map(({ name }) => name)).toEqual(['found', 'other']);
    });

    it('can be reported by hand, for assets that exist, and be looked through', async () => {
      await save(consumer('c', asset('a')));
      expect(await store.assets.createEvent(spec('nothing'), { at: T0, extra: {} })).toBeNull();
      const first = await event('a', T0 + 1);
      const second = await event('a', T0 + 2);
      expect(first).toMatchObject({ asset: key('a'), at: T0 + 1, extra: { by: 'hand' }, aliases: [], source: null });
      expect(await store.assets.listEvents({ asset: key('a') })).toEqual([first, second]);
      expect(await store.assets.listEvents({ newestFirst: true, limit: 1 })).toEqual([second]);
      expect(await store.assets.listEvents({ after: T0 + 2 })).toEqual([second]);
      expect(await store.assets.listEvents({ before: T0 + 1 })).toEqual([first]);
      expect(await queued()).toEqual(['c a', 'c a']);
    });

    it('can be reported through an alias, and make their asset known', async () => {
      await save(consumer('c', alias('x')));
      const found = await store.assets.createEvent(spec('new', { group: 'g', extra: { y: 1 } }), {
        at: T0 + 1,
        extra: {},
        aliases: ['x'],
      });
      expect(found).toMatchObject({ asset: key('new'), aliases: ['x'] });
      expect(await store.assets.list()).toMatchObject([{ name: 'new', group: 'g', extra: { y: 1 }, isActive: true }]);
      expect(await store.assets.listAliases()).toMatchObject([{ name: 'x', assets: [key('new')] }]);
      expect((await trigger()).createdRuns).toBe(1);
    });
  });

  describe('runs that events of assets start', () => {
    it('pitfall 48: consume everything that waits, once, whatever the number of events', async () => {
      await save(consumer('c', asset('a')));
      await event('a', T0 + 1);
      await event('a', T0 + 3);
      expect(await trigger()).toEqual({ claimed: 1, createdRuns: 1, errors: [] });
      const [run] = await runsOf('c');
      expect(run).toMatchObject({
        runType: 'asset_triggered',
        triggeredBy: 'asset',
        logicalDate: null,
        dataInterval: null,
        runAfter: T0 + 3,
        state: 'running',
        runId: expect.stringMatching(/^asset_triggered__2024-01-01T00:00:00\.003000\+00:00_[0-9a-z]{8}$/),
      });
      expect(await consumedBy(run!)).toEqual(['a', 'a']);
      expect(await queued()).toEqual([]);
      const events = await store.assets.listEvents({});
      expect(await store.assets.findTriggeredRuns(events.map(({ id }) => id))).toEqual(
        new Map(events.map(({ id }) => [id, [run!.id]])),
      );
      expect(await trigger()).toEqual({ claimed: 0, createdRuns: 0, errors: [] });
      await event('a', T0 + 3);
      await trigger();
      expect(await runsOf('c')).toHaveLength(2);
    });

    it('wait until the condition is met, and then consume what waited', async () => {
      await save(consumer('c', all(asset('a'), any(asset('b'), alias('x')))), producer('p', alias('x')));
      await event('a');
      await event('a');
      expect(await trigger()).toEqual({ claimed: 1, createdRuns: 0, errors: [] });
      const { run, change } = await running('p');
      await commit(settled(run, { ...change, assets: { read: [], written: [{ asset: spec('z'), extra: {}, aliases: ['x'] }] } }));
      expect((await trigger()).createdRuns).toBe(1);
      expect(await consumedBy((await runsOf('c'))[0]!)).toEqual(['z', 'a', 'a']);
    });

    it('pitfall 47: do not come of what happened while the DAG was paused, but of what waited before', async () => {
      await save(consumer('c', asset('a')), consumer('d', asset('a')));
      await store.catalog.setPaused(['c', 'd'], true, null, USER, T0);
      await event('a');
      await store.catalog.setPaused(['c'], false, null, USER, T0);
      expect((await trigger()).createdRuns).toBe(0);
      expect(await queued()).toEqual([]);
      await event('a');
      await store.catalog.setPaused(['c'], true, null, USER, T0);
      expect((await trigger()).createdRuns).toBe(0);
      expect(await queued()).toEqual(['c a']);
      await store.catalog.setPaused(['c'], false, null, USER, T0);
      expect((await trigger()).createdRuns).toBe(1);
    });

    it('are not made at the limit of runs: events wait, none is lost, and the end of a run makes place', async () => {
      await save(consumer('c', asset('a'), { maxActiveRuns: 1 }));
      await event('a', T0 + 1);
      await trigger();
      const [first] = await runsOf('c');
      await event('a', T0 + 2);
      await event('a', T0 + 3);
      expect(await trigger()).toMatchObject({ claimed: 1, createdRuns: 0 });
      expect(await trigger()).toMatchObject({ claimed: 0 });
      await commit(endRun(await read(first!), 'success', T0 + 4));
      expect(await trigger()).toMatchObject({ claimed: 1, createdRuns: 1 });
      const second = (await runsOf('c')).find(({ id }) => id !== first!.id);
      expect((await store.assets.listEvents({ triggeredRun: second!.id })).map(({ at }) => at)).toEqual([T0 + 2, T0 + 3]);
    });

    it('ignore what is older than the DAG without catchup, and begin with all of it with catchup', async () => {
      await save(producer('p', asset('a')));
      await event('a', T0 + 1);
      await save(consumer('fresh', asset('a')), consumer('whole', asset('a'), { catchup: true, startDate: T0 }));
      expect((await trigger()).createdRuns).toBe(0);
      await event('a', T0 + 2);
      expect((await trigger()).createdRuns).toBe(2);
      await event('a', T0 + 3);
      await trigger();
      const times = async (dagId: string) =>
        Promise.all(
          (await runsOf(dagId)).map(async ({ id }) =>
            (await store.assets.listEvents({ triggeredRun: id })).map(({ at }) => at - T0),
          ),
        );
      expect(await times('fresh')).toEqual([[2], [3]]);
      expect(await times('whole')).toEqual([[1, 2], [3]]);
    });

    it('come of a condition as it is now: what a DAG does not wait for any more is forgotten, what is left may be enough', async () => {
      await save(consumer('c', all(asset('a'), asset('b'), asset('gone'))));
      await event('a');
      await event('gone');
      await trigger();
      await save(consumer('c', all(asset('a'), asset('b'))));
      expect(await queued()).toEqual(['c a']);
      await save(consumer('c', asset('a')));
      expect((await trigger()).createdRuns).toBe(1);
    });

    it('are one run among schedulers that look at once', async () => {
      await save(...Array.from({ length: 6 }, (_, index) => consumer(`c${index}`, asset('a'))));
      for (let round = 0; round < 3; round++) {
        await event('a', T0 + round);
        await Promise.all([trigger(store), trigger(other), trigger(store), trigger(other)]);
        await trigger();
      }
      for (let index = 0; index < 6; index++) {
        const runs = await runsOf(`c${index}`);
        expect(runs).toHaveLength(3);
        expect((await Promise.all(runs.map(consumedBy))).flat()).toEqual(['a', 'a', 'a']);
      }
    });

    it('are looked for again later when planning one of them throws, and the others are made', async () => {
      await save(consumer('bad', asset('a')), consumer('good', asset('a')));
      await event('a');
      const error = new Error('no plan');
      const result = await store.scheduling.planAssetRuns(T0 + DAY, 10, (schedule) => {
        if (schedule.dag.dagId === 'bad') throw error;
        return planAssetRun(schedule);
      });
      expect(result).toEqual({ claimed: 2, createdRuns: 1, errors: [{ dagId: 'bad', error }] });
      expect((await trigger(store, T0 + DAY)).claimed).toBe(0);
      expect((await trigger(store, T0 + DAY + 30_000)).createdRuns).toBe(1);
    });

    it('can be prevented by taking events out of the queue', async () => {
      await save(consumer('c', asset('a')), consumer('d', any(asset('a'), asset('b'))));
      await event('a');
      await event('b');
      expect(await store.assets.listQueued({ dagId: 'd', asset: key('b') })).toMatchObject([
        { dagId: 'd', asset: key('b'), alias: null, at: T0 + 1 },
      ]);
      expect(await store.assets.deleteQueued({ dagId: 'c' })).toBe(1);
      expect(await store.assets.deleteQueued({ asset: key('b') })).toBe(1);
      expect(await queued()).toEqual(['d a']);
      expect((await trigger()).createdRuns).toBe(1);
    });

    it('take what they consumed with them when they are deleted, and the events stay', async () => {
      await save(consumer('c', asset('a')));
      await event('a');
      await trigger();
      const [run] = await runsOf('c');
      await commit(endRun(await read(run!), 'success', T0));
      expect(await store.runs.deleteRun(run!.id, USER)).toBe('deleted');
      expect(await store.assets.listLineage([run!.id])).toEqual([]);
      const [kept] = await store.assets.listEvents({});
      expect(await store.assets.findTriggeredRuns([kept!.id])).toEqual(new Map([[kept!.id, []]]));
    });

    it('go with their DAG, and so does what they consumed', async () => {
      await save(consumer('c', asset('a')), consumer('d', asset('a')));
      await event('a');
      await trigger();
      await event('a');
      const [run] = await runsOf('c');
      await commit(endRun(await read(run!), 'success', T0));
      expect(await store.catalog.deleteDag('c', USER)).toBe('deleted');
      expect(await store.assets.listLineage([run!.id])).toEqual([]);
      expect(await queued()).toEqual(['d a']);
      expect(await store.assets.listEvents({})).toHaveLength(2);
      await store.catalog.saveFiles([parsedFile('c.ts', [consumer('c', asset('a'))])], T0);
      expect(await queued()).toEqual(['d a']);
    });
  });
}
