import { describe, expect, it } from '@jest/globals';
import { dagSpec, importProblem, newRun, parsedFile } from '../../support/dag-specs.js';
import { change, dispatch, runCommit } from '../commits.js';
import { T0, USER, type StoreSuite } from './suite.js';

export function describeCatalog({ store, harness, save, create, read, instancesOf, instance, commit, oneRun }: StoreSuite): void {
  describe('catalog', () => {
    it('stores versions, bundles and files, and knows them again', async () => {
      const spec = dagSpec('d', { params: { jsonSchema: { type: 'object' }, defaults: { n: 1 } } });
      const file = parsedFile('d.ts', [spec]);
      expect(await store.catalog.saveFiles([file], T0)).toEqual({ changed: ['d'], retired: [], problems: [] });
      const listing = (await store.catalog.getDag('d'))!;
      expect(listing.spec).toEqual({ ...spec, file: 'd.ts' });
      expect(listing.dag).toMatchObject({ isPaused: false, isRetired: false, versionNumber: 1, file: 'd.ts', lastParsedAt: T0 });
      expect(await store.catalog.getBundle(file.bundle!.hash)).toEqual(file.bundle);
      expect(await store.catalog.knownFiles()).toEqual(new Map([['d.ts', file.contentHash]]));
      expect((await store.catalog.getVersion(listing.dag.currentVersionId))?.version).toMatchObject({
        dagId: 'd',
        number: 1,
        bundleHash: file.bundle!.hash,
        specHash: file.dags[0]!.specHash,
      });
      expect(await store.catalog.saveFiles([file], T0 + 5)).toEqual({ changed: [], retired: [], problems: [] });
      expect(await store.catalog.listVersions('d')).toHaveLength(1);
    });

    it('gives changed content a new version and old content its old one', async () => {
      const first = parsedFile('d.ts', [dagSpec('d')]);
      const second = parsedFile('d.ts', [dagSpec('d')], {}, 'v2');
      await store.catalog.saveFiles([first], T0);
      const before = (await store.catalog.getDag('d'))!.dag.currentVersionId;
      expect((await store.catalog.saveFiles([second], T0)).changed).toEqual(['d']);
      expect((await store.catalog.getDag('d'))!.dag.versionNumber).toBe(2);
      expect((await store.catalog.saveFiles([first], T0)).changed).toEqual(['d']);
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ currentVersionId: before, versionNumber: 1 });
      expect((await store.catalog.listVersions('d')).map((version) => version.number)).toEqual([2, 1]);
    });

    it('keeps the last good version of a file with errors, and clears them when it is mended', async () => {
      await save(dagSpec('d'));
      const problem = importProblem('d.ts', { value: 'quote " and \\ and \u0000', stack: 'at x' });
      const broken = parsedFile('d.ts', [], { errors: [problem, importProblem('d.ts', { line: 1 })] }, 'broken');
      expect(await store.catalog.saveFiles([broken], T0)).toMatchObject({ changed: [], retired: [] });
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isRetired: false, hasImportErrors: true });
      expect((await store.catalog.listImportProblems()).map((found) => found.line)).toEqual([1, 3]);
      await save(dagSpec('d'));
      expect(await store.catalog.listImportProblems()).toEqual([]);
      expect((await store.catalog.getDag('d'))!.dag.hasImportErrors).toBe(false);
    });

    it('retires DAGs whose file is gone or no longer holds them, keeps their history, and takes them back', async () => {
      await store.catalog.saveFiles([parsedFile('f.ts', [dagSpec('x'), dagSpec('y')])], T0);
      const run = await create('y', newRun('r', T0));
      const without = parsedFile('f.ts', [dagSpec('x')], {}, 'v2');
      expect(await store.catalog.saveFiles([without], T0)).toMatchObject({ retired: ['y'] });
      expect((await store.catalog.listDags()).map(({ dag }) => dag.dagId)).toEqual(['x']);
      expect((await store.catalog.listDags({ includeRetired: true })).map(({ dag }) => dag.dagId)).toEqual(['x', 'y']);
      expect(await read(run)).toEqual(run);
      expect(await store.catalog.retireFiles(['f.ts'], T0)).toEqual(['x']);
      expect(await store.catalog.listDags()).toEqual([]);
      expect((await store.catalog.knownFiles()).size).toBe(0);
      const back = await store.catalog.saveFiles([parsedFile('f.ts', [dagSpec('x'), dagSpec('y')])], T0);
      expect(back.changed).toEqual(['x', 'y']);
      expect((await store.catalog.getDag('y'))!.dag.isRetired).toBe(false);
    });

    it('leaves a DAG id to its first live owner', async () => {
      await store.catalog.saveFiles([parsedFile('a.ts', [dagSpec('d')])], T0);
      const later = parsedFile('b.ts', [dagSpec('d', { position: { file: 'b.ts', line: 4, column: 2 } }), dagSpec('e')]);
      const saved = await store.catalog.saveFiles([later], T0);
      expect(saved.changed).toEqual(['e']);
      expect(saved.problems).toMatchObject([{ code: 'DAG_DUPLICATE', file: 'b.ts', line: 4, column: 2, value: 'd' }]);
      expect(await store.catalog.listImportProblems()).toEqual(saved.problems);
      expect((await store.catalog.getDag('d'))!.dag.file).toBe('a.ts');
      await store.catalog.retireFiles(['a.ts'], T0);
      expect((await store.catalog.knownFiles()).get('b.ts')).toBe('');
      expect((await store.catalog.saveFiles([later], T0)).changed).toEqual(['d']);
      expect((await store.catalog.getDag('d'))!.dag.file).toBe('b.ts');
    });

    it('lets a DAG move between files of one batch, and picks the first path among new ones', async () => {
      await store.catalog.saveFiles([parsedFile('a.ts', [dagSpec('d')])], T0);
      const moved = await store.catalog.saveFiles([parsedFile('a.ts', [], {}, 'v2'), parsedFile('b.ts', [dagSpec('d')])], T0);
      expect(moved).toMatchObject({ changed: ['d'], retired: [], problems: [] });
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ file: 'b.ts', isRetired: false });
      const both = await store.catalog.saveFiles([parsedFile('z.ts', [dagSpec('n')]), parsedFile('y.ts', [dagSpec('n')])], T0);
      expect(both.problems).toMatchObject([{ file: 'z.ts', value: 'n' }]);
      expect((await store.catalog.getDag('n'))!.dag.file).toBe('y.ts');
    });

    it('pauses and resumes, naming the DAGs whose flag changed', async () => {
      await save(dagSpec('d'), dagSpec('e', { isPausedUponCreation: true }));
      expect(await store.catalog.setPaused(['d', 'e', 'missing'], true, 'holiday', USER, T0)).toEqual(['d']);
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: true, pausedReason: 'holiday' });
      expect(await store.catalog.setPaused(['d'], true, null, USER, T0)).toEqual([]);
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: true, pausedReason: 'holiday' });
      expect(await store.catalog.setPaused(['d'], true, 'strike', USER, T0)).toEqual([]);
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: true, pausedReason: 'strike' });
      expect(await store.catalog.setPaused(['d', 'e'], false, null, USER, T0)).toEqual(['d', 'e']);
      expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: false, pausedReason: null });
      expect((await harness.events()).filter((event) => event.entity === 'dag').map((event) => event.to)).toEqual([
        'paused',
        'active',
        'active',
      ]);
    });

    it('deletes a DAG with its history, but not while attempts are under way', async () => {
      const run = await oneRun();
      const keep = await create((await save(dagSpec('e')), 'e'), newRun('r', T0));
      const a = await instance(run, 'a');
      await commit(runCommit(run, { changes: [dispatch(a, T0)] }));
      expect(await store.catalog.deleteDag('d', USER)).toBe('running');
      const queued = await instance(run, 'a');
      await commit(
        runCommit(await read(run), {
          changes: [
            {
              ...change(queued, ['none'], { token: null }),
              endAttempt: { state: 'cleared', endedAt: T0, reason: null, error: null },
            },
          ],
        }),
      );
      expect(await store.catalog.deleteDag('d', USER)).toBe('deleted');
      expect(await store.catalog.deleteDag('d', USER)).toBe('missing');
      expect(await store.runs.getRun(run.id)).toBeNull();
      expect(await instancesOf(run)).toEqual([]);
      expect(await read(keep)).toEqual(keep);
      expect((await harness.events()).filter((event) => event.entity !== 'dag').map((event) => event.entityId)).toEqual([
        keep.id,
        keep.id,
      ]);
    });
  });
}
