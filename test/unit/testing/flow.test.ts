/* oxlint-disable unicorn/no-thenable -- rules of retry policies */
/** Whole runs of DAGs that decide, clean up, and go on without what is not critical: as an author writes them. */
import { describe, expect, it } from '@jest/globals';
import {
  dag,
  defineDag,
  each,
  empty,
  latestOnly,
  task,
  type DagBuilder,
  type DagOptions,
  type Wired,
} from '../../../src/sdk/index.js';
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

const made = (wire: (d: DagBuilder) => void, options: DagOptions = {}) =>
  defineDag('sample', { schedule: null, ...options }, (d) => void wire(d));
const fails = (): never => {
  throw new Error('failing on purpose');
};

describe('a branch', () => {
  it.each<[string | string[] | null, Record<string, string>]>([
    ['a', { a: 'success', b: 'skipped', below_a: 'success', join: 'success' }],
    [['a', 'g'], { a: 'success', b: 'skipped', 'g.c': 'success' }],
    [null, { a: 'skipped', b: 'skipped', below_a: 'skipped', 'g.c': 'skipped', join: 'skipped', drop: 'success' }],
  ])('that returns %j goes on with that', async (choice, states) => {
    const run = await testDag(
      made((d) => {
        const step = d.task('step', (...inputs: unknown[]) => inputs.length);
        const make = d.setup('make', () => 1)();
        const pick = d
          .branch('pick', () => choice)()
          .after(make);
        const a = step.as('a')().after(pick);
        const b = step.as('b')().after(pick);
        const below = step.as('below_a')().after(a);
        const group = d.group('g', () => step.as('c')()).after(pick);
        const join = d
          .operator('join', empty({ triggerRule: 'none_failed_min_one_success' }))()
          .after(below, b, group);
        d.teardown('drop', () => 1)().after(make, pick, join);
      }),
    );
    for (const [taskId, state] of Object.entries(states)) expect([taskId, run.task(taskId).state]).toEqual([taskId, state]);
    expect(run.state).toBe('success');
  });
});

describe('a short circuit', () => {
  it.each([
    [true, 'success', 'success'],
    [false, 'skipped', 'skipped'],
  ])('of %p', async (go, child, grandchild) => {
    const run = await testDag(
      made((d) => {
        const step = d.task('step', () => 1);
        const child = step
          .as('child')()
          .after(d.shortCircuit('go', () => go)());
        d.task('grandchild', { triggerRule: 'all_done' }, () => 1)().after(child);
      }),
    );
    expect([run.task('child').state, run.task('grandchild').state]).toEqual([child, grandchild]);
  });

  it('can leave the rules of others alone', async () => {
    const run = await testDag(
      made((d) => {
        const child = d
          .task('child', () => 1)()
          .after(d.shortCircuit('go', { ignoreDownstreamTriggerRules: false }, () => 0)());
        d.task('grandchild', { triggerRule: 'all_done' }, () => 1)().after(child);
      }),
    );
    expect([run.task('child').state, run.task('grandchild').state]).toEqual(['skipped', 'success']);
  });
});

describe('latestOnly', () => {
  it('lets a run by hand go on', async () => {
    const run = await testDag(
      made(
        (d) =>
          void d
            .task('send', () => 1)()
            .after(d.operator('newest', latestOnly())()),
      ),
    );
    expect([run.task('newest').state, run.task('send').state]).toEqual(['success', 'success']);
  });
});

describe('a teardown', () => {
  it('runs when the work fails, and does not save the run', async () => {
    const run = await testDag(
      made((d) => {
        const cluster = d.setup('make', () => 'cluster')();
        d.scope(cluster, d.teardown('drop', (name: string) => `dropped ${name}`)(cluster), () => d.task('work', fails)());
      }),
    );
    expect(run.task('drop').output).toBe('dropped cluster');
    expect(run.state).toBe('failed');
  });
});

describe('a task that is not critical', () => {
  const partial = (options: { orElse: boolean }) =>
    made((d) => {
      const extra = d.task('extra', { critical: false }, (): number => fails())();
      d.task('follows', () => 'went on')().after(extra);
      d.task('takes', { critical: false }, (n: number) => n + 1)(options.orElse ? extra.orElse(41) : extra);
    });

  it('leaves its run partial; who follows it goes on, who takes a default does, too', async () => {
    const run = await testDag(partial({ orElse: true }));
    expect(run.task('follows').state).toBe('success');
    expect(run.task('takes').output).toBe(42);
    expect(run.state).toBe('partial');
  });

  it('fails who takes its output without a default', async () => {
    const run = await testDag(partial({ orElse: false }));
    expect(run.task('takes').state).toBe('upstream_failed');
    expect(run.task('follows').state).toBe('success');
  });
});

describe('mapping', () => {
  it('zips, multiplies, fills up, works through chunks and names its copies', async () => {
    const run = await testDag(
      made((d) => {
        const list = d.task('list', () => [1, 2, 3])();
        const pair = d.task('pair', (a: number | null, b: string | null, c: string) => `${a}${b}${c}`);
        pair.as('zip').mapZip(list, ['a', 'b'], '!');
        pair.as('fill').mapZip(list, ['a', 'b'], '!', { fill: null });
        pair.as('product').mapProduct(list, ['a', 'b'], '!', { name: (n: number | null) => `copy ${n}` });
        const double = d.task('double', (n: number) => n * 2);
        const doubles = double.map(list, { chunk: 2 });
        d.task('total', (all: number[]) => all.join())(doubles);
      }),
    );
    expect(run.task('zip').outputs).toEqual(['1a!', '2b!']);
    expect(run.task('fill').outputs).toEqual(['1a!', '2b!', '3null!']);
    expect(run.task('product').outputs).toEqual(['1a!', '1b!', '2a!', '2b!', '3a!', '3b!']);
    expect(run.task('double').outputs).toEqual([[2, 4], [6]]);
    expect(run.task('total').output).toBe('2,4,6');
  });

  it('takes a group along, and collects what it hands out', async () => {
    const run = await testDag(
      made((d) => {
        const list = d.task('list', () => ['a', 'b'])();
        const step = d.task('step', (text: string, more: string) => text + more);
        const group = d.group.map('g', list, (_, item) => step.as('second')(step.as('first')(item, '1'), '2'));
        d.task('all', (texts: string[]) => texts.join())(group.result);
      }),
    );
    expect(run.task('g.second').outputs).toEqual(['a12', 'b12']);
    expect(run.task('all').output).toBe('a12,b12');
  });

  it('goes on in each copy of a group as that copy decides', async () => {
    const run = await testDag(
      made((d) => {
        const list = d.task('list', () => [1, 0, 2])();
        const step = d.task('step', (n: number) => n);
        const group = d.group.map('g', list, (g, n) => g.when(n, (some) => step(some)));
        d.task('all', { triggerRule: 'none_failed_min_one_success' }, (numbers: number[]) => numbers)(group.result);
        const sizes = d.task('sizes', (): ('big' | 'small')[] => ['big', 'small'])();
        d.group.map('h', sizes, (g, size) => {
          const { big, small } = g.choose(size, {
            big: () => step.as('many')(100),
            small: () => step.as('few')(1),
          });
          const join = d.task('join', { triggerRule: 'none_failed_min_one_success' }, (a?: number, b?: number) => a ?? b);
          join(big, small);
        });
      }),
    );
    expect(run.task('g.step').instances.map(({ state }) => state)).toEqual(['success', 'skipped', 'success']);
    expect(run.task('all').output).toEqual([1, 2]);
    expect(run.task('h.join').outputs).toEqual([100, 1]);
  });

  it('makes ready and cleans up in each copy of a group', async () => {
    const run = await testDag(
      made((d) => {
        d.group.map('g', [1, 2], (g, n) => {
          const made = d.setup('make', (id: number) => `s${id}`)(n);
          g.scope(made, d.teardown('drop', (name: string) => `dropped ${name}`)(made), () =>
            d.task('work', (name: string) => (name === 's2' ? fails() : name))(made),
          );
        });
      }),
    );
    expect(run.task('g.work').instances.map(({ state }) => state)).toEqual(['success', 'failed']);
    expect(run.task('g.drop').outputs).toEqual(['dropped s1', 'dropped s2']);
    expect(run.state).toBe('failed');
  });

  it('takes a third source that is marked, and pairs of objects', async () => {
    const run = await testDag(
      made((d) => {
        const show = d.task('show', (a: number, b: string, [key, n]: [string, number]) => `${a}${b}${key}${n}`);
        show.as('zip').mapZip([1, 2], ['a', 'b'], each({ x: 7, y: 8 }));
        show.as('product').mapProduct([1, 2], ['a'], each({ x: 7, y: 8 }));
      }),
    );
    expect(run.task('zip').outputs).toEqual(['1ax7', '2by8']);
    expect(run.task('product').outputs).toEqual(['1ax7', '1ay8', '2ax7', '2ay8']);
  });

  it('takes a default for the source that is missing', async () => {
    const run = await testDag(
      made((d) => {
        const list = d.task('list', { critical: false }, (): number[] => fails())();
        d.task('each', (n: number) => n).map(list.orElse([7, 8]));
      }),
    );
    expect(run.task('each').outputs).toEqual([7, 8]);
    expect(run.state).toBe('partial');
  });

  it('may fail in part', async () => {
    const run = await testDag(
      made((d) => {
        const odd = d.task('odd', (n: number) => (n % 2 === 1 ? n : fails()));
        d.task('sum', { triggerRule: 'all_done' }, (all: number[]) => all.length)(odd.map([1, 2, 3], { allowFailures: '40%' }));
      }),
    );
    expect(run.task('sum').output).toBe(2);
    expect(run.state).toBe('success');
  });
});

describe('a mapped group that may lose elements', () => {
  const dag = (allowFailures: number, outside = 0) =>
    made((d) => {
      const before = d.task('before', () => (outside > 0 ? fails() : 1))();
      const first = d.task('first', (n: number) => (n < 0 ? fails() : n));
      const second = d.task('second', (n: number) => (n === 0 ? fails() : n));
      const group = d.group.map('g', [-1, 0, 1, 2], (_g, n) => second(first(n)).after(before), { allowFailures });
      d.task('sum', (all: number[]) => all.length)(group.result);
    });

  it('goes on with the others while no task of it loses more, whichever task it was that failed for an element', async () => {
    const run = await testDag(dag(2));
    expect(run.task('g.first').instances.map(({ state }) => state)).toEqual(['failed', 'success', 'success', 'success']);
    expect(run.task('g.second').instances.map(({ state }) => state)).toEqual(['upstream_failed', 'failed', 'success', 'success']);
    expect(run.task('sum').output).toBe(2);
    expect(run.state).toBe('success');
  });

  it('fails when one more is lost', async () => {
    const run = await testDag(dag(1));
    expect(run.task('sum').state).toBe('upstream_failed');
    expect(run.state).toBe('failed');
  });

  it('fails when something outside kept all of it from running', async () => {
    const run = await testDag(dag(4, 1));
    expect(run.task('sum').state).toBe('upstream_failed');
    expect(run.state).toBe('failed');
  });
});

describe('a retry policy', () => {
  it('decides per error', async () => {
    const run = await testDag(
      made((d) => {
        const retryPolicy = [{ on: 'failing on purpose', do: 'retry' } as const, { on: /purpose/, do: 'fail' } as const];
        d.task('gives_up', { retries: 5, retryPolicy }, fails)();
        d.task('waits', { retries: 1, retryDelay: '1h', retryPolicy: () => ({ retryIn: '1m' }) }, fails)();
      }),
    );
    expect(run.task('gives_up').tryNumber).toBe(1);
    await run.advance('2m');
    expect(run.task('waits')).toMatchObject({ state: 'failed', tryNumber: 2 });
  });
});
