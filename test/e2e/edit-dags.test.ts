import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Installation, type RunningCommand } from '../support/installation.js';
import { LAB_TOOLS, openGate, readLedger } from '../support/lab-dags.js';

const source = (className: string, options: string, task: string, wire = 't.work();') => `${LAB_TOOLS}
@dag({ schedule: null${options} })
export class ${className} {
  @task() async work() { note(); ${task} }
  @task({ optional: true }) async more(n: number) { return n; }
  wire(t: Wired<${className}>) { ${wire} }
}`;

/** The line of the decorator in `source`. */
const DECORATOR_LINE = LAB_TOOLS.split('\n').length + 1;

interface Problem {
  readonly filepath: string;
  readonly error: string;
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly value: string | null;
  readonly allowed: string | null;
  readonly suggestion: string | null;
}

/** A mistake made in a file that was good, and what is said about it. */
const MISTAKES: readonly (readonly [name: string, text: string, problem: object])[] = [
  [
    'a syntax error',
    source('Edited', '', 'return 1 +;'),
    { code: 'IMPORT_ERROR', error: expect.stringContaining('Expression expected'), line: DECORATOR_LINE + 2, column: 44 },
  ],
  [
    'an unknown option',
    source('Edited', ', maxActiveRun: 2', ''),
    {
      code: 'OPTION_UNKNOWN',
      error: expect.stringContaining('there is no option "maxActiveRun"'),
      line: DECORATOR_LINE,
      value: '2',
      allowed: expect.stringContaining('maxActiveRuns, maxActiveTasks'),
      suggestion: 'maxActiveRuns',
    },
  ],
  [
    'an output used as a value',
    source('Edited', '', 'return 1;', 'const n = t.work(); if (n > 3) t.more(n);'),
    { code: 'D101', error: expect.stringContaining('output of task "work" is not known yet'), line: DECORATOR_LINE + 4 },
  ],
  [
    'a cycle',
    source('Edited', '', 'return 1;', 'const n = t.work(); n.after(t.more(n));'),
    { code: 'DAG_CYCLE', error: expect.stringContaining('work -> more -> work') },
  ],
  [
    'a file that never ends',
    `${source('Edited', '', '')}\nfor (;;);`,
    { code: 'IMPORT_TIMEOUT', error: expect.stringContaining('did not end'), line: DECORATOR_LINE + 6 },
  ],
];

let installation: Installation;
let standalone: RunningCommand;

beforeAll(async () => {
  installation = new Installation({
    dags: { 'edited.ts': source('Edited', '', '') },
    env: { AIRFLOW_LIKE__DAG_PROCESSOR__IMPORT_TIMEOUT_MS: '8000' },
  });
  standalone = await installation.startStandalone();
});

afterAll(() => installation.dispose());

const dagIds = async () => (await installation.json<{ dag_id: string }>('dags', 'list')).map((row) => row.dag_id);

async function problems(): Promise<Problem[]> {
  const { code, stdout } = await installation.run('dags', 'list-import-errors', '-o', 'json');
  const rows = JSON.parse(stdout) as Problem[];
  expect(code).toBe(rows.length > 0 ? 1 : 0);
  return rows;
}

/** Asks until `isWanted`; the test's own timeout bounds it. */
async function problemsUntil(isWanted: (rows: readonly Problem[]) => boolean): Promise<Problem[]> {
  for (;;) {
    const rows = await problems();
    if (isWanted(rows)) return rows;
  }
}

async function runsOnce(dagId: string, runId: string): Promise<void> {
  expect(await installation.run('dags', 'trigger', dagId, '-r', runId)).toMatchObject({ code: 0 });
  await standalone.printed(new RegExp(`success\\s+${dagId}\\s+${runId}`));
  expect(readLedger(installation.root, runId)).toHaveLength(1);
}

describe('editing DAGs while the system runs', () => {
  it('takes up a new file when it was saved', async () => {
    installation.writeDag('fresh.ts', source('Fresh', '', ''));
    await standalone.printed(/● fresh/);
    expect(await dagIds()).toEqual(['edited', 'fresh']);
    await runsOnce('fresh', 'first');
  });

  it.each(MISTAKES)(
    'names %s, goes on with the last good version, and forgets it when it is mended',
    async (name, text, problem) => {
      installation.writeDag('edited.ts', text);
      const [found, ...others] = await problemsUntil((rows) => rows.length > 0);
      expect(others).toEqual([]);
      expect(found).toMatchObject({ ...problem, filepath: expect.stringMatching(/\/dags\/edited\.ts$/) });
      expect(found!.line).toBeGreaterThan(0);
      expect(found!.column).toBeGreaterThan(0);

      expect(await dagIds()).toEqual(['edited', 'fresh']);
      await runsOnce('edited', name.replaceAll(' ', '-'));

      installation.writeDag('edited.ts', source('Edited', `, tags: ['${name}']`, ''));
      await problemsUntil((rows) => rows.length === 0);
    },
    180_000,
  );

  it('runs other files and takes up new ones while one never ends', async () => {
    installation.writeDag('endless.ts', 'await new Promise(() => setInterval(() => undefined, 1_000));');
    installation.writeDag('also-endless.ts', 'for (;;);');
    installation.writeDag('beside.ts', source('Beside', '', ''));
    await standalone.printed(/● beside/);
    await runsOnce('beside', 'beside-endless');
    const rows = await problemsUntil((found) => found.length === 2);
    expect(rows.map((row) => row.code)).toEqual(['IMPORT_TIMEOUT', 'IMPORT_TIMEOUT']);
    installation.removeDag('endless.ts');
    installation.removeDag('also-endless.ts');
    await problemsUntil((found) => found.length === 0);
  }, 180_000);

  it('keeps a running run on the version it began with, and gives the next run the new one', async () => {
    const held = (answer: string) =>
      `${LAB_TOOLS}
@dag({ schedule: null })
export class Versioned {
  @task() async first() { await hold(); }
  @task() async second() { appendFileSync(root + '/versions', context().runId + ' ${answer}\\n'); }
  wire(t: Wired<Versioned>) { t.second().after(t.first()); }
}`;
    installation.writeDag('versioned.ts', held('old'));
    await standalone.printed(/● versioned/);
    expect((await installation.run('dags', 'trigger', 'versioned', '-r', 'before-the-edit')).code).toBe(0);
    await eventually(() => (readLedger(installation.root, 'before-the-edit').length === 1 ? true : null));
    installation.writeDag('versioned.ts', held('new'));
    await standalone.printed(/● versioned[^]*● versioned/);
    expect((await installation.run('dags', 'trigger', 'versioned', '-r', 'after-the-edit')).code).toBe(0);
    openGate(installation.root, 'after-the-edit');
    await standalone.printed(/success\s+versioned\s+after-the-edit/);
    openGate(installation.root, 'before-the-edit');
    await standalone.printed(/success\s+versioned\s+before-the-edit/);
    expect(readFileSync(join(installation.root, 'versions'), 'utf8')).toBe('after-the-edit new\nbefore-the-edit old\n');
  }, 180_000);

  it('pitfall 62: clears a run with its own version, or with the tasks of the newest when asked', async () => {
    const renewed = (answer: string, second: string) =>
      `${LAB_TOOLS}
@dag({ schedule: null })
export class Renewed {
  @task() async work() { appendFileSync(root + '/renewed', '${answer}\\n'); }
  @task() async ${second}() { appendFileSync(root + '/renewed', '${second}\\n'); }
  wire(t: Wired<Renewed>) { t.${second}().after(t.work()); }
}`;
    const written = (words: string) =>
      eventually(() => {
        const file = join(installation.root, 'renewed');
        return existsSync(file) && readFileSync(file, 'utf8') === words.replaceAll(' ', '\n') + '\n' ? true : null;
      });
    installation.writeDag('renewed.ts', renewed('old', 'leaves'));
    await standalone.printed(/● renewed/);
    expect((await installation.run('dags', 'trigger', 'renewed', '-r', 'mine')).code).toBe(0);
    const ended = (times: number) => standalone.printed(new RegExp(Array(times).fill('success\\s+renewed\\s+mine').join('[^]*')));
    await written('old leaves');
    await ended(1);
    installation.writeDag('renewed.ts', renewed('new', 'comes'));
    await standalone.printed(/● renewed[^]*● renewed/);

    const kept = await installation.run('tasks', 'clear', 'renewed', '--run-id', 'mine', '-y');
    expect(kept.stderr).toContain('1 run keeps its older version of renewed');
    await written('old leaves old leaves');
    await ended(2);

    const taken = await installation.run('dags', 'clear', 'renewed', '--run-id', 'mine', '--latest-version', '-y', '-o', 'json');
    const rows = JSON.parse(taken.stdout) as { effect: string; task_id: string }[];
    expect(rows.map((row) => `${row.effect} ${row.task_id}`)).toEqual(['clear work', 'remove leaves', 'add comes']);
    await written('old leaves old leaves new comes');
    await ended(3);
    expect(await installation.json('tasks', 'states-for-dag-run', 'renewed', 'mine')).toMatchObject([
      { task_id: 'comes', state: 'success' },
      { task_id: 'leaves', state: 'removed' },
      { task_id: 'work', state: 'success' },
    ]);
  }, 180_000);

  it('retires the DAG of a deleted file and keeps its runs', async () => {
    installation.removeDag('fresh.ts');
    await standalone.printed(/○ fresh/);
    expect(await dagIds()).not.toContain('fresh');
    const runs = await installation.json<{ run_id: string; state: string }>('dags', 'list-runs', 'fresh');
    expect(runs).toEqual([expect.objectContaining({ run_id: 'first', state: 'success' })]);

    installation.writeDag('fresh.ts', source('Fresh', '', ''));
    await standalone.printed(/● fresh[^]*● fresh/);
    await runsOnce('fresh', 'second');
  }, 180_000);
});
