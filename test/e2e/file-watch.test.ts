/** A folder that is watched, as a user sees it: `standalone`, files that are dropped, a power cut, what the command line says. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Installation } from '../support/installation.js';

const SINCE = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();
const READY = `ready-${SINCE.slice(0, 10)}`;

const DAGS = `import { context, dag, fileWatch, hybrid, task, type Wired } from 'airflow-like';
import { appendFileSync, readFileSync } from 'node:fs';

const note = (text: string) => appendFileSync(process.env['AIRFLOW_LIKE_VAR_ROOT'] + '/notes', text + '\\n');

@dag({ schedule: fileWatch('inbox/*.csv', { settleFor: '1s' }) })
export class Inbox {
  @task() async read() {
    const { path, absolutePath } = context().conf['file'] as { path: string; absolutePath: string };
    note(path + ' ' + readFileSync(absolutePath, 'utf8'));
  }
  wire(t: Wired<Inbox>) { t.read(); }
}

@dag({
  schedule: hybrid('1s', { file: 'inbox/ready-{{ ds }}', waitFor: '1h' }),
  startDate: '${SINCE}', endDate: '${SINCE}', catchup: true,
})
export class Waiting {
  @task() async go() { note('waiting ' + (context().conf['file'] as { path: string }).path); }
  wire(t: Wired<Waiting>) { t.go(); }
}
`;

let installation: Installation;
beforeAll(() => {
  installation = new Installation({ dags: { 'inbox.ts': DAGS } });
  mkdirSync(join(installation.root, 'inbox'));
});
afterAll(() => installation.dispose());

function drop(name: string, content: string): void {
  const aside = join(installation.root, 'dropping');
  writeFileSync(aside, content);
  renameSync(aside, join(installation.root, 'inbox', name));
}
const notes = (): readonly string[] => {
  try {
    return readFileSync(join(installation.root, 'notes'), 'utf8').trim().split('\n').sort();
  } catch {
    return [];
  }
};
const noted = (count: number) => eventually(() => (notes().length >= count ? notes() : null));

describe('a watched folder', () => {
  it('has a run for each file, once, across a power cut', async () => {
    drop('a.csv', '1');
    const first = await installation.startStandalone();
    expect(await noted(1)).toEqual(['inbox/a.csv 1']);
    expect(first.stdout).toContain('waits for new files');
    drop('b.csv', '2');
    expect(await noted(2)).toEqual(['inbox/a.csv 1', 'inbox/b.csv 2']);
    // A task that is cut off is made again, and would note twice.
    await first.printed(/success\s+inbox[^]*success\s+inbox/);
    await installation.cutPower();

    drop('c.csv', '3');
    drop(READY, '');
    await installation.startStandalone();
    expect(await noted(4)).toEqual(['inbox/a.csv 1', 'inbox/b.csv 2', 'inbox/c.csv 3', `waiting inbox/${READY}`]);
    const runs = await installation.json<{ run_id: string; logical_date: string | null }>('dags', 'list-runs', 'inbox');
    expect(runs).toHaveLength(3);
    expect(runs.map(({ run_id }) => run_id)).toEqual(
      Array.from({ length: 3 }, () => expect.stringMatching(/^scheduled__\S+\+00:00_[0-9a-f]{8}$/)),
    );
    const next = await installation.run('dags', 'next-execution', 'inbox', '-n', '3');
    expect(next).toMatchObject({ code: 0, stderr: expect.stringContaining('inbox runs when a new file matches inbox/*.csv') });
  });
});
