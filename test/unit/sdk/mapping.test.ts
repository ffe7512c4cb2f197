/** The mapped forms of a task call, mapped groups, defaults at edges, and the mistakes that can be made with them. */
import { describe, expect, it } from '@jest/globals';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { bash, dag, defineDag, each, graph, operator, task, type Wired } from '../../../src/sdk/index.js';
import { parameterCount } from '../../../src/sdk/parameter-count.js';
import { lineFinder, mapStacksOf } from './author-positions.js';

await mapStacksOf(import.meta.url);
const lineOf = lineFinder(import.meta.url);
/* eslint-disable @typescript-eslint/no-explicit-any -- what the compiler refuses must be answered at run time too */
type Loose = any;

function specOf(exported: unknown): DagSpec {
  const { dags, problems } = collectDags({ exported }, 'dags.ts');
  expect(problems).toEqual([]);
  return dags[0]!.spec;
}
const taskOf = (spec: DagSpec, taskId: string): TaskSpec => spec.tasks.find((candidate) => candidate.taskId === taskId)!;
const edgesOf = (spec: DagSpec) => Object.fromEntries(spec.tasks.map(({ taskId, upstream }) => [taskId, upstream]));
const wired = (wire: (d: Loose) => unknown) => defineDag('d', {}, (d) => void wire(d));
const ref = (taskId: string) => ({ kind: 'ref', taskId });
const element = (source: number) => ({ kind: 'element', source });
const value = (of: unknown) => ({ kind: 'value', value: of });

describe('a mapped call', () => {
  const spec = specOf(
    wired((d) => {
      const list = d.task('list', () => [1, 2])();
      const other = d.task('other', () => ['a'])();
      const score = d.task('score', (a: Loose, b: Loose, c: Loose = 1) => [a, b, c]);
      score.as('plain').map(list, other);
      score
        .as('options')
        .map(list, { not: 'options' }, undefined, { concurrency: 20, chunk: 50, allowFailures: '1.5%', name: '{{ x }}' });
      score.as('zip').mapZip(list, { a: 1, b: other }, 'same', { fill: null, allowFailures: 2 });
      score.as('product').mapProduct(list, [1, 2, 3], each(other));
      score.as('product_same').mapProduct([1], list, 5, { concurrency: 1 });
      score.as('chunk_of_one').map(list, 1, 1, { chunk: 1 });
    }),
  );

  it('has one source, and what all copies share', () => {
    expect(taskOf(spec, 'plain')).toMatchObject({
      map: { kind: 'each', sources: [ref('list')] },
      inputs: [element(0), ref('other')],
      upstream: ['list', 'other'],
      maxActiveTisPerDagrun: null,
    });
  });

  it('takes options behind the last parameter', () => {
    expect(taskOf(spec, 'options')).toMatchObject({
      map: { kind: 'each', sources: [ref('list')], chunk: 50, allowFailures: { percent: 1.5 } },
      inputs: [element(0), value({ not: 'options' })],
      maxActiveTisPerDagrun: 20,
      mapIndexTemplate: '{{ x }}',
    });
    expect(taskOf(spec, 'chunk_of_one').map).toEqual({ kind: 'each', sources: [ref('list')] });
  });

  it('zips and multiplies several sources', () => {
    expect(taskOf(spec, 'zip')).toMatchObject({
      map: {
        kind: 'zip',
        sources: [ref('list'), { kind: 'object', fields: { a: value(1), b: ref('other') } }],
        fill: null,
        allowFailures: { count: 2 },
      },
      inputs: [element(0), element(1), value('same')],
      upstream: ['list', 'other'],
    });
    expect(taskOf(spec, 'product')).toMatchObject({
      map: { kind: 'product', sources: [ref('list'), value([1, 2, 3]), ref('other')] },
      inputs: [element(0), element(1), element(2)],
    });
    expect(taskOf(spec, 'product_same')).toMatchObject({
      inputs: [element(0), element(1), value(5)],
      maxActiveTisPerDagrun: 1,
    });
  });

  it('of an operator or a task without a last parameter knows options by their names', () => {
    const many = specOf(
      wired((d) => {
        const run = d.operator('run', bash({ command: 'true' }));
        run.map(['a', 'b'], 'x', { concurrency: 2 });
        const rest = d.task('rest', (...all: Loose[]) => all);
        rest.map([1], { name: 'x', age: 1 });
        rest.as('named').map([1], { name: 'x' });
      }),
    );
    expect(taskOf(many, 'run')).toMatchObject({ inputs: [element(0), value('x')], maxActiveTisPerDagrun: 2 });
    expect(taskOf(many, 'rest').inputs).toEqual([element(0), value({ name: 'x', age: 1 })]);
    expect(taskOf(many, 'named')).toMatchObject({ inputs: [element(0)], mapIndexTemplate: 'x' });
  });
});

describe('the name of a copy', () => {
  it('can be a template or a function of the inputs', () => {
    const exported = wired((d) => {
      const step = d.task('step', { mapIndexTemplate: (n: number, unit: string) => `${n} ${unit}` }, (...x: Loose[]) => x);
      step.map([1], 'kg');
      step.as('template').map([1], 'kg', { name: '{{ n }}' });
      step.as('function').map([1], 'kg', { name: (n: number) => `#${n}` });
    });
    const definition = collectDags({ exported }, 'dags.ts').dags[0]!;
    expect(definition.spec.tasks.map(({ mapIndexTemplate }) => mapIndexTemplate)).toEqual([null, '{{ n }}', null]);
    const instance = definition.createInstance();
    expect(instance.mapLabelOf('step')?.(1, 'kg')).toBe('1 kg');
    expect(instance.mapLabelOf('template')).toBeNull();
    expect(instance.mapLabelOf('function')?.(2, 'kg')).toBe('#2');
  });
});

describe('the number of parameters', () => {
  it.each<[(...args: Loose[]) => unknown, number | null]>([
    [() => 1, 0],
    [(a: Loose) => a, 1],
    [new Function('return x => x')() as () => unknown, 1],
    [new Function('return async x => (x, 1)')() as () => unknown, 1],
    [(a: Loose, b = 1, { c, d } = { c: [1, 2], d: 'x, y' }) => [a, b, c, d], 3],
    [(a = ')', b = /[,)/]+/g, c = `,${'}'},`) => [a, b, c], 3],
    [new Function('return (a /* , b */, // , c\n d,) => a')() as () => unknown, 2],
    [(a: Loose, ...rest: Loose[]) => [a, rest], null],
    [(a: Loose, b = (x: Loose, y: Loose) => [x, y]) => [a, b], 2],
    [Math.max, 2],
    [
      class {
        async load(a: Loose, b: Loose) {
          return [a, b];
        }
      }.prototype.load,
      2,
    ],
    [
      async function* named(a = (1 + 2) / 3, b: Loose) {
        yield [a, b];
      },
      2,
    ],
  ])('of %s is %p', (run, count) => {
    expect(parameterCount(run)).toBe(count);
  });
});

describe('a mapped group', () => {
  it('hands its element to the tasks in it, and waits for the source', () => {
    const spec = specOf(
      wired((d) => {
        const list = d.task('list', () => [1])();
        const step = d.task('step', (x: unknown) => x);
        const own = d.task('own', () => 1);
        const group = d.group.map(
          'g',
          list,
          (g: Loose, item: Loose) => {
            const first = step.as('a')({ item });
            own();
            return g.group('inner', () => step.as('b')(first));
          },
          { retries: 2, concurrency: 3, allowFailures: '5%', name: '{{ item }}' },
        );
        step.as('end')(group.result.result);
      }),
    );
    expect(spec.groups).toEqual([
      { groupId: 'g', parentId: null, map: { kind: 'each', sources: [ref('list')], allowFailures: { percent: 5 } } },
      { groupId: 'g.inner', parentId: 'g', map: null },
    ]);
    expect(taskOf(spec, 'g.a').inputs).toEqual([
      { kind: 'object', fields: { item: { kind: 'groupElement', groupId: 'g', source: 0 } } },
    ]);
    expect(taskOf(spec, 'g.inner.b')).toMatchObject({ retries: 2, maxActiveTisPerDagrun: 3, mapIndexTemplate: '{{ item }}' });
    expect(edgesOf(spec)).toEqual({ list: [], 'g.a': ['list'], 'g.own': ['list'], 'g.inner.b': ['g.a'], end: ['g.inner.b'] });
  });

  it('can have two sources', () => {
    const spec = specOf(
      wired((d) => {
        const list = d.task('list', () => [1])();
        const step = d.task('step', (...x: unknown[]) => x);
        d.group.mapZip('zip', list, ['a'], (_: Loose, a: Loose, b: Loose) => step(a, b), { fill: null });
        d.group.mapProduct('product', [1], { a: 1 }, (_: Loose, a: Loose, b: Loose) => step(a, b));
      }),
    );
    expect(spec.groups.map(({ map }) => map)).toEqual([
      { kind: 'zip', sources: [ref('list'), value(['a'])], fill: null },
      { kind: 'product', sources: [value([1]), value({ a: 1 })] },
    ]);
    expect(taskOf(spec, 'product.step').inputs).toEqual([
      { kind: 'groupElement', groupId: 'product', source: 0 },
      { kind: 'groupElement', groupId: 'product', source: 1 },
    ]);
  });
});

describe('orElse', () => {
  it('gives an edge a default, and leaves the ref as it was', () => {
    const spec = specOf(
      wired((d) => {
        const extra = d.task('extra', { critical: false }, () => 1)();
        const step = d.task('step', (x: unknown) => x);
        step.as('with')({ n: extra.orElse(new Date(0)) });
        step.as('without')(extra);
        step.as('mapped').map(extra.orElse([]));
        step.as('after')(1).after(extra.orElse(1));
      }),
    );
    const since = { $type: 'Date', value: '1970-01-01T00:00:00.000Z' };
    expect(taskOf(spec, 'with').inputs).toEqual([{ kind: 'object', fields: { n: { ...ref('extra'), orElse: since } } }]);
    expect(taskOf(spec, 'without').inputs).toEqual([ref('extra')]);
    expect(taskOf(spec, 'mapped').map!.sources).toEqual([{ ...ref('extra'), orElse: [] }]);
    expect(taskOf(spec, 'after').upstream).toEqual(['extra']);
  });
});

describe('graph', () => {
  it('says how tasks are mapped', () => {
    @dag()
    class Shapes {
      @task() list() {
        return [1];
      }
      @task() pair(a: number, b: number) {
        return a + b;
      }
      @task({ critical: false }) inside(a: number) {
        return a;
      }
      @task.setup() make() {
        return 1;
      }
      @task.teardown() drop() {
        return 1;
      }
      @task.branch() pick(): string {
        return 'inside';
      }
      @task.shortCircuit() go() {
        return true;
      }
      wire(t: Wired<Shapes>) {
        const made = t.make();
        const list = t.list().after(made, t.pick().after(t.go()));
        const pairs = t.pair.mapZip(list, list);
        t.group.map('g', pairs, (g, item) => g.inside(item));
        t.drop().after(t.pair.as('all').mapProduct(pairs, list), made);
      }
    }
    expect(graph(Shapes)).toBe(
      [
        'shapes',
        '├─ make [setup]',
        '│  ├─ list',
        '│  │  ├─ pair [mapped zip]',
        '│  │  │  ├─ g.inside [mapped with g, not critical]',
        '│  │  │  └─ all [mapped product]',
        '│  │  │     └─ drop [teardown]',
        '│  │  └─ all ↑',
        '│  └─ drop ↑',
        '└─ go [short circuit] → pick [branch]',
        '   └─ list ↑',
      ].join('\n'),
    );
  });
});

describe('mistakes in a mapping', () => {
  const two = (d: Loose) => d.task('two', (a: Loose, b: Loose) => [a, b]);
  it.each<[string, string, (d: Loose) => unknown, string]>([
    [
      'OPTION_UNKNOWN',
      'tasks.two.map.concurency: there is no option "concurency"',
      (d) => two(d).map([1], 2, { concurency: 3 }), // here: option
      'option',
    ],
    [
      'OPTION_UNKNOWN',
      'there is no option "chunk" here: only map has chunks',
      (d) => two(d).mapZip([1], [2], { chunk: 3 }), // here: chunk of zip
      'chunk of zip',
    ],
    ['VALUE_RANGE', 'chunk must be an integer 1-', (d) => two(d).map([1], 2, { chunk: 0 }), 'chunk'], // here: chunk
    [
      'VALUE_RANGE',
      'tasks.two.map.allowFailures: this does not say how many copies may fail',
      (d) => two(d).map([1], 2, { allowFailures: '101%' }), // here: failures
      'failures',
    ],
    ['ARG_NOT_SERIALIZABLE', 'mapZip.fill', (d) => two(d).mapZip([1], [2], { fill: () => 1 }), 'fill'], // here: fill
    ['EXPAND_TYPE', 'tasks.two.args[1]: this cannot be mapped over', (d) => two(d).mapZip([1], 'text'), 'zip text'], // here: zip text
    ['EXPAND_TYPE', 'groups.g.args[1]: this cannot be mapped over', (d) => d.group.map('g', 5, () => two(d)(1, 1)), 'group'], // here: group
    ['EDGE_INVALID', 'each(...) marks arguments of mapZip', (d) => two(d)(each([1]), 1), 'each'], // here: each
    [
      'MAPPING_INVALID',
      'tasks.two.map: this is mapped inside the mapped group "g"',
      (d) => d.group.map('g', [1], (g: Loose) => g.group('h', () => two(d).map([1], 1))), // here: nested task
      'nested task',
    ],
    [
      'MAPPING_INVALID',
      'groups.g.h: this is mapped inside the mapped group "g"',
      (d) => d.group.map('g', [1], (g: Loose) => g.group.map('h', [1], () => two(d)(1, 1))), // here: nested group
      'nested group',
    ],
    [
      'MAPPING_INVALID',
      'tasks.look: a sensor waits for one thing; map it without chunk',
      (d) => d.sensor('look', (_n: number) => true).map([1], { chunk: 2 }), // here: chunked sensor
      'chunked sensor',
    ],
    [
      'MAPPING_INVALID',
      'tasks.pick: a task that decides gives one answer',
      (d) => d.branch('pick', (_n: number) => null).map([1], { chunk: 2 }), // here: chunked branch
      'chunked branch',
    ],
    [
      'MAPPING_INVALID',
      'tasks.parts: a list has no fields to store',
      (d) => d.task('parts', { multipleOutputs: true }, (_n: number) => ({ a: 1 })).map([1], { chunk: 2 }), // here: chunked parts
      'chunked parts',
    ],
    [
      'EDGE_INVALID',
      'the element of group "g" exists only in it',
      (d) => {
        let kept: Loose;
        d.group.map('g', [1], (_: Loose, item: Loose) => two(d)((kept = item), 1));
        d.task('one', (a: Loose) => a)(kept); // here: outside
      },
      'outside',
    ],
    [
      'EDGE_INVALID',
      'the element of group "g" is no task',
      (d) => d.group.map('g', [1], (_: Loose, item: Loose) => two(d)(item.orElse(1), 1)), // here: element
      'element',
    ],
    [
      'ARG_NOT_SERIALIZABLE',
      'task "one".orElse: is a function',
      (d) => {
        const bad = () => 1;
        const one = d.task('one', bad)();
        two(d)(one.orElse(bad), 1); // here: default
      },
      'default',
    ],
    [
      'TRIGGER_RULE_INVALID',
      'it is in the mapped group "g", whose elements it must wait for',
      (d) => {
        const one = d.task('one', { triggerRule: 'always' }, () => 1); // here: always
        d.group.map('g', [1], () => one());
      },
      'always',
    ],
  ])('%s: %s', (code, message, wire, here) => {
    const { problems } = collectDags({ exported: wired(wire) }, 'broken.ts');
    expect(problems.map((problem) => [problem.code, problem.line])).toEqual([[code, lineOf(here)]]);
    expect(problems[0]!.message).toContain(message);
  });

  it('warns of literal sources of different lengths', () => {
    const exported = wired((d) => {
      two(d).mapZip([1, 2], { a: 1 }); // here: uneven
      two(d).as('filled');
    });
    const { warnings } = collectDags({ exported }, 'dags.ts');
    expect(warnings).toMatchObject([{ code: 'MAPPING_UNEVEN', line: lineOf('uneven') }]);
    expect(warnings[0]!.message).toContain('the sources have 2 and 1 elements');
  });

  it('names the source of an operator that is given too few', () => {
    const pairs = operator<object, number, [number, number]>({ name: 'pairs', optionNames: [], execute: () => 1 });
    const { problems } = collectDags({ exported: wired((d) => d.operator('p', pairs({})).mapZip([1])) }, 'dags.ts');
    expect(problems.map(({ code }) => code)).toEqual(['EXPAND_TYPE']);
  });
});
