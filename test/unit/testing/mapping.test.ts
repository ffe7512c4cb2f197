/** Mapping as an author writes it, through whole runs: several sources, groups, chunks, names, and what a copy gets of others. */
import { describe, expect, it } from '@jest/globals';
import { context, defineDag, SkipTask, type DagBuilder, type Lazy } from '../../../src/sdk/index.js';
import { lazyOf, testDag } from '../../../src/testing/index.js';

const manual = (wire: (d: DagBuilder) => void) => defineDag('mapped', { schedule: null }, wire);

describe('several sources', () => {
  const dag = manual((d) => {
    const letters = d.task('letters', () => ['a', 'b', 'c'])();
    const numbers = d.task('numbers', () => [1, 2])();
    const pair = d.task('pair', (letter: string, n: number) => `${letter}${n}`);
    pair.mapZip(letters, numbers);
    pair.as('filled').mapZip(letters, numbers, { fill: 9 } as never);
    pair.as('every').mapProduct(letters, numbers);
  });

  it('gives each copy its elements', async () => {
    const run = await testDag(dag);
    expect(run.task('pair').outputs).toEqual(['a1', 'b2']);
    expect(run.task('filled').outputs).toEqual(['a1', 'b2', 'c9']);
    expect(run.task('every').outputs).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });
});

describe('a chunk', () => {
  it('has fewer copies, and hands on the values of all elements as one list', async () => {
    const calls: string[] = [];
    const dag = manual((d) => {
      const rows = d.task('rows', () => [1, 2, 3, 4, 5])();
      const squared = d
        .task('square', (n: number, plus: number) => {
          calls.push(`${context().mapIndex}:${n}`);
          if (n === 4) throw new SkipTask('four');
          return n * n + plus;
        })
        .map(rows, 100, { chunk: 2 });
      d.task('sum', (all: number[]) => all.reduce((a, b) => a + b, 0))(squared);
      d.task('again', (n: number) => n + 1).map(squared);
    });
    const run = await testDag(dag);
    expect(calls.filter((call) => call.startsWith('0'))).toEqual(['0:1', '0:2']);
    expect(calls.toSorted()).toEqual(['0:1', '0:2', '1:3', '1:4', '2:5']);
    expect(run.task('square').outputs).toEqual([[101, 104], [109], [125]]);
    expect(run.task('sum')).toMatchObject({ input: [101, 104, 109, 125], output: 439 });
    expect(run.task('again').outputs).toEqual([102, 105, 110, 126]);
  });
});

describe('a mapped group', () => {
  const dag = manual((d) => {
    const regions = d.task('regions', () => ['eu', 'us', 'jp'])();
    const fetch = d.task('fetch', (region: string) => {
      if (region === 'us') throw new Error('us is down');
      return { region, rows: region.length };
    });
    const load = d.task('load', (fetched: { region: string; rows: number }, region: string) => `${region}=${fetched.region}`);
    const group = d.group.map('per_region', regions, (_g, region) => load(fetch(region), region));
    d.task('report', { triggerRule: 'all_done' }, (all: string[]) => all)(group.result);
  });

  it('pitfall 40: follows its own copies inside, and is waited for as a whole outside', async () => {
    const run = await testDag(dag);
    const states = (taskId: string) => run.task(taskId).instances.map(({ state }) => state);
    expect(states('per_region.fetch')).toEqual(['success', 'failed', 'success']);
    expect(states('per_region.load')).toEqual(['success', 'upstream_failed', 'success']);
    expect(run.task('per_region.load').mapped(2)).toMatchObject({ inputs: [{ region: 'jp', rows: 2 }, 'jp'], output: 'jp=jp' });
    expect(run.task('report').input).toEqual(['eu=eu', 'jp=jp']);
  });

  it('is skipped where there is nothing to map over', async () => {
    const run = await testDag(dag, { stubs: { regions: [] } });
    expect(run.task('per_region.fetch').state).toBe('skipped');
    expect(run.task('per_region.load').state).toBe('skipped');
    expect(run.task('report').input).toEqual([]);
  });
});

describe('a list or an object with outputs in it', () => {
  it('is mapped over with their values, by a task and by a group', async () => {
    const dag = manual((d) => {
      const a = d.task('a', () => 1)();
      const gone = d.task('gone', { critical: false }, (): number => {
        throw new Error('gone');
      })();
      const many = d.task('many', (n: number) => n * 10).map([a, 2]);
      const twice = d.task('twice', (n: number) => n * 2);
      twice.map([a, 5, gone.orElse(7)]);
      d.task('named', ([key, n]: readonly [string, number]) => `${key}${n}`).map({ x: a, y: 3 });
      d.task('pair', (n: number, list: number[]) => [n, ...list]).mapZip([a, a], [many, [0]]);
      d.task('crossed', (n: number, m: number) => n * m).mapProduct([a, 2], [3, a]);
      d.group.map('g', [a, 8], (_g, n) => twice.as('in_group')(n));
    });
    const run = await testDag(dag);
    expect(run.task('twice').outputs).toEqual([2, 10, 14]);
    expect(run.task('named').outputs).toEqual(['x1', 'y3']);
    expect(run.task('pair').outputs).toEqual([
      [1, 10, 20],
      [1, 0],
    ]);
    expect(run.task('crossed').outputs).toEqual([3, 1, 6, 2]);
    expect(run.task('g.in_group').outputs).toEqual([2, 16]);
  });
});

describe('a setup and its teardown in a mapped group', () => {
  it('fail for one element without touching the others, whatever the rules of the work between them are', async () => {
    const dag = manual((d) => {
      const list = d.task('list', () => [0, 1, 2])();
      const make = d.setup('make', (n: number) => {
        if (n === 1) throw new Error('no room');
        return `room ${n}`;
      });
      const clean = d.teardown('clean', (room: string) => room);
      const work = d.task('work', (room: string) => {
        if (room === 'room 2') throw new Error('broken');
        return room;
      });
      const tidy = d.task('tidy', { triggerRule: 'all_done' }, () => 'tidy');
      d.group.map('g', list, (_g, n) => {
        const room = make(n);
        d.scope(room, clean(room), () => tidy().after(work(room)));
      });
    });
    const run = await testDag(dag);
    const states = (taskId: string) => run.task(taskId).instances.map(({ state }) => state);
    expect(states('g.work')).toEqual(['success', 'upstream_failed', 'failed']);
    expect(states('g.tidy')).toEqual(['success', 'upstream_failed', 'success']);
    expect(states('g.clean')).toEqual(['success', 'upstream_failed', 'success']);
  });
});

describe('what a copy returns', () => {
  const dag = manual((d) => {
    const rows = d.task('rows', () => [0, 1, 2, 3])();
    const odd = d.task('odd', (n: number) => (n % 2 === 1 ? n : null)).map(rows);
    d.task('next', (n: number) => n * 10).map(odd as never);
    d.task('all', (values: unknown[]) => values)(odd);
  });

  it('pitfall 39: counts only if it is a value, so that the copies after it move up', async () => {
    const run = await testDag(dag);
    expect(run.task('odd').outputs).toEqual([undefined, 1, undefined, 3]);
    expect(run.task('all').input).toEqual([1, 3]);
    expect(run.task('next').outputs).toEqual([10, 30]);
  });
});

describe('a stand-in', () => {
  it('takes the place of what a task that was skipped, or may fail, does not give', async () => {
    const dag = manual((d) => {
      const skipped = d.task('skipped', (): number[] => {
        throw new SkipTask('nothing today');
      })();
      const broken = d.task('broken', { critical: false }, (): number => {
        throw new Error('broken');
      })();
      const join = d.task('join', { triggerRule: 'none_failed' }, (rows: number[], n: number) => [...rows, n]);
      join(skipped.orElse([7]), broken.orElse(0));
    });
    const run = await testDag(dag);
    expect(run.task('join')).toMatchObject({ state: 'success', output: [7, 0] });
    expect(run.state).toBe('partial');
  });
});

describe('a list that is read piece by piece', () => {
  const sum = async (numbers: Lazy<number>) => {
    let total = 0;
    for await (const n of numbers) total += n;
    return `${numbers.length}: ${total}`;
  };

  it('has the values of all copies, in order, as often as it is read', async () => {
    const dag = manual((d) => {
      const squares = d.task('square', (n: number) => (n % 10 === 0 ? null : n * n)).map(Array.from({ length: 75 }, (_, n) => n));
      d.task('sum', sum)(squares.lazy() as never);
      d.task('twice', async ({ all }: { all: Lazy<number> }) => [(await all.toArray()).length, await sum(all)])({
        all: squares.lazy(),
      } as never);
    });
    const run = await testDag(dag);
    expect(run.task('sum').output).toBe('67: 123825');
    expect(run.task('twice').output).toEqual([67, '67: 123825']);
    const input = run.task('sum').input as Lazy<number>;
    expect(input.length).toBe(67);
    expect((await input.toArray()).slice(0, 3)).toEqual([1, 4, 9]);
  });

  it('may come from chunks, from one task, from a stand-in, or be empty', async () => {
    const dag = manual((d) => {
      const add = d.task('sum', sum);
      const chunks = d.task('chunked', (n: number) => n).map([1, 2, 3, 4, 5], { chunk: 2 });
      add.as('of_chunks')(chunks.lazy() as never);
      add.as('of_one')(
        d
          .task('one', () => [4, 5])()
          .lazy() as never,
      );
      const nothing = d.task('nothing', (_n: number): number => {
        throw new SkipTask('none');
      });
      const late = d.task('late', { triggerRule: 'all_done' }, sum);
      const skipped = nothing.map([1, 2]);
      late.as('stand_in')(skipped.orElse([7]).lazy() as never);
      late.as('empty')(skipped.lazy() as never);
    });
    const run = await testDag(dag);
    expect(['of_chunks', 'of_one', 'stand_in', 'empty'].map((taskId) => run.task(taskId).output)).toEqual([
      '5: 15',
      '2: 9',
      '1: 7',
      '0: 0',
    ]);
  });

  it('can be made of a list, and is nothing to map over', async () => {
    expect(await sum(lazyOf([1, 2]))).toBe('2: 3');
    const dag = manual((d) =>
      d
        .task('a', (n: number) => n)
        .map(
          d
            .task('b', () => [1])()
            .lazy() as never,
        ),
    );
    await expect(testDag(dag)).rejects.toThrow(/EDGE_INVALID: .*leave \.lazy\(\) out/);
  });
});

describe('names of copies', () => {
  it('show on each copy, also on one that failed', async () => {
    const dag = manual((d) => {
      const load = d.task('load', (region: string) => {
        if (region === 'us') throw new Error('us is down');
        return 1;
      });
      load.map(['eu', 'us'], { name: (region: string) => region.toUpperCase() });
    });
    const run = await testDag(dag);
    expect(run.task('load').instances.map(({ mapLabel, state }) => [mapLabel, state])).toEqual([
      ['EU', 'success'],
      ['US', 'failed'],
    ]);
    expect(run.toString()).toContain('first error: load[1] "US"');
  });
});
