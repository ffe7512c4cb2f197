/** `t.choose` and `t.when`: the tasks they are, the edges they make, and the mistakes in them. */
import { describe, expect, it } from '@jest/globals';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import { z } from 'zod';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { dag, defineDag, graph, task, type DagBuilder, type Wired } from '../../../src/sdk/index.js';
import { lineFinder, mapStacksOf } from './author-positions.js';

await mapStacksOf(import.meta.url);
const lineOf = lineFinder(import.meta.url);
/* eslint-disable @typescript-eslint/no-explicit-any -- what the compiler refuses must be answered at run time too */
type Loose = any;

function collect(exported: unknown) {
  const { dags, problems } = collectDags({ exported }, 'dags.ts');
  expect(problems).toEqual([]);
  return dags[0]!;
}
const specOf = (exported: unknown): DagSpec => collect(exported).spec;
const taskOf = (spec: DagSpec, taskId: string): TaskSpec => spec.tasks.find((candidate) => candidate.taskId === taskId)!;
const edgesOf = (spec: DagSpec) => Object.fromEntries(spec.tasks.map(({ taskId, upstream }) => [taskId, upstream]));
const wired = (wire: (d: DagBuilder & Loose) => unknown) => defineDag('d', {}, (d) => void wire(d));

describe('choose', () => {
  const exported = wired((d) => {
    const size = d.task('size', () => 'big')();
    const step = d.task('step', (...x: unknown[]) => x);
    const existing = step.as('existing')();
    const chosen = d.choose(size, {
      big: () => {
        const first = step.as('first')(size);
        d.group('g', () => step.as('inner')(first));
        return step.as('second')(first);
      },
      small: () => existing,
      none: () => undefined,
      group: () => d.group('h', () => [step.as('a')(), step.as('b')(step.as('c')())]),
    });
    step.as('join')(chosen.big, chosen.none);
    d.choose.as('again')(size, { big: () => step.as('other')() });
  });

  it('is a branch that says with which tasks each case begins', () => {
    const spec = specOf(exported);
    expect(taskOf(spec, 'choose_size')).toMatchObject({
      operator: 'choose',
      member: 't.choose',
      decides: { kind: 'branch' },
      upstream: ['size'],
      inputs: [
        { kind: 'ref', taskId: 'size' },
        { kind: 'value', value: { big: ['first'], small: ['existing'], none: [], group: ['h.a', 'h.c'] } },
      ],
    });
    expect(taskOf(spec, 'choose_size').position).not.toBeNull();
    expect(taskOf(spec, 'again').operator).toBe('choose');
    expect(edgesOf(spec)).toMatchObject({
      first: ['choose_size', 'size'],
      'g.inner': ['first'],
      second: ['first'],
      existing: ['choose_size'],
      'h.a': ['choose_size'],
      'h.c': ['choose_size'],
      'h.b': ['h.c'],
      join: ['second'],
      other: ['again'],
    });
  });

  it('returns the tasks of the case at run time, and fails for a value without one', () => {
    const instance = collect(exported).createInstance();
    const cases = { big: ['first'], none: [], true: ['x'] };
    expect(instance.call('choose_size', ['big', cases])).toEqual(['first']);
    expect(instance.call('choose_size', ['none', cases])).toEqual([]);
    expect(instance.call('choose_size', [true, cases])).toEqual(['x']);
    expect(() => instance.call('choose_size', ['bgi', cases])).toThrow(
      'BRANCH_INVALID: choose: there is no case for this value, got "bgi"; allowed: big, none, true; did you mean big?',
    );
    expect(() => instance.call('choose_size', ['toString', cases])).toThrow('BRANCH_INVALID');
  });
});

describe('when', () => {
  it('is a branch that goes on or does not', () => {
    @dag()
    class Files {
      @task() async found(): Promise<{ path: string } | null> {
        return null;
      }
      @task() async read({ path }: { path: string }): Promise<string> {
        return path;
      }
      @task({ triggerRule: 'none_failed' }) async report(text?: string): Promise<void> {
        void text;
      }
      wire(t: Wired<Files>) {
        t.report(t.when(t.found(), (file) => t.read(file)));
      }
    }
    const definition = collect(Files);
    expect(edgesOf(definition.spec)).toEqual({
      found: [],
      when_found: ['found'],
      read: ['found', 'when_found'],
      report: ['read'],
    });
    expect(taskOf(definition.spec, 'when_found')).toMatchObject({ operator: 'when', decides: { kind: 'branch' } });
    const instance = definition.createInstance();
    expect(instance.call('when_found', [{ path: 'a' }, { truthy: ['read'] }])).toEqual(['read']);
    for (const nothing of [null, undefined, 0, '', false]) {
      expect(instance.call('when_found', [nothing, { truthy: ['read'] }])).toBeNull();
    }
    expect(graph(Files)).toBe(
      ['files', '└─ found', '   ├─ when_found [when]', '   │  └─ read → report [none_failed]', '   └─ read ↑'].join('\n'),
    );
  });

  it('stands in groups and other choices, and asks elements of mapped groups', () => {
    const spec = specOf(
      wired((d) => {
        const step = d.task('step', (x: unknown) => x);
        const size = d.task('size', () => 'big')();
        d.group.map('g', [1, 0], (g: Loose, n: Loose) => {
          g.when(n, () => g.choose(size, { big: () => step(n) }));
        });
      }),
    );
    expect(edgesOf(spec)).toEqual({
      size: [],
      'g.when_element': [],
      'g.choose_size': ['g.when_element', 'size'],
      'g.step': ['g.choose_size'],
    });
    expect(taskOf(spec, 'g.when_element').inputs[1]).toEqual({ kind: 'value', value: { truthy: ['g.choose_size'] } });
  });
});

describe('a task named like a tool', () => {
  it('hides the tool in its DAG', () => {
    @dag()
    class Named {
      @task() when(): number {
        return 1;
      }
      @task() scope(n: number): number {
        return n;
      }
      wire(t: Wired<Named>) {
        t.scope(t.when());
      }
    }
    expect(edgesOf(specOf(Named))).toEqual({ when: [], scope: ['when'] });
  });
});

describe('mistakes in a choice', () => {
  it.each<[string, string, (d: Loose) => unknown, string]>([
    [
      'EDGE_INVALID',
      'choose.value: this is known while wiring already',
      (d) => {
        d.task('a', () => 1)();
        d.choose('big', { big: () => 1 }); // here: value
      },
      'value',
    ],
    [
      'VALUE_TYPE',
      'choose.cases: there is no case to choose',
      (d) => d.choose(d.task('a', () => 1)(), {}), // here: cases
      'cases',
    ],
    [
      'VALUE_TYPE',
      'choose.big: this must be a function that wires',
      (d) => d.choose(d.task('a', () => 1)(), { big: 1 }), // here: case
      'case',
    ],
    [
      'VALUE_TYPE',
      'when: this must be a function that wires',
      (d) => d.when(d.task('a', () => 1)(), 1), // here: when
      'when',
    ],
    [
      'WIRE_ASYNC',
      'choose.big: wiring must not be async',
      (d) => {
        const a = d.task('a', () => 1)();
        d.choose(a, { big: async () => 1 }); // here: async
      },
      'async',
    ],
    [
      'TASK_NOT_INSTANTIATED',
      'when.value: call a() to use it',
      (d) => {
        const a = d.task('a', { optional: true }, () => 1);
        d.when(a, () => 1); // here: task
      },
      'task',
    ],
    [
      'ID_INVALID',
      '.as(): this cannot be a task id',
      (d) => {
        const a = d.task('a', () => 1)();
        d.when.as('a b')(a, () => 1); // here: id
      },
      'id',
    ],
    [
      'D103',
      'task "when_a" is wired twice; give the second call its own id with .as(\'when_a_2\')',
      (d) => {
        const a = d.task('a', () => 1)();
        d.when(a, () => undefined);
        d.when(a, () => undefined); // here: twice
      },
      'twice',
    ],
    [
      'DAG_CYCLE',
      'the tasks form a cycle',
      (d) => {
        const a = d.task('a', () => 1)();
        d.when(a, () => a); // here: cycle
      },
      '',
    ],
  ])('%s: %s', (code, message, wire, here) => {
    const { problems } = collectDags({ exported: wired(wire) }, 'broken.ts');
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(problems[0]!.message).toContain(message);
    if (here !== '') expect(problems[0]!.line).toBe(lineOf(here));
  });
});

describe('an output schema', () => {
  it('says which values must have a case, and which ids a branch must lead to', () => {
    const exported = wired((d) => {
      const size = d.task('size', { output: z.enum(['big', 'small']) }, () => 'big')();
      const step = d.task('step', () => 1);
      d.choose(size, { big: () => step.as('a')(), smal: () => step.as('b')() }); // here: typo
      const flag = d.task('flag', { output: z.boolean() }, () => true)();
      d.choose(flag, { true: () => step.as('c')() }); // here: flag
      const level = d.task('level', { output: z.union([z.literal(1), z.literal(2)]) }, () => 1)();
      d.choose(level, { 1: () => step.as('e')(), 2: () => undefined });
      const pick = d.branch('pick', { output: z.enum(['another', 'x', 'y']) }, () => 'x')(); // here: branch
      step.as('x')().after(pick);
      d.choose(d.task('text', { output: z.string() }, () => 'x')(), { any: () => undefined });
      d.choose(d.task('date', { output: z.date() }, () => new Date())(), { any: () => undefined });
    });
    const { problems } = collectDags({ exported }, 'broken.ts');
    expect(problems.map(({ code, message, value, suggestion, line }) => [code, message, value, suggestion, line])).toEqual([
      ['BRANCH_INVALID', 'tasks.choose_size: there is no case for this value', '"small"', 'smal', lineOf('typo')],
      ['BRANCH_INVALID', 'tasks.choose_size: the task never returns this', '"smal"', 'small', lineOf('typo')],
      ['BRANCH_INVALID', 'tasks.choose_flag: there is no case for this value', '"false"', null, lineOf('flag')],
      ['BRANCH_INVALID', '"another" is not downstream of "pick"; valid: x', null, null, lineOf('branch')],
      ['BRANCH_INVALID', '"y" is not downstream of "pick"; valid: x', null, 'x', lineOf('branch')],
    ]);
  });
});

describe('a task that follows a choice', () => {
  const warningsOf = (wire: (d: DagBuilder & Loose) => unknown) =>
    collectDags({ exported: wired(wire) }, 'dags.ts').warnings.map(({ code, message, line }) => [
      code,
      message.split(':')[0],
      line,
    ]);

  it('is named when it is skipped whatever is chosen', () => {
    const warnings = warningsOf((d) => {
      const step = d.task('step', (...x: unknown[]) => x);
      const any = d.task('any', { triggerRule: 'none_failed' }, (...x: unknown[]) => x);
      const size = d.task('size', () => 'big')();
      const shared = step.as('shared')();
      const { big, small } = d.choose(size, {
        big: () => step.as('below_big')(step.as('big')()),
        small: () => step.as('small')(),
        either: () => shared,
        other: () => shared,
      });
      step.as('join')(big, small); // here: join
      step.as('below')(step.as('again')(big, shared)); // here: again
      any.as('tolerant')(big, small);
      step.as('after_tolerant')(any.as('second')(big), small);
      step.as('one')(big, size);
      step.as('of_shared')(shared);
    });
    expect(warnings).toEqual([
      ['TASK_NEVER_RUNS', 'tasks.join', lineOf('join')],
      ['TASK_NEVER_RUNS', 'tasks.again', lineOf('again')],
    ]);
  });

  it('is named when the choice has copies and it has none', () => {
    const warnings = warningsOf((d) => {
      const step = d.task('step', (...x: unknown[]) => x);
      const picks = d.branch('pick', (x: string) => x).map(['a', 'b']);
      const a = step.as('a')(); // here: copies
      a.after(picks);
      d.group.map('g', ['a'], (g: Loose, x: Loose) => g.when(x, () => step.as('in')(x)));
    });
    expect(warnings).toEqual([['DECISION_WITHOUT_EFFECT', 'tasks.a', lineOf('copies')]]);
  });
});
