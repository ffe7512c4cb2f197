import { describe, expect, it } from '@jest/globals';
import type { System } from '../../../src/cli/system.js';
import type { Blocker, Explanation } from '../../../src/model/explanation.js';
import { dagRun, listing, NOW, runFake } from './fake-cli.js';

const binding: Blocker = {
  code: 'pool_full',
  text: 'its pool "small" has 1 of 1 slot taken, and it needs 1: sales.extract in r1',
  isBinding: true,
  becomes: null,
  until: null,
  holders: ['sales.extract in r1'],
};
const second: Blocker = {
  ...binding,
  code: 'max_active_tasks',
  text: 'its run has 1 task under way',
  isBinding: false,
  holders: [],
};
const load: Explanation = {
  dagId: 'sales',
  runId: 'r1',
  taskId: 'load',
  mapIndex: -1,
  state: 'scheduled',
  summary: `load is scheduled and waits: ${binding.text}`,
  blockers: [binding, second],
  nextLookAt: NOW + 5_000,
};
const contents = { dags: [listing('sales')], runs: [dagRun('r1', { state: 'running' })] };
const system: Partial<System> = {
  explainTask: async () => load,
  explainRun: async () => [load, { ...load, taskId: 'extract' }],
  explainDag: async () => ({
    dagId: 'sales',
    summary: 'sales has no newer run: the next run is due at 2026-03-02T01:00:00Z',
    blockers: [{ ...binding, code: 'not_due', until: NOW + 60_000, holders: [] }],
    nextLookAt: NOW + 60_000,
  }),
};

describe('tasks explain', () => {
  it('says what binds, what else is in the way, and when it is looked at next', async () => {
    const { code, stdout } = await runFake(['tasks', 'explain', 'sales', 'load', 'r1'], contents, system);
    expect(code).toBe(0);
    expect(stdout).toContain(`${load.summary}\n`);
    expect(stdout).toMatch(/yes +\| pool_full +\| its pool "small"/);
    expect(stdout).toMatch(/\n +\| max_active_tasks/);
    expect(stdout).toContain('It is looked at again at 2026-03-01T12:00:05');
  });

  it('gives programs everything', async () => {
    const { stdout } = await runFake(['tasks', 'explain', 'sales', 'load', 'r1', '-o', 'json'], contents, system);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        dag_id: 'sales',
        task_id: 'load',
        map_index: -1,
        state: 'scheduled',
        next_look_at: expect.stringContaining('2026-03-01T12:00:05'),
        blockers: [
          { code: 'pool_full', is_binding: true, holders: ['sales.extract in r1'], until: null },
          { code: 'max_active_tasks', is_binding: false },
        ],
      },
    ]);
  });

  it('knows runs and DAGs only', async () => {
    expect(await runFake(['tasks', 'explain', 'sales', 'load', 'r2'], contents, system)).toMatchObject({ code: 1, stdout: '' });
    expect((await runFake(['tasks', 'explain', 'sale', 'load', 'r1'], contents, system)).stderr).toContain('did you mean sales');
  });
});

describe('dags explain', () => {
  it('says what the next run waits for, and what its unfinished runs do', async () => {
    const { stdout } = await runFake(['dags', 'explain', 'sales'], contents, system);
    expect(stdout).toContain('sales has no newer run');
    expect(stdout).toMatch(/r1 +\| running +\| 2 +\| pool_full/);
    const { stdout: json } = await runFake(['dags', 'explain', 'sales', '-o', 'json'], contents, system);
    expect(JSON.parse(json)).toMatchObject([
      { dag_id: 'sales', blockers: [{ code: 'not_due' }], runs: [{ run_id: 'r1', waiting: 2 }] },
    ]);
  });

  it('lists the waiting tasks of a run', async () => {
    const { stdout } = await runFake(['dags', 'explain', 'sales', 'r1', '-o', 'json'], contents, system);
    expect(JSON.parse(stdout)).toMatchObject([{ task_id: 'load', code: 'pool_full' }, { task_id: 'extract' }]);
    const idle = await runFake(['dags', 'explain', 'sales', 'r1'], contents, { ...system, explainRun: async () => [] });
    expect(idle.stdout).toBe('r1 is running, and no task of it waits.\n');
  });
});
