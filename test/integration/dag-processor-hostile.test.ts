/** DAG files that misbehave, in real children: each is answered with its code, its neighbours are parsed, nothing is left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ParsedFile } from '../../src/model/dag.js';
import { DagFolder } from './dag-processor/dag-folder.js';

const CORPUS = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'hostile-dags');

/** File, code, line (null: unknown), a part of the message. */
const FAILURES: readonly (readonly [file: string, code: string, line: number | null, message: RegExp])[] = [
  ['never-ends.ts', 'IMPORT_TIMEOUT', 3, /did not end after 8 s \(busy in line 3\)/],
  ['never-settles.ts', 'IMPORT_TIMEOUT', 4, /did not end after 8 s \(at await in line 4\)/],
  ['forks-a-child.ts', 'IMPORT_TIMEOUT', 4, /busy in line 4/],
  ['exits-0.ts', 'IMPORT_EXITED', 2, /ended the process with code 0/],
  ['exits-3.ts', 'IMPORT_EXITED', 2, /ended the process with code 3/],
  ['aborts.ts', 'IMPORT_CRASHED', null, /SIGABRT/],
  ['kills-itself.ts', 'IMPORT_CRASHED', null, /SIGKILL/],
  ['eats-heap.ts', 'IMPORT_MEMORY', null, /more than 128 MB/],
  ['eats-buffers.ts', 'IMPORT_MEMORY', null, /more than 128 MB/],
  ['throws-text.ts', 'IMPORT_ERROR', null, /non-Error thrown: "text"/],
  ['throws-undefined.ts', 'IMPORT_ERROR', null, /non-Error thrown: undefined/],
  ['throws-error.ts', 'IMPORT_ERROR', 6, /RangeError: size 3 is too much/],
  ['throws-later.ts', 'IMPORT_ERROR', 1, /nobody waits for me/],
  ['syntax-error.ts', 'IMPORT_ERROR', 2, /Expression expected/],
  ['missing-import.ts', 'IMPORT_ERROR', 2, /cannot import "\.\/shape\/sqare\.js": no such file/],
  ['missing-package.ts', 'IMPORT_ERROR', 1, /package "no-such-package-at-all" is not installed/],
  ['missing-export.ts', 'IMPORT_ERROR', 4, /no export named "tsk"/],
  ['outside-import.ts', 'IMPORT_ERROR', 1, /outside the DAGs folder/],
  ['circular-too-early.ts', 'IMPORT_ERROR', 3, /Cannot access 'value' before initialization/],
];

const GOOD_DAGS = [
  'changes_globals',
  'circular',
  'good_first',
  'good_last',
  'leaves_timers',
  'opens_a_port',
  'prints_a_lot',
  'takes_long',
];

const WARNINGS: readonly (readonly [file: string, message: RegExp])[] = [
  ['opens-a-port.ts', /left something open \(TCPServerWrap\)/],
  ['leaves-timers.ts', /left something open \(Timeout\)/],
  ['takes-long.ts', /importing takes-long\.ts took [1-7]\.\d s/],
];

describe('a folder of hostile DAG files', () => {
  const saved: ParsedFile[] = [];
  let folder: DagFolder;

  beforeAll(async () => {
    folder = new DagFolder({ importTimeoutMs: 8_000, maxImportMb: 128, childIdleMs: 200 });
    cpSync(CORPUS, folder.dags, { recursive: true });
    cpSync(join(CORPUS, '..', 'outside.ts'), join(folder.root, 'outside.ts'));
    const { catalog } = folder.store;
    const saveFiles = catalog.saveFiles.bind(catalog);
    catalog.saveFiles = (files, now) => {
      saved.push(...files);
      return saveFiles(files, now);
    };
    await folder.settle();
  }, 120_000);

  afterAll(() => folder.close());

  const savedOf = (file: string): ParsedFile => saved.find(({ path }) => path === file) as ParsedFile;

  it.each(FAILURES)('%s -> %s', (file, code, line, message) => {
    const { errors, dags } = savedOf(file);
    expect(dags).toEqual([]);
    expect(errors).toEqual([expect.objectContaining({ code, file, line, message: expect.stringMatching(message) })]);
  });

  it.each(WARNINGS)('%s is parsed, with the warning D201', (file, message) => {
    const { errors, warnings, dags } = savedOf(file);
    expect(dags).toHaveLength(1);
    expect(errors).toEqual([]);
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'D201', message: expect.stringMatching(message) }));
  });

  it('parses every neighbour, also those after a file that stole the channel or changed globals', async () => {
    const ids = await folder.dagIds();
    expect(GOOD_DAGS.filter((id) => !ids.includes(id))).toEqual([]);
    expect(savedOf('z-good.ts').errors).toEqual([]);
  });

  it('suggests the nearest file and export', () => {
    expect(savedOf('missing-import.ts').errors[0]?.suggestion).toBe('./shape/square.js');
    expect(savedOf('missing-export.ts').errors[0]?.suggestion).toBe('task');
  });

  it('says of a file without a DAG that it has none, but not of one that others import', () => {
    expect(savedOf('no-dag.ts').warnings).toEqual([expect.objectContaining({ code: 'NO_DAG_FOUND' })]);
    expect(savedOf('circular-partner.ts').warnings).toEqual([]);
    expect(savedOf('circular-partner.ts').errors).toEqual([]);
  });

  it('leaves no process behind', async () => {
    await folder.processor.stop();
    await folder.until(async () => folder.leftProcesses().length === 0);
  });
});

describe('around the children', () => {
  it('leaves no child behind when the dag processor is killed, not even one that never ends', async () => {
    const folder = new DagFolder();
    cpSync(join(CORPUS, 'never-ends.ts'), join(folder.dags, 'never-ends.ts'));
    const [pool, [name, value]] = [new URL('../../dist/dag-processor/child-pool.js', import.meta.url).href, folder.mark.split('=')];
    const script = `
      const { ChildPool } = await import('${pool}');
      const pool = new ChildPool({ env: { ${name}: ${JSON.stringify(value)} } });
      void pool.parse({ dagsFolder: ${JSON.stringify(folder.dags)}, pluginsFolder: null, path: 'never-ends.ts' });
      process.stdout.write('started');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    const isSpinning = async (): Promise<boolean> => folder.leftProcesses().some((pid) => cpuTicksOf(pid) > 40);
    await folder.until(isSpinning);
    parent.kill('SIGKILL');
    await folder.until(async () => folder.leftProcesses().length === 0);
    await folder.close();
  });

  it('blames no file when children cannot start, and tries again', async () => {
    const folder = new DagFolder({ maxImportMb: 1 });
    cpSync(join(CORPUS, 'a-good.ts'), join(folder.dags, 'a-good.ts'));
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(folder.processor.runOnce(Date.now())).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    expect(await folder.problems()).toEqual([]);
    expect(folder.logged).toContainEqual(expect.stringContaining('a parser process did not start'));
    await folder.close();
  });
});

/** Processor time that a process has used, in hundredths of a second. */
function cpuTicksOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[11] ?? 0);
  } catch {
    return 0;
  }
}
