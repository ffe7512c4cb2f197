/** Schedules that wait for files, from the disk to the run, over both stores: real folders, the service that looks into them, the run creator. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createProjectFiles } from '../../src/app/project-files.js';
import type { DagSpec, ScheduleSpec } from '../../src/model/dag-spec.js';
import type { FileFolder } from '../../src/ports/file-folder.js';
import type { Logger } from '../../src/ports/logger.js';
import type { Store } from '../../src/ports/store.js';
import { FileWatcher } from '../../src/scheduler/file-watcher.js';
import { RunCreator } from '../../src/scheduler/run-creator.js';
import { createMemoryStore } from '../../src/store/memory/index.js';
import { openPostgresStore } from '../../src/store/postgres/index.js';
import { endRun } from '../conformance/commits.js';
import { dagSpec, parsedFile } from '../support/dag-specs.js';
import { createTestDatabase, silentLogger as SILENT, type TestDatabase } from '../support/postgres.js';

const START = Date.UTC(2026, 0, 10, 6);
const USER = { kind: 'user', id: 'ada' } as const;

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'file-schedules-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content = 'x', modifiedAt = START): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  utimesSync(join(root, path), modifiedAt / 1_000, modifiedAt / 1_000);
}

const watch = (changes: Partial<Extract<ScheduleSpec, { kind: 'fileWatch' }>> = {}): ScheduleSpec => ({
  kind: 'fileWatch',
  pattern: 'inbox/*.csv',
  settleMs: 2_000,
  existing: 'run',
  rewritten: 'run',
  text: 'fileWatch(inbox/*.csv)',
  ...changes,
});

/** A scheduler's part in it; a second one on the same store is another scheduler, or the same after a restart. */
class Watching {
  readonly warnings: string[] = [];
  readonly creator: RunCreator;
  readonly watcher: FileWatcher;

  constructor(
    readonly store: Store,
    folder: FileFolder = createProjectFiles(root, { answerMs: 100_000 }),
  ) {
    const quiet = () => undefined;
    const logger: Logger = {
      debug: quiet,
      info: quiet,
      warn: (_fields, message) => void this.warnings.push(message),
      error: (fields, message) => void this.warnings.push(`${message} ${String(Reflect.get(fields, 'err'))}`),
      child: () => logger,
    };
    this.watcher = new FileWatcher(folder, store.scheduling, logger);
    this.creator = new RunCreator(store.scheduling, new Map(), logger, this.watcher);
  }

  /** A pass and a look each second, from `from` to `to` (seconds after the start). */
  async pass(from: number, to: number): Promise<void> {
    for (let second = from; second <= to; second++) {
      await this.creator.runOnce(START + second * 1_000);
      await this.watcher.runOnce(START + second * 1_000);
    }
  }
}

const save = (store: Store, spec: DagSpec) => store.catalog.saveFiles([parsedFile(spec.file, [spec])], START);

/** Paths of the files that runs were made for, in order of creation. */
async function filesOf(store: Store, dagId = 'd'): Promise<readonly unknown[]> {
  const runs = await store.runs.listRuns({ dagId });
  return runs.toSorted((a, b) => a.id - b.id).map(({ conf }) => (conf['file'] as { path: string } | null)?.path ?? null);
}

let database: TestDatabase | null = null;
const STORES: readonly [string, () => Promise<Store>][] = [
  ['memory', async () => createMemoryStore({ now: () => START, sleep: async () => undefined })],
  [
    'Postgres',
    async () => {
      await database?.drop();
      database = await createTestDatabase();
      return openPostgresStore({ url: database.url, role: 'test' });
    },
  ],
];
afterAll(() => database?.drop());

describe.each(STORES)('in %s', (_name, open) => {
  let store: Store;
  beforeEach(async () => void (store = await open()));
  afterEach(() => store.close());

  it('a new file starts a run, once, also after a restart and beside another scheduler', async () => {
    await save(store, dagSpec('d', { schedule: watch() }));
    mkdirSync(join(root, 'inbox'));
    const first = new Watching(store);
    await first.pass(0, 5);
    expect(await filesOf(store)).toEqual([]);
    write('inbox/b.csv', 'x', START);
    write('inbox/a.csv', 'x', START + 1_000);
    write('inbox/a.txt');
    await first.pass(6, 15);
    expect(await filesOf(store)).toEqual(['inbox/b.csv', 'inbox/a.csv']);

    write('inbox/c.csv', 'x', START + 2_000);
    const [second, third] = [new Watching(store), new Watching(store)];
    await Promise.all([second.pass(16, 25), third.pass(16, 25)]);
    expect(await filesOf(store)).toEqual(['inbox/b.csv', 'inbox/a.csv', 'inbox/c.csv']);
    expect([...first.warnings, ...second.warnings, ...third.warnings]).toEqual([]);
    const [run] = await store.runs.listRuns({ dagId: 'd' });
    expect(run).toMatchObject({
      runType: 'scheduled',
      triggeredBy: 'timetable',
      logicalDate: null,
      dataInterval: null,
      state: 'running',
    });
    expect(run?.conf).toEqual({
      file: { path: 'inbox/b.csv', absolutePath: join(root, 'inbox/b.csv'), size: 1, modifiedAt: new Date(START).toISOString() },
    });
  });

  it('a file that still grows does not, until it has stayed the same', async () => {
    await save(store, dagSpec('d', { schedule: watch({ settleMs: 3_000 }) }));
    const watching = new Watching(store);
    for (let second = 0; second < 10; second++) {
      write('inbox/big.csv', 'x'.repeat(second + 1), START + second * 1_000);
      await watching.pass(second, second);
    }
    expect(await filesOf(store)).toEqual([]);
    await watching.pass(10, 15);
    expect(await filesOf(store)).toEqual(['inbox/big.csv']);
    expect((await store.runs.listRuns({ dagId: 'd' }))[0]?.conf['file']).toMatchObject({ size: 10 });
  });

  it.each([
    ['run', 2],
    ['ignore', 1],
  ] as const)('a file that is written anew: %s', async (rewritten, runs) => {
    await save(store, dagSpec('d', { schedule: watch({ rewritten }) }));
    write('inbox/a.csv');
    const watching = new Watching(store);
    await watching.pass(0, 5);
    write('inbox/a.csv', 'other', START + 5_000);
    await watching.pass(6, 12);
    expect(await filesOf(store)).toHaveLength(runs);
  });

  it('files that are there at the first look can be left alone, and later ones are not', async () => {
    await save(store, dagSpec('d', { schedule: watch({ existing: 'ignore' }) }));
    write('inbox/old.csv');
    await new Watching(store).pass(0, 5);
    write('inbox/new.csv');
    await new Watching(store).pass(6, 12);
    expect(await filesOf(store)).toEqual(['inbox/new.csv']);
  });

  it('an empty first look is a first look', async () => {
    await save(store, dagSpec('d', { schedule: watch({ existing: 'ignore' }) }));
    mkdirSync(join(root, 'inbox'));
    await new Watching(store).pass(0, 5);
    write('inbox/new.csv');
    await new Watching(store).pass(6, 12);
    expect(await filesOf(store)).toEqual(['inbox/new.csv']);
  });

  it('a crash between the decision and its commit neither loses nor repeats a file', async () => {
    await save(store, dagSpec('d', { schedule: watch() }));
    write('inbox/a.csv');
    const watching = new Watching(store);
    await watching.pass(0, 2);
    expect(await filesOf(store)).toEqual([]);
    // The pass that decides dies before anything of it is written.
    const dying: Store['scheduling'] = {
      ...store.scheduling,
      planDueDags: async (now, limit, plan) => {
        await store.scheduling.planDueDags(now, limit, (schedule) => {
          expect(plan(schedule).createRuns).toHaveLength(1);
          return { createRuns: [], startRuns: [], nextRun: null, checkAt: now };
        });
        throw new Error('power cut');
      },
    };
    await expect(new RunCreator(dying, new Map(), SILENT, watching.watcher).runOnce(START + 3_000)).rejects.toThrow('power cut');
    expect(await filesOf(store)).toEqual([]);
    await watching.pass(4, 6);
    await new Watching(store).pass(7, 15);
    expect(await filesOf(store)).toEqual(['inbox/a.csv']);
  });

  it('files wait in their folder while the DAG has no place for their runs', async () => {
    await save(store, dagSpec('d', { schedule: watch(), maxActiveRuns: 2 }));
    for (const name of ['a', 'b', 'c', 'd', 'e']) write(`inbox/${name}.csv`);
    const watching = new Watching(store);
    await watching.pass(0, 6);
    expect(await filesOf(store)).toEqual(['inbox/a.csv', 'inbox/b.csv']);
    await store.catalog.setPaused(['d'], true, null, USER, START);
    await watching.pass(7, 9);
    await store.catalog.setPaused(['d'], false, null, USER, START + 9_000);
    for (const run of await store.runs.listRuns({ dagId: 'd' })) {
      await store.scheduling.commit([endRun(run, 'success', START)], START);
    }
    await watching.pass(10, 16);
    expect((await filesOf(store)).slice(0, 4)).toEqual(['inbox/a.csv', 'inbox/b.csv', 'inbox/c.csv', 'inbox/d.csv']);
  });

  it('a folder that is missing or cannot be read is a warning, said once, and is found when it comes', async () => {
    await save(store, dagSpec('d', { schedule: watch() }));
    const watching = new Watching(store);
    await watching.pass(0, 5);
    expect(watching.warnings).toEqual(['file watch: the folder inbox does not exist']);
    write('inbox/a.csv');
    await watching.pass(6, 12);
    expect(await filesOf(store)).toEqual(['inbox/a.csv']);
    renameSync(join(root, 'inbox'), join(root, 'away'));
    await watching.pass(13, 14);
    renameSync(join(root, 'away'), join(root, 'inbox'));
    await watching.pass(15, 20);
    expect(await filesOf(store)).toEqual(['inbox/a.csv']);
    expect(watching.warnings).toHaveLength(2);
  });

  it('a run by time waits for its file, and gives up as it was told', async () => {
    const hybrid = (dagId: string, onTimeout: 'fail' | 'skip' | 'run') =>
      dagSpec(dagId, {
        startDate: START - 86_400_000,
        schedule: {
          kind: 'hybrid',
          time: { kind: 'delta', span: { months: 0, ms: 86_400_000 }, text: '1d' },
          file: `inbox/${dagId}-{{ ds }}.csv`,
          settleMs: 1_000,
          waitForMs: 10_000,
          onTimeout,
          text: '',
        },
        catchup: true,
      });
    for (const spec of [hybrid('there', 'fail'), hybrid('late', 'fail'), hybrid('skips', 'skip'), hybrid('goes', 'run')])
      await save(store, spec);
    mkdirSync(join(root, 'inbox'));
    write('inbox/there-2026-01-09.csv');
    const watching = new Watching(store);
    await watching.pass(0, 9);
    const stateOf = async (dagId: string) => (await store.runs.listRuns({ dagId })).map(({ state, note }) => [state, note]);
    expect(await stateOf('there')).toEqual([['running', null]]);
    expect(await filesOf(store, 'there')).toEqual(['inbox/there-2026-01-09.csv']);
    expect([await stateOf('late'), await stateOf('skips'), await stateOf('goes')]).toEqual([[], [], []]);
    await watching.pass(10, 12);
    expect(await stateOf('late')).toEqual([['failed', 'no file inbox/late-2026-01-09.csv within 10s']]);
    expect(await stateOf('skips')).toEqual([['success', 'no file inbox/skips-2026-01-09.csv within 10s']]);
    expect(await stateOf('goes')).toEqual([['running', null]]);
    expect(await filesOf(store, 'goes')).toEqual([null]);
    expect((await store.catalog.getDag('late'))?.dag.nextRun?.logicalDate).toBe(START);
  });

  it('a run that waits without catchup has its end recorded, although the next one is due by then', async () => {
    const day = 86_400;
    const schedule: ScheduleSpec = {
      kind: 'hybrid',
      time: { kind: 'delta', span: { months: 0, ms: day * 1_000 }, text: '1d' },
      file: 'inbox/{{ ds }}.csv',
      settleMs: 0,
      waitForMs: day * 1_000,
      onTimeout: 'fail',
      text: '',
    };
    await save(store, dagSpec('d', { schedule, startDate: START - day * 1_000 }));
    mkdirSync(join(root, 'inbox'));
    const watching = new Watching(store);
    await watching.pass(0, 2);
    await watching.pass(day - 1, day + 2);
    const runs = await store.runs.listRuns({ dagId: 'd', order: 'logical_date' });
    expect(runs.map(({ state, note }) => [state, note])).toEqual([['failed', 'no file inbox/2026-01-09.csv within 1d']]);
    write('inbox/2026-01-10.csv');
    await watching.pass(day + 3, day + 6);
    expect(await filesOf(store)).toEqual([null, 'inbox/2026-01-10.csv']);
  });
});

describe('the files of a project', () => {
  const look = async (pattern: string, maxFiles?: number) => {
    const { files, problem } = await createProjectFiles(root, {
      answerMs: 100_000,
      ...(maxFiles === undefined ? {} : { maxFiles }),
    }).look(pattern);
    return { paths: files.map(({ path }) => path).sort(), problem };
  };

  it('are found in depth, links to files included, hidden ones and links to folders left out', async () => {
    for (const path of ['in/a.csv', 'in/x/b.csv', 'in/x/y/c.csv', 'in/.hidden/d.csv', 'in/.e.csv', 'in/f.txt']) write(path);
    symlinkSync(join(root, 'in/a.csv'), join(root, 'in/link.csv'));
    symlinkSync(join(root, 'in'), join(root, 'in/x/circle'));
    symlinkSync('nowhere', join(root, 'in/dangling.csv'));
    mkdirSync(join(root, 'in/folder.csv'));
    expect(await look('in/**/*.csv')).toEqual({ paths: ['in/a.csv', 'in/link.csv', 'in/x/b.csv', 'in/x/y/c.csv'], problem: null });
    expect(await look('in/*.csv')).toEqual({ paths: ['in/a.csv', 'in/link.csv'], problem: null });
    expect(await look('in/*/*.csv')).toEqual({ paths: ['in/x/b.csv'], problem: null });
    expect(await look('in/a.csv')).toEqual({ paths: ['in/a.csv'], problem: null });
    expect(await look(join(root, 'in/*.txt'))).toEqual({ paths: [join(root, 'in/f.txt')], problem: null });
  });

  it('say what is wrong with a folder', async () => {
    write('in/a.csv');
    expect(await look('nowhere/*.csv')).toEqual({ paths: [], problem: 'the folder nowhere does not exist' });
    expect(await look('in/a.csv/*')).toEqual({ paths: [], problem: 'the folder in/a.csv is not a folder' });
    expect(await look('in/*', 0)).toMatchObject({ paths: [], problem: expect.stringMatching(/more than 0 files match/) });
    mkdirSync(join(root, 'closed'));
    chmodSync(join(root, 'closed'), 0o000);
    const closed = await look('closed/*');
    // Root may read everything.
    expect([null, 'the folder closed cannot be read: permission denied']).toContain(closed.problem);
    chmodSync(join(root, 'closed'), 0o755);
  });

  it('are ten thousand without harm', async () => {
    mkdirSync(join(root, 'many'));
    for (let index = 0; index < 10_000; index++) writeFileSync(join(root, 'many', `${index}.csv`), '');
    const { paths, problem } = await look('many/*.csv');
    expect([paths.length, problem]).toEqual([10_000, null]);
    expect(await look('many/*.csv', 1_000)).toMatchObject({ problem: expect.stringContaining('more than 1000 files match') });
  });
});
