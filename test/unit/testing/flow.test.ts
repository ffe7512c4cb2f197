/** Whole runs of DAGs that decide, clean up, and go on without what is not critical: as an author writes them. */
import { describe, expect, it } from '@jest/globals';
import { dag, task, type Wired } from '../../../src/sdk/index.js';
import { testDag } from '../../../src/testing/index.js';

@dag()
class Sizes {
  @task() async size(): Promise<'big' | 'small'> {
    return 'big';
  }
  @task() async rows(): Promise<number[]> {
    return [1, 2, 3];
  }
  @task() async sum(rows: number[]): Promise<number> {
    return rows.reduce((a, b) => a + b, 0);
  }
  @task() async skim(rows: number[]): Promise<number> {
    return rows[0] ?? 0;
  }
  @task({ triggerRule: 'none_failed_min_one_success' }) async report(big?: number, small?: number): Promise<string> {
    return `${big ?? 'no'} big, ${small ?? 'no'} small`;
  }
  wire(t: Wired<Sizes>) {
    const rows = t.rows();
    const { big, small } = t.choose(t.size(), { big: () => t.sum(rows), small: () => t.skim(rows) });
    t.report(big, small);
  }
}

describe('choose', () => {
  it.each([
    ['big', { sum: 'success', skim: 'skipped' }, '6 big, no small'],
    ['small', { sum: 'skipped', skim: 'success' }, 'no big, 1 small'],
  ] as const)('goes on with %s', async (size, states, report) => {
    const run = await testDag(Sizes, { stubs: { size } });
    expect({ sum: run.task('sum').state, skim: run.task('skim').state }).toEqual(states);
    expect(run.task('report').output).toBe(report);
    expect(run.state).toBe('success');
  });

  it('fails for a value without a case', async () => {
    const run = await testDag(Sizes, { stubs: { size: 'huge' as 'big' } });
    expect(run.state).toBe('failed');
    expect(run.task('choose_size').error?.code).toBe('BRANCH_INVALID');
  });
});

@dag()
class Files {
  @task() async found(): Promise<{ path: string } | null> {
    return null;
  }
  @task() async read({ path }: { path: string }): Promise<string> {
    return path;
  }
  @task({ triggerRule: 'none_failed' }) async report(texts: (string | undefined)[]): Promise<number> {
    return texts.filter((text) => text !== undefined && text !== null).length;
  }
  wire(t: Wired<Files>) {
    const text = t.when(t.found(), (file) => t.read(file));
    t.report([text]);
  }
}

describe('when', () => {
  it.each([
    [{ path: 'a' }, 'success', 1],
    [null, 'skipped', 0],
  ])('of %j is %s', async (found, read, report) => {
    const run = await testDag(Files, { stubs: { found } });
    expect(run.task('read').state).toBe(read);
    expect(run.task('report').output).toBe(report);
  });
});
