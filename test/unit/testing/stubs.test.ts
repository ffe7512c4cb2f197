/** Stubs replace what a task does, and nothing else. */
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { context, dag, defineDag, PokeResult, SkipTask, task, type Ref, type Wired } from '../../../src/sdk/index.js';
import { testDag } from '../../../src/testing/index.js';

interface Order {
  id: number;
}

@dag({ schedule: null })
class Sales {
  @task.sensor({ mode: 'reschedule' }) async landed(): Promise<boolean | PokeResult<string>> {
    throw new Error('the real code ran');
  }
  @task() async extract(path: string): Promise<Order[]> {
    throw new Error(`the real code ran on ${path}`);
  }
  @task({ input: z.object({ id: z.number() }), output: z.number().max(100) }) async score(order: Order): Promise<number> {
    return order.id;
  }
  @task() async load(scores: number[]): Promise<void> {
    void scores;
  }
  wire(t: Wired<Sales>) {
    const scores = t.score.map(t.extract(t.landed() as Ref<string>));
    t.group('eu', (g) => g.load(scores));
  }
}

const found = new PokeResult(true, 'a.csv');

describe('stubs', () => {
  it('are values, or functions that get the inputs and the context', async () => {
    const run = await testDag(Sales, {
      stubs: {
        landed: found,
        extract: (path) => [{ id: path.length }],
        score: ({ id }) => id * 10 + context().mapIndex,
      },
    });
    expect(run.task('extract')).toMatchObject({ input: 'a.csv', output: [{ id: 5 }] });
    expect(run.task('score').outputs).toEqual([50]);
    expect(run.task('eu.load').input).toEqual([50]);
    expect(run.state).toBe('success');
  });

  it('stand for one value in all copies', async () => {
    const run = await testDag(Sales, { stubs: { landed: found, extract: [{ id: 1 }, { id: 2 }], score: 7, 'eu.load': undefined } });
    expect(run.task('eu.load').input).toEqual([7, 7]);
  });

  it('may skip and fail like tasks', async () => {
    const skipped = await testDag(Sales, {
      stubs: {
        landed: () => {
          throw new SkipTask('holiday');
        },
      },
    });
    expect(skipped.task('landed')).toMatchObject({ state: 'skipped', reason: 'holiday' });
    expect(skipped.task('eu.load').state).toBe('skipped');
  });

  it.each([
    ['a value that cannot be stored', { extract: [{ id: Number.NaN }] }, 'extract', 'XCOM_NOT_SERIALIZABLE', 'return_value[0].id'],
    ['an output that does not fit its schema', { extract: [{ id: 1 }], score: 1_000 }, 'score', 'D104', 'tasks.score.output'],
    [
      'an input that does not fit its schema',
      { extract: [{ id: 'x' }] as never, score: 1 },
      'score',
      'D104',
      'from task "extract"',
    ],
    ['a verdict that is none', { landed: 'yes' as never }, 'landed', 'VALUE_TYPE', 'tasks.landed'],
  ])('are checked: %s', async (_what, stubs, taskId, code, place) => {
    const run = await testDag(Sales, { stubs: { landed: found, ...stubs } });
    expect(run.task(taskId)).toMatchObject({ state: 'failed', error: { code } });
    expect(run.task(taskId).error?.message).toContain(place);
  });

  it('refuse the name of no task', async () => {
    await expect(testDag(Sales, { stubs: { extrct: [] } as never })).rejects.toThrow(
      /UNKNOWN_NAME: stubs\.extrct: DAG "sales" has no such task; allowed: .*; did you mean extract\?/,
    );
  });

  it('are named by task or by member', async () => {
    const twice = defineDag('twice', { schedule: null }, (d) => {
      const load = d.task('load', (): string => 'real');
      load.as('load_eu')();
      load.as('load_us')();
    });
    const all = await testDag(twice, { stubs: { load: 'stub' } });
    expect(all.tasks.map(({ output }) => output)).toEqual(['stub', 'stub']);
    const one = await testDag(twice, { stubs: { load_us: 'stub' } });
    expect([one.task('load_eu').output, one.task('load_us').output]).toEqual(['real', 'stub']);
  });
});

describe('task', () => {
  it('names the nearest task', async () => {
    const run = await testDag(Sales, { stubs: { landed: found, extract: [] } });
    expect(() => run.task('extrat')).toThrow(/NOT_FOUND: sales: .*, got "extrat"; allowed: .*; did you mean extract\?/);
  });
});
