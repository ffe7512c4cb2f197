/** The dag processor over a real folder: what is written, changed, broken, mended, moved and deleted, and what must not be taken for deleted. */
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { dagFile, DagFolder } from './dag-processor/dag-folder.js';

const SCAN_MS = 30_000;
const PROJECT_PLUGINS = new URL('../../plugins', import.meta.url).pathname;

let folder: DagFolder;
afterEach(() => folder.close());

describe('while it watches', () => {
  it('follows a file through its life', async () => {
    folder = new DagFolder();
    folder.write('first.ts', dagFile('First'));
    await folder.processor.start();
    expect(await folder.dagIds()).toEqual(['first']);

    folder.write('team/second.ts', dagFile('Second'));
    await folder.untilDags('first', 'second');

    folder.write('first.ts', dagFile('First').replace('async step', 'async other'));
    await folder.until(async () => (await folder.store.catalog.getDag('first'))?.spec.tasks[0]?.taskId === 'other');
    expect(await folder.store.catalog.listVersions('first')).toHaveLength(2);

    folder.write('first.ts', 'export const = ;');
    const problem = await folder.until(async () => (await folder.problems('first.ts'))[0] ?? false);
    expect(problem).toMatchObject({ code: 'IMPORT_ERROR', line: 1, column: 14 });
    expect((await folder.store.catalog.getDag('first'))?.spec.tasks[0]?.taskId).toBe('other');

    folder.write('first.ts', dagFile('First'));
    await folder.until(async () => (await folder.problems('first.ts')).length === 0);

    folder.remove('first.ts');
    await folder.untilDags('second');
    expect(await folder.store.catalog.listDags({ includeRetired: true })).toHaveLength(2);
  });

  it('retires the only DAG there is when its file is deleted', async () => {
    folder = new DagFolder();
    folder.write('only.ts', dagFile('Only'));
    await folder.processor.start();
    expect(await folder.dagIds()).toEqual(['only']);
    folder.remove('only.ts');
    await folder.untilDags();
  });

  it('B29: warns of a DAG that may have more tasks at once than run at all', async () => {
    folder = new DagFolder({ parallelism: 8 });
    folder.write('wide.ts', dagFile('Wide').replace('@dag()', '@dag({ maxActiveTasks: 9 })'));
    folder.write('fits.ts', dagFile('Fits').replace('@dag()', '@dag({ maxActiveTasks: 8 })'));
    folder.write('unsaid.ts', dagFile('Unsaid'));
    await folder.processor.start();
    expect(await folder.dagIds()).toEqual(['fits', 'unsaid', 'wide']);
    expect(folder.logged.filter((line) => line.includes('core.parallelism'))).toEqual([
      expect.stringContaining('wide.maxActiveTasks: 9 is more than core.parallelism, so at most 8 of its tasks run at once'),
    ]);
  });

  it('parses the importers of a changed helper, and mends a missing import when the file appears', async () => {
    folder = new DagFolder();
    folder.write(
      'uses.ts',
      `import { limit } from './lib/limit.js';\n${dagFile('Uses').replace('@dag()', '@dag({ description: `${limit}` })')}`,
    );
    await folder.processor.start();
    expect(await folder.problems()).toEqual([
      expect.objectContaining({ code: 'IMPORT_ERROR', file: 'uses.ts', line: 1, value: './lib/limit.js' }),
    ]);

    folder.write('lib/limit.ts', 'export const limit = 1;\n');
    const descriptionIs = (text: string) => async () => (await folder.store.catalog.getDag('uses'))?.spec.description === text;
    await folder.until(descriptionIs('1'));
    await folder.until(async () => (await folder.problems()).length === 0);

    folder.write('lib/limit.ts', 'export const limit = 2;\n');
    await folder.until(descriptionIs('2'));
  });

  it('keeps a DAG through a rename of its file', async () => {
    folder = new DagFolder();
    folder.write('old.ts', dagFile('Moved'));
    folder.write('other.ts', dagFile('Other'));
    await folder.processor.start();
    renameSync(join(folder.dags, 'old.ts'), join(folder.dags, 'new.ts'));
    await folder.until(async () => {
      const moved = await folder.store.catalog.getDag('moved');
      return moved?.dag.file === 'new.ts' && !moved.dag.isRetired && (await folder.problems()).length === 0;
    });
  });

  it('says which of two files may not define a DAG, and lets it when the other goes', async () => {
    folder = new DagFolder();
    folder.write('a.ts', dagFile('Same'));
    await folder.processor.start();
    folder.write('b.ts', dagFile('Same'));
    await folder.until(async () => (await folder.problems('b.ts')).some(({ code }) => code === 'DAG_DUPLICATE'));
    expect((await folder.store.catalog.getDag('same'))?.dag.file).toBe('a.ts');
    folder.remove('a.ts');
    await folder.until(async () => (await folder.store.catalog.getDag('same'))?.dag.file === 'b.ts');
    await folder.until(async () => (await folder.problems()).length === 0);
  });

  it('follows plugins that a DAG file imports', async () => {
    folder = new DagFolder();
    cpSync(PROJECT_PLUGINS, folder.plugins, { recursive: true });
    folder.write('delivery.ts', USES_BOTH);
    await folder.processor.start();
    expect(await folder.problems()).toEqual([]);
    const before = await folder.store.catalog.listVersions('delivery');
    writeFileSync(join(folder.plugins, 'checksum.ts'), `// changed\nexport * from './checksum2.js';\n`);
    cpSync(join(PROJECT_PLUGINS, 'checksum.ts'), join(folder.plugins, 'checksum2.ts'));
    await folder.until(async () => (await folder.store.catalog.listVersions('delivery')).length > before.length);
    const [newest] = [...(await folder.store.catalog.listVersions('delivery'))].sort((a, b) => b.number - a.number);
    const bundle = await folder.store.catalog.getBundle(newest?.bundleHash as string);
    expect(bundle?.files.map(({ path }) => path)).toEqual(['../plugins/checksum.ts', '../plugins/checksum2.ts', 'delivery.ts']);
  });
});

const USES_BOTH = `import { dag, timetable, type Wired } from 'airflow-like';
import { checksum } from '../plugins/checksum.js';

@dag({ schedule: timetable('business_days', { holidays: ['2026-12-25'] }), startDate: '2026-01-01' })
export class Delivery {
  sum = checksum({ path: 'orders.csv', retries: 1 });

  wire(t: Wired<Delivery>) {
    t.sum();
  }
}
`;

describe('what is not there', () => {
  it('retires after three complete scans without the file, not before', async () => {
    folder = new DagFolder();
    folder.write('goes.ts', dagFile('Goes'));
    folder.write('stays.ts', dagFile('Stays'));
    const start = Date.now();
    await folder.settle(start);
    folder.remove('goes.ts');
    await folder.settle(start + SCAN_MS);
    await folder.settle(start + 2 * SCAN_MS);
    expect(await folder.dagIds()).toEqual(['goes', 'stays']);
    await folder.settle(start + 3 * SCAN_MS);
    expect(await folder.dagIds()).toEqual(['stays']);
  });

  it.each([
    ['vanished', (dags: string) => renameSync(dags, `${dags}-away`)],
    ['emptied', (dags: string) => rmSync(join(dags, 'keeps.ts'))],
    [
      'replaced by an empty mount',
      (dags: string) => {
        renameSync(dags, `${dags}-away`);
        mkdirSync(dags);
      },
    ],
  ])('retires nothing when the folder has %s', async (_name, harm) => {
    folder = new DagFolder();
    folder.write('keeps.ts', dagFile('Keeps'));
    const start = Date.now();
    await folder.settle(start);
    harm(folder.dags);
    for (let scan = 1; scan <= 5; scan++) await folder.settle(start + scan * SCAN_MS);
    expect(await folder.dagIds()).toEqual(['keeps']);
    expect(folder.logged.filter((message) => message.startsWith('DAGs folder: '))).toHaveLength(1);
  });

  (process.getuid?.() === 0 ? it.skip : it)('retires nothing when a folder cannot be read', async () => {
    folder = new DagFolder();
    folder.write('team/keeps.ts', dagFile('Keeps'));
    folder.write('stays.ts', dagFile('Stays'));
    const start = Date.now();
    await folder.settle(start);
    chmodSync(join(folder.dags, 'team'), 0);
    for (let scan = 1; scan <= 5; scan++) await folder.settle(start + scan * SCAN_MS);
    chmodSync(join(folder.dags, 'team'), 0o755);
    expect(await folder.dagIds()).toEqual(['keeps', 'stays']);
  });

  it('knows from the catalog what an earlier life had found', async () => {
    folder = new DagFolder();
    folder.write('stays.ts', dagFile('Stays'));
    await folder.store.catalog.saveFiles(
      [{ path: 'was.ts', contentHash: 'x', bundle: null, dags: [], errors: [], warnings: [], parseMs: 1 }],
      Date.now(),
    );
    const start = Date.now();
    for (let scan = 0; scan < 3; scan++) {
      expect([...(await folder.store.catalog.knownFiles()).keys()]).toContain('was.ts');
      await folder.settle(start + scan * SCAN_MS);
    }
    expect([...(await folder.store.catalog.knownFiles()).keys()]).toEqual(['stays.ts']);
  });

  it('retires at once what a rule excludes', async () => {
    folder = new DagFolder();
    folder.write('old/one.ts', dagFile('One'));
    folder.write('two.ts', dagFile('Two'));
    const start = Date.now();
    await folder.settle(start);
    folder.write('.airflowlikeignore', '# not now\nold/\n');
    await folder.settle(start + SCAN_MS);
    expect(await folder.dagIds()).toEqual(['two']);
  });
});

describe('odd folders', () => {
  it('reads only source files, warns about a link that leads in a circle, and skips a link to nothing', async () => {
    folder = new DagFolder();
    folder.write('real/one.ts', dagFile('One'));
    folder.write('types.d.ts', 'export type A = 1;\n');
    folder.write('one.test.ts', 'throw new Error("a test was imported");\n');
    folder.write('node_modules/pkg/index.ts', 'throw new Error("a package was imported");\n');
    folder.write('.hidden/x.ts', 'throw new Error("a hidden file was imported");\n');
    folder.write('notes.md', '# notes\n');
    symlinkSync('..', join(folder.dags, 'real', 'up'));
    symlinkSync('nowhere.ts', join(folder.dags, 'dangling.ts'));
    await folder.settle();
    expect(await folder.dagIds()).toEqual(['one']);
    expect([...(await folder.store.catalog.knownFiles()).keys()]).toEqual(['real/one.ts']);
    expect(folder.logged).toContainEqual(expect.stringContaining('real/up: a link leads back'));
  });

  it('says so when there are more files than it reads', async () => {
    folder = new DagFolder({ maxFiles: 2 });
    for (const name of ['A', 'B', 'C']) folder.write(`${name}.ts`, dagFile(name));
    await folder.settle();
    expect(await folder.dagIds()).toEqual(['a', 'b']);
    expect(folder.logged).toContainEqual(expect.stringContaining('more than 2 source files'));
  });

  it('finds nothing changed without parsing again', async () => {
    folder = new DagFolder();
    folder.write('one.ts', dagFile('One'));
    const start = Date.now();
    await folder.settle(start);
    expect(await folder.processor.runOnce(start + SCAN_MS)).toEqual({ processed: 0, more: false });
  });

  it('reads plain schedules as the configuration says', async () => {
    folder = new DagFolder({ cronDataIntervals: false });
    folder.write('one.ts', dagFile('One').replace('@dag()', "@dag({ schedule: '@daily' })"));
    await folder.settle();
    expect(await folder.problems()).toEqual([]);
    expect((await folder.store.catalog.getDag('one'))?.spec.schedule).toMatchObject({ kind: 'cronTrigger', text: '@daily' });
  });
});
