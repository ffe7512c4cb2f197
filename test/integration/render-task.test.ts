/** `tasks render`: fields of a task that has run, and of one that has not, from the code of the run's version. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../src/app/client.js';
import { renderTask } from '../../src/app/render-task.js';
import { compileBundle } from '../../src/dag-processor/compile-bundle.js';
import { evaluateBundle } from '../../src/loading/evaluate-bundle.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import { collectDags } from '../../src/sdk/collect-dags.js';
import { hashSpec } from '../../src/sdk/spec-hash.js';
import { createMemoryStore } from '../../src/store/memory/index.js';
import { runCommit, start } from '../conformance/commits.js';
import { newRun } from '../support/dag-specs.js';

const T0 = Date.UTC(2026, 0, 10);
const SOURCE = `import { bash, dag, task, type Wired } from 'airflow-like';
@dag({ schedule: '@daily', startDate: '2026-01-01' })
export class Sales {
  say = bash({ command: 'echo {{ ds }} {{ conn.db.password }}', env: ({ taskId }) => ({ TASK: taskId }) });
  wrong = bash({ command: 'echo {{ params.nope }}' });
  @task() async plain(): Promise<number> { return 1; }
  wire(t: Wired<Sales>) { t.say(); t.wrong(); t.plain(); }
}
`;
const folder = mkdtempSync(join(tmpdir(), 'render-'));
const clock = { now: () => T0 + 5, sleep: () => Promise.resolve() };
const store = createMemoryStore(clock);
const client = {
  store,
  clock,
  config: { config: { core: { dagsFolder: folder, maxTemplatedFieldLength: 4_096, maxXComBytes: 1_000 } } },
} as unknown as Client;
let run: DagRun;

async function instance(taskId: string): Promise<TaskInstance> {
  return (await store.runs.listTaskInstances([run.id])).find((row) => row.taskId === taskId) as TaskInstance;
}

beforeAll(async () => {
  process.env['AIRFLOW_LIKE_CONN_DB'] = 'postgres://me:hunter22@h';
  writeFileSync(join(folder, 'sales.ts'), SOURCE);
  const compiled = await compileBundle(folder, 'sales.ts');
  if (!('bundle' in compiled)) throw new Error(JSON.stringify(compiled.problems));
  const { bundle } = compiled;
  const { dags } = collectDags(await evaluateBundle(bundle, { originalRoot: folder }), 'sales.ts');
  const { spec } = dags[0]!;
  const parsed = { path: 'sales.ts', contentHash: bundle.hash, bundle, errors: [], warnings: [], parseMs: 0 };
  await store.catalog.saveFiles([{ ...parsed, dags: [{ spec, specHash: hashSpec(spec) }] }], T0);
  // The file goes on; the run keeps its version.
  writeFileSync(join(folder, 'sales.ts'), 'export {};');
  const created = await store.runs.createRun('sales', newRun('r1', T0), { kind: 'test', id: 't' }, T0);
  run = (created as { run: DagRun }).run;
});

afterAll(() => {
  delete process.env['AIRFLOW_LIKE_CONN_DB'];
  rmSync(folder, { recursive: true });
});

describe('the template fields of a task instance', () => {
  it('that has not run are rendered now, without secrets, and nothing is stored', async () => {
    expect(await renderTask(client, run, await instance('say'))).toEqual({
      source: 'now',
      fields: ['command', 'env', 'cwd'],
      values: { command: 'echo 2026-01-10 ***', env: { TASK: 'say' } },
    });
    expect(await store.runs.listAttempts([(await instance('say')).id])).toEqual([]);
  });

  it('that has run are those of its last attempt', async () => {
    await store.scheduling.commit([runCommit(run, { changes: [start(await instance('say'), 'w', T0)] })], T0);
    const running = await instance('say');
    await store.attempts.setRendered(running.token as string, { command: 'as it was' });
    expect(await renderTask(client, run, running)).toMatchObject({ source: 'attempt', values: { command: 'as it was' } });
  });

  it('that cannot be rendered are named with the place of the mistake', async () => {
    await expect(renderTask(client, run, await instance('wrong'))).rejects.toThrow(
      'TEMPLATE_ERROR: field command 1:16: "params" has no "nope"',
    );
  });

  it('of a method are none', async () => {
    expect(await renderTask(client, run, await instance('plain'))).toEqual({ source: 'now', fields: [], values: {} });
  });
});
