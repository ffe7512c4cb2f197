/** The guide to callbacks: the DAG it shows compiles and is one. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checkDags } from '../../dist/dag-processor/check-dags.js';

const [, SHOWN = ''] = /^```ts\n([^]*?)^```$/m.exec(readFileSync(resolve('docs/guides/callbacks.md'), 'utf8')) ?? [];

let project: string;
beforeAll(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'callbacks-guide-')));
  mkdirSync(join(project, 'dags'));
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true });
  for (const name of ['typescript', '@types/node']) symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name));
  symlinkSync(resolve('.'), join(project, 'node_modules', 'airflow-like'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(join(project, 'dags', 'sales.ts'), SHOWN);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

it('shows a DAG with callbacks that the compiler takes', async () => {
  const checked = await checkDags({
    projectRoot: project,
    dagsFolder: join(project, 'dags'),
    pluginsFolder: null,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  expect(checked).toMatchObject({ typeCheckSkipped: null, files: 1, dags: 1, errors: [], warnings: [] });
}, 120_000);
