import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import type { DagDefinition } from '../../../src/sdk/build-dag.js';
import { hashSpec } from '../../../src/sdk/spec-hash.js';
import {
  bash,
  dag,
  defineDag,
  defineDags,
  graph,
  operator,
  task,
  timetable,
  type Ref,
  type Wired,
} from '../../../src/sdk/index.js';

function collect(exported: Record<string, unknown>): readonly DagDefinition[] {
  const { dags, problems } = collectDags(exported, 'dags.ts');
  expect(problems).toEqual([]);
  return dags;
}
const specOf = (exported: unknown): DagSpec => collect({ exported })[0]!.spec;
const edgesOf = (spec: DagSpec) => Object.fromEntries(spec.tasks.map(({ taskId, upstream }) => [taskId, upstream]));
const taskOf = (spec: DagSpec, taskId: string): TaskSpec => spec.tasks.find((candidate) => candidate.taskId === taskId)!;

describe('ids', () => {
  it.each([
    ['DailySales', 'daily_sales'],
    ['ETLRun2', 'etl_run2'],
    ['Hello', 'hello'],
    ['loadS3Files', 'load_s3_files'],
  ])('class %s is DAG %s', (className, dagId) => {
    class One {
      @task() one() {
        return 1;
      }
    }
    const named = { [className]: class extends One {} }[className]!;
    dag()(named);
    expect(specOf(named).dagId).toBe(dagId);
  });

  it('can be given, with the former ones', () => {
    @dag({ dagId: 'new-name', previousIds: ['old-name'] })
    class Named {
      @task({ taskId: 'first', previousIds: ['zeroth'] }) one() {
        return 1;
      }
    }
    const spec = specOf(Named);
    expect(spec).toMatchObject({ dagId: 'new-name', previousIds: ['old-name'] });
    expect(spec.tasks).toMatchObject([{ taskId: 'first', member: 'one', previousIds: ['zeroth'] }]);
  });
});

describe('groups', () => {
  it('prefix ids, lead edges to first and last tasks, and give default options', () => {
    const spec = specOf(
      defineDag('d', { defaultArgs: { retries: 1, pool: 'dag' } }, (d) => {
        const step = d.task('step', (x: unknown) => x);
        const own = d.task('own', { retries: 9 }, () => 1);
        const before = step.as('before')(1);
        const after = step.as('after')(1);
        const outer = d.group(
          'outer',
          (g) => {
            const a = step.as('a')(1);
            const inner = g.group('inner', () => step.as('b')(step.as('a')(a)), { retries: 3 });
            own();
            return inner.result;
          },
          { retries: 2, queue: 'slow' },
        );
        outer.after(before);
        after.after(outer);
        step.as('end')(outer.result);
      }),
    );
    expect(edgesOf(spec)).toEqual({
      before: [],
      after: ['outer.inner.b', 'outer.own'],
      'outer.a': ['before'],
      'outer.inner.a': ['outer.a'],
      'outer.inner.b': ['outer.inner.a'],
      'outer.own': ['before'],
      end: ['outer.inner.b'],
    });
    expect(spec.groups).toEqual([
      { groupId: 'outer', parentId: null, map: null },
      { groupId: 'outer.inner', parentId: 'outer', map: null },
    ]);
    const settings = ({ retries, queue, pool, groupId }: TaskSpec) => ({ retries, queue, pool, groupId });
    expect(settings(taskOf(spec, 'before'))).toEqual({ retries: 1, queue: 'default', pool: 'dag', groupId: null });
    expect(settings(taskOf(spec, 'outer.a'))).toEqual({ retries: 2, queue: 'slow', pool: 'dag', groupId: 'outer' });
    expect(settings(taskOf(spec, 'outer.inner.b'))).toEqual({ retries: 3, queue: 'slow', pool: 'dag', groupId: 'outer.inner' });
    expect(settings(taskOf(spec, 'outer.own'))).toEqual({ retries: 9, queue: 'slow', pool: 'dag', groupId: 'outer' });
  });

  it('hand on what comes in when they are empty, and follow each other', () => {
    const spec = specOf(
      defineDag('d', {}, (d) => {
        const step = d.task('step', () => 1);
        const first = d.group('first', () => [step.as('a')(), step.as('b')()]);
        const empty = d.group('empty', () => undefined).after(first);
        const last = d.group('last', (g) => {
          const inner = g.group('inner', () => step.as('a')());
          step.as('b')().after(inner);
        });
        last.after(empty);
      }),
    );
    expect(edgesOf(spec)).toEqual({
      'first.a': [],
      'first.b': [],
      'last.inner.a': ['first.a', 'first.b'],
      'last.b': ['last.inner.a'],
    });
  });
});

describe('without wire', () => {
  it('passes outputs by position, in the order of `upstream`', () => {
    @dag()
    class Sugar {
      @task({ upstream: ['score', 'extract'] }) load(score: number, rows: number[], limit = 3) {
        return [score, rows, limit];
      }
      @task({ upstream: ['extract'] }) score(rows: number[] = []) {
        return rows.length;
      }
      @task({ upstream: ['load'] }) async notify() {
        return 'done';
      }
      @task() extract() {
        return [1];
      }
      @task({ optional: true }) spare() {
        return 1;
      }
    }
    const spec = specOf(Sugar);
    expect(edgesOf(spec)).toEqual({ extract: [], score: ['extract'], load: ['extract', 'score'], notify: ['load'] });
    expect(taskOf(spec, 'load').inputs).toEqual([
      { kind: 'ref', taskId: 'score' },
      { kind: 'ref', taskId: 'extract' },
    ]);
    expect(taskOf(spec, 'score').inputs).toHaveLength(1);
    expect(taskOf(spec, 'notify').inputs).toEqual([]);
  });
});

describe('families', () => {
  it('make one DAG for each entry, under one export', () => {
    const family = defineDags([{ region: 'eu' }, { region: 'us' }], ({ region }) => {
      @dag({ dagId: `sales_${region}` })
      class Regional {
        @task() load(): string {
          return region;
        }
        wire(t: Wired<Regional>) {
          t.load();
        }
      }
      return Regional;
    });
    const dags = collect({ family });
    expect(dags.map(({ spec, exportName }) => [spec.dagId, exportName])).toEqual([
      ['sales_eu', 'family'],
      ['sales_us', 'family'],
    ]);
    expect(dags[1]!.createInstance().call('load', [])).toBe('us');
    const byKey = defineDags({ a: 1, b: 2 }, (priorityWeight, key) =>
      defineDag(key, { defaultArgs: { priorityWeight } }, (d) => d.task('one', () => key)()),
    );
    expect(collect({ byKey }).map(({ spec }) => [spec.dagId, spec.tasks[0]!.priorityWeight])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('is found once when it is exported twice', () => {
    const one = defineDag('one', {}, (d) => d.task('t', () => 1)());
    expect(collect({ default: one, one, list: [one] }).map(({ exportName }) => exportName)).toEqual(['one']);
  });
});

describe('params', () => {
  it('become a JSON Schema and defaults', () => {
    const params = z.object({ day: z.iso.date().default('2024-01-01'), limit: z.number().min(1).default(100) });
    const spec = specOf(defineDag('d', { schedule: '@daily', startDate: '2024-01-01', params }, (d) => d.task('t', () => 1)()));
    expect(spec.params).toMatchObject({
      defaults: { day: '2024-01-01', limit: 100 },
      jsonSchema: { type: 'object', properties: { limit: { type: 'number', minimum: 1, default: 100 } } },
    });
  });

  it('may lack defaults when nobody but a person starts runs', () => {
    const params = z.object({ day: z.string(), limit: z.number().default(5) });
    expect(specOf(defineDag('d', { params }, (d) => d.task('t', () => 1)())).params!.defaults).toEqual({ limit: 5 });
  });

  it('can be plain values', () => {
    const spec = specOf(defineDag('d', { params: { limit: 5, since: new Date(0) } }, (d) => d.task('t', () => 1)()));
    expect(spec.params!.defaults).toEqual({ limit: 5, since: { $type: 'Date', value: '1970-01-01T00:00:00.000Z' } });
  });
});

describe('the spec', () => {
  it('of a timetable names it', () => {
    const spec = specOf(defineDag('d', { schedule: timetable('workdays', { hour: 6 }) }, (d) => d.task('t', () => 1)()));
    expect(spec.schedule).toEqual({ kind: 'custom', name: 'workdays', args: { hour: 6 }, text: 'timetable(workdays)' });
  });

  it('has the same hash however often it is wired, and another when something changes', () => {
    const wireDag = (retries: number) =>
      defineDag('d', { tags: ['x'] }, (d) => {
        const ref: Ref<number> = d.task('one', { retries }, () => 1)();
        d.task('two', (x: number) => x)(ref);
      });
    const one = wireDag(1);
    expect(hashSpec(specOf(one))).toBe(hashSpec(specOf(one)));
    expect(hashSpec(specOf(one))).toMatch(/^[0-9a-f]{64}$/);
    expect(hashSpec(specOf(one))).not.toBe(hashSpec(specOf(wireDag(2))));
  });

  it('takes waitForDownstream for dependsOnPast, and booleans and factors for backoff', () => {
    const spec = specOf(
      defineDag('d', {}, (d) => {
        d.task('a', { waitForDownstream: true, retryExponentialBackoff: 3 }, () => 1)();
        d.task('b', { retryExponentialBackoff: false, maxRetryDelay: null }, () => 1)();
      }),
    );
    expect(taskOf(spec, 'a')).toMatchObject({ dependsOnPast: true, waitForDownstream: true, retryExponentialBackoff: 3 });
    expect(taskOf(spec, 'b')).toMatchObject({ dependsOnPast: false, retryExponentialBackoff: 0, maxRetryDelayMs: null });
  });
});

describe('graph', () => {
  it('draws a DAG as text, and throws its first mistake', () => {
    const good = defineDag('sales', {}, (d) => {
      const extract = d.task('extract', () => [1])();
      d.task('load', (x: number) => x).map(extract);
    });
    expect(graph(good)).toBe('sales\n└─ extract → load [mapped]');
    const bad = defineDag('bad', {}, (d) => void d.task('never', () => 1));
    expect(() => graph(bad)).toThrow('D103: tasks.never: task "never" is never wired');
  });
});

describe('instances', () => {
  const shout = operator<{ mark: string }, string, [string]>({
    name: 'shout',
    optionNames: ['mark'],
    execute: ({ mark }, [text]) => text + mark,
  });

  class Base {
    @task() inherited(): string {
      return this.prefix() + 'base';
    }
    protected prefix(): string {
      return '';
    }
  }

  @dag()
  class Living extends Base {
    readonly #secret = 40;
    list: number[] = [1];
    cursor = 0;
    set label(_text: string) {
      throw new Error('unreachable');
    }
    loud = shout({ mark: '!' });
    protected override prefix(): string {
      return 'derived ';
    }
    @task() add(a: number, b: number): number {
      return a + b + this.#secret;
    }
    @task() write(field: 'cursor' | 'label' | 'other'): void {
      (this as Record<string, unknown>)[field] = 1;
    }
    @task({ input: z.object({ id: z.coerce.number() }), output: z.number().max(10) }) async checked(row: {
      id: number;
    }): Promise<number> {
      return row.id;
    }
    wire(t: Wired<Living>) {
      t.inherited();
      t.loud('x');
      t.add(1, 2).as('sum');
      t.write('cursor');
      t.checked(t.add(1, 2) as unknown as Ref<{ id: number }>);
    }
  }
  const [living] = collect({ Living });
  const call = (taskId: string, ...args: unknown[]) => living!.createInstance().call(taskId, args);

  it('call methods, inherited ones, and operators by task id', () => {
    expect(call('inherited')).toBe('derived base');
    expect(call('loud', 'x')).toBe('x!');
    expect(call('sum', 1, 1)).toBe(42);
    expect(() => call('summ')).toThrow('UNKNOWN_NAME: living: DAG "living" has no task "summ"; did you mean sum?');
  });

  it.each(['cursor', 'label', 'other'])('refuse a write to field %s and explain', (field) => {
    expect(() => call('write', field)).toThrow(
      expect.objectContaining({
        code: 'INSTANCE_FROZEN',
        message: expect.stringContaining(`Living.${field}: nothing can be kept in a field`),
      }),
    );
  });

  it('are still of their class', () => {
    @dag()
    class Self {
      @task() is(): boolean {
        return this instanceof Self;
      }
    }
    expect(collect({ Self })[0]!.createInstance().call('is', [])).toBe(true);
  });

  it('check input and output against their schemas, and hand on what the schema made of it', async () => {
    await expect(call('checked', { id: '7' })).resolves.toBe(7);
    await expect(call('checked', { id: 'x' })).rejects.toThrow(
      'D104: tasks.checked.input: the input (from task "add") does not fit its schema: id: Invalid input',
    );
    await expect(call('checked', { id: 11 })).rejects.toThrow(
      'D104: tasks.checked.output: the output does not fit its schema: Too big',
    );
  });

  it('leave a class alone that is tested directly', () => {
    const plain = new Living();
    plain.cursor = 5;
    expect(plain.cursor).toBe(5);
    expect(plain.add(1, 1)).toBe(42);
  });
});

describe('wire', () => {
  it('may loop over constants and fields of the class', () => {
    @dag()
    class Loop {
      regions = ['eu', 'us'];
      ready = bash({ command: 'true' });
      @task() load(region: string): string {
        return region;
      }
      wire(t: Wired<Loop>) {
        const ready = t.ready();
        for (const region of this.regions) t.load(region).as(`load_${region}`).after(ready);
      }
    }
    expect(edgesOf(specOf(Loop))).toEqual({ ready: [], load_eu: ['ready'], load_us: ['ready'] });
  });

  it('leaves refs harmless to await and to print', async () => {
    let ref: Ref<number> | undefined;
    specOf(defineDag('d', {}, (d) => void (ref = d.task('one', () => 1)())));
    expect(await Promise.resolve(ref)).toBe(ref);
    expect(Object.isFrozen(ref)).toBe(true);
    expect('then' in ref!).toBe(false);
  });

  it('keeps keys such as __proto__ in objects that hold refs', () => {
    const spec = specOf(
      defineDag('d', {}, (d) => {
        const one = d.task('one', () => 1)();
        d.task(
          'two',
          (x: unknown) => x,
        )(JSON.parse('{"__proto__": 1}', (key, value: unknown) => (key === '' ? Object.assign(value as object, { one }) : value)));
      }),
    );
    const [input] = taskOf(spec, 'two').inputs;
    expect(Object.keys((input as { fields: object }).fields)).toEqual(['__proto__', 'one']);
  });
});
