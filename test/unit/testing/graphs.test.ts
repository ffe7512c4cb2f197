/** Runs of graphs of many shapes: what reaches a task, and what keeps it from running. */
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  bash,
  context,
  dag,
  defineDag,
  defineDags,
  SkipTask,
  task,
  type DagBuilder,
  type TaskOptions,
  type Wired,
} from '../../../src/sdk/index.js';
import { day, hour, testDag, VirtualClock } from '../../../src/testing/index.js';

const manual = (wire: (d: DagBuilder) => void) => defineDag('sample', { schedule: null }, (d) => void wire(d));
const fails = () => {
  throw new Error('failing on purpose');
};
const skips = () => {
  throw new SkipTask('nothing to do');
};

describe('mapping', () => {
  it('makes one copy per element of a list', async () => {
    const run = await testDag(
      manual((d) => {
        const square = d.task('square', (n: number, plus: number) => n * n + plus);
        d.task('total', (squares: number[]) => squares.reduce((sum, n) => sum + n, 0))(
          square.map(d.task('numbers', () => [1, 2, 3])(), 10),
        );
      }),
    );
    const square = run.task('square');
    expect(square.instances.map(({ mapIndex, inputs, output }) => [mapIndex, inputs, output])).toEqual([
      [0, [1, 10], 11],
      [1, [2, 10], 14],
      [2, [3, 10], 19],
    ]);
    expect(square.outputs).toEqual([11, 14, 19]);
    expect(run.task('total')).toMatchObject({ input: [11, 14, 19], output: 44 });
    expect(() => square.output).toThrow(/STATE_CONFLICT: task\("square"\)\.output: .* its 3 copies .* use mapped\(i\)\.output/);
    expect(() => square.mapped(3)).toThrow(/NOT_FOUND: square: there is no such copy, got 3; allowed: 0 to 2/);
    expect(() => run.task('total').mapped(0)).toThrow(/NOT_FOUND: total: this task is not mapped/);
  });

  it('hands [key, value] pairs of an object to its copies', async () => {
    const run = await testDag(
      manual((d) => {
        const label = d.task('label', ([name, price]: readonly [string, number]) => `${name}=${price}`);
        label.map(d.task('prices', (): Record<string, number> => ({ pear: 2, apple: 1 }))());
        label.as('literal').map({ fig: 3 });
      }),
    );
    expect(run.task('label').outputs).toEqual(['apple=1', 'pear=2']);
    expect(run.task('literal').mapped(0)).toMatchObject({ input: ['fig', 3], output: 'fig=3' });
  });

  it('pitfall 38: skips what is mapped over nothing; a source without elements fails itself', async () => {
    const dag = manual((d) => {
      const one = d.task('one', (n: number) => n);
      one.map(d.task('source', (): number[] => [])());
    });
    const empty = await testDag(dag);
    expect(empty.task('one')).toMatchObject({ state: 'skipped', reason: 'mapped_over_nothing', outputs: [] });
    const wrong = await testDag(dag, { stubs: { source: 5 } });
    expect(wrong.task('one')).toMatchObject({ state: 'upstream_failed', error: null });
    expect(wrong.task('source').error).toMatchObject({ code: 'EXPAND_TYPE' });
    expect(wrong.toString()).toContain('EXPAND_TYPE: expected array or object, got a number (from xcom source.return_value)');
  });

  it('shows a failed copy among others', async () => {
    const run = await testDag(
      manual((d) => {
        const check = d.task('check', (n: number) => (n === 2 ? fails() : n));
        d.task('all', (numbers: number[]) => numbers)(check.map([1, 2, 3]));
      }),
    );
    expect(run.task('check')).toMatchObject({ state: 'failed', error: { message: 'failing on purpose' } });
    expect(run.task('check').instances.map(({ state }) => state)).toEqual(['success', 'failed', 'success']);
    expect(run.task('all').state).toBe('upstream_failed');
  });
});

describe('groups', () => {
  it('gives ids and order', async () => {
    const order: string[] = [];
    const step = (name: string) => () => void order.push(name);
    const run = await testDag(
      manual((d) => {
        const staging = d.group('staging', (g) => {
          g.group('raw', (inner) => inner.task('copy', step('copy'))());
          return g.task('clean', step('clean'))();
        });
        const first = d.task('first', step('first'))();
        staging.after(first);
        d.task('last', step('last'))().after(staging);
      }),
    );
    expect(run.tasks.map(({ taskId }) => taskId).sort()).toEqual(['first', 'last', 'staging.clean', 'staging.raw.copy']);
    expect(run.task('staging.raw.copy').state).toBe('success');
    expect([order[0], order.slice(1, 3).sort(), order[3]]).toEqual(['first', ['clean', 'copy'], 'last']);
  });
});

describe('what happens after a task that did not succeed', () => {
  const after = (parents: readonly (() => unknown)[], options: TaskOptions) =>
    manual((d) => {
      const ends = parents.map((parent, index) => d.task(`parent_${index}`, parent)());
      d.task('child', options, () => 'ran')().after(...ends);
    });
  const works = () => 1;

  it.each([
    ['all_success', [works, works], 'success'],
    ['all_success', [works, skips], 'skipped'],
    ['all_success', [works, fails], 'upstream_failed'],
    ['all_done', [works, fails], 'success'],
    ['all_done', [skips, fails], 'success'],
    ['one_failed', [works, fails], 'success'],
    ['one_failed', [works, works], 'skipped'],
    ['none_failed', [works, skips], 'success'],
    ['none_failed', [skips, fails], 'upstream_failed'],
  ] as const)('%s after %p is %s', async (triggerRule, parents, state) => {
    const run = await testDag(after(parents, { triggerRule }));
    expect(run.task('child').state).toBe(state);
  });

  it('carries a skip on to the end of the chain, and the run succeeds', async () => {
    const run = await testDag(
      manual((d) => {
        const tail = d
          .task('tail', () => 1)()
          .after(
            d
              .task('middle', () => 1)()
              .after(d.task('head', skips)()),
          );
        d.task('report', { triggerRule: 'all_done' }, () => 1)().after(tail);
      }),
    );
    expect(run.tasks.map(({ taskId, state }) => [taskId, state])).toEqual(
      expect.arrayContaining([
        ['head', 'skipped'],
        ['middle', 'skipped'],
        ['tail', 'skipped'],
        ['report', 'success'],
      ]),
    );
    expect(run.task('head').reason).toBe('nothing to do');
    expect(run.state).toBe('success');
  });
});

describe('the run around the tasks', () => {
  it('lets a task that depends on the past go when there is none', async () => {
    const run = await testDag(
      defineDag('daily', { schedule: '@daily', startDate: '2026-01-01', catchup: true }, (d) => {
        d.task('load', { dependsOnPast: true, waitForDownstream: true }, () => 1)();
      }),
      { logicalDate: '2026-03-29' },
    );
    expect(run.task('load').state).toBe('success');
  });

  it('takes the interval from the schedule when only the date is given', async () => {
    const dag = defineDag('nightly', { schedule: '0 2 * * *', timezone: 'Europe/Paris', startDate: '2026-01-01' }, (d) => {
      d.task('look', () => context().dataInterval)();
    });
    const run = await testDag(dag, { logicalDate: '2026-03-27T02:00' });
    expect(run.task('look').output).toEqual({ start: new Date('2026-03-27T01:00Z'), end: new Date('2026-03-28T01:00Z') });
    expect(run.clock.now()).toBe(Date.parse('2026-03-28T01:00Z'));
  });

  it('shows tasks the interval, the date and the params', async () => {
    const seen = defineDag('seen', { schedule: null, params: z.object({ limit: z.number().min(1).default(100) }) }, (d) => {
      d.task('look', () => {
        const { dataInterval, logicalDate, params, runAfter } = context();
        return { dataInterval, logicalDate, params, runAfter };
      })();
    });
    const dataInterval = day('2026-03-29', 'Europe/Paris');
    const run = await testDag(seen, { dataInterval, params: { limit: 5 } });
    expect(run.task('look').output).toEqual({
      dataInterval,
      logicalDate: dataInterval.start,
      params: { limit: 5 },
      runAfter: dataInterval.end,
    });
    const plain = await testDag(seen);
    expect(plain.task('look').output).toMatchObject({ dataInterval: null, logicalDate: null, params: { limit: 100 } });
    await expect(testDag(seen, { params: { limit: 0 } })).rejects.toThrow(/PARAM_INVALID: conf: params\.limit/);
    await expect(testDag(seen, { conf: { at: new Date() } })).rejects.toThrow(/JSON_INVALID: conf\.at/);
  });

  it('runs operators', async () => {
    @dag({ schedule: null })
    class Shell {
      ingest = bash({ command: 'echo "got $1"' });
      @task() async path(): Promise<string> {
        return 'a.csv';
      }
      wire(t: Wired<Shell>) {
        t.ingest(t.path());
      }
    }
    const run = await testDag(Shell);
    expect(run.task('ingest')).toMatchObject({ state: 'success', inputs: ['a.csv'], output: 'got a.csv' });
  });

  it('takes pools and limits of copies as they are', async () => {
    let active = 0;
    let most = 0;
    const run = await testDag(
      manual((d) => {
        const score = d.task('score', { pool: 'cpu', maxActiveTisPerDagrun: 3 }, async (n: number) => {
          most = Math.max(most, ++active);
          await new Promise((resolve) => setImmediate(resolve));
          active--;
          return n;
        });
        score.map([1, 2, 3, 4, 5, 6, 7]);
      }),
    );
    expect(run.task('score').outputs).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });

  it('hands dates, maps and big numbers on as they are', async () => {
    const value = { at: new Date(5), big: 5n, map: new Map([['a', new Set([1])]]), bytes: new Uint8Array([1, 2]) };
    const run = await testDag(manual((d) => d.task('load', (given: unknown) => given)(d.task('make', () => value)())));
    expect(run.task('load').input).toEqual(value);
    expect(run.task('load').output).toEqual(value);
  });
});

it('runs every hour of a month', async () => {
  const hourly = defineDag('hourly', { schedule: '@hourly', startDate: '2026-01-01' }, (d) => {
    const count = d.task('count', (numbers: number[]) => numbers.length);
    d.task('load', (total: number) => [total, context().dataInterval])(count(d.task('extract', () => [1, 2, 3])()));
  });
  for (let index = 0; index < 720; index++) {
    const start = new Date(Date.UTC(2026, 3, 1, index));
    const dataInterval = hour(start.toISOString().slice(0, 13));
    const run = await testDag(hourly, { dataInterval });
    expect(run.task('load').output).toEqual([3, { start, end: new Date(start.getTime() + 3_600_000) }]);
  }
});

describe('what testDag accepts', () => {
  const family = defineDags({ eu: 1, us: 2 }, (rate, region) =>
    defineDag(`sales_${region}`, { schedule: null }, (d) => d.task('rate', () => rate)()),
  );

  it('runs a member of a family', async () => {
    const run = await testDag(family.dags[1]!);
    expect(run.dagId).toBe('sales_us');
    expect(run.task('rate').output).toBe(2);
  });

  it.each([
    ['a family', family, /EXPORT_INVALID: testDag: these are several DAGs/],
    ['an object', {}, /EXPORT_INVALID: testDag: this is no DAG/],
    ['a class without @dag', VirtualClock, /EXPORT_INVALID: testDag: this is no DAG/],
    [
      'a DAG with a cycle',
      manual((d) => {
        const [a, b] = [d.task('a', () => 1)(), d.task('b', () => 1)()];
        a.after(b.after(a));
      }),
      /DAG_CYCLE: .*a -> b -> a|b -> a -> b/,
    ],
  ])('refuses %s', async (_what, value, message) => {
    await expect(testDag(value as never)).rejects.toThrow(message);
  });

  it('refuses dates that are none', async () => {
    const dag = manual((d) => d.task('a', () => 1)());
    await expect(testDag(dag, { logicalDate: '2026-02-30' })).rejects.toThrow(
      /DATE_INVALID: logicalDate: February 2026 has 28 days/,
    );
    await expect(testDag(dag, { dataInterval: { start: '2026-02-02', end: '2026-02-01' } })).rejects.toThrow(
      /DATE_ORDER: dataInterval/,
    );
    await expect(testDag(dag, { now: 'soon' })).rejects.toThrow(/DATE_INVALID/);
  });
});
