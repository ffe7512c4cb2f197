/**
 * Every mistake an author can make, by code: the message, the place in this very file (found by its `here:` comment), and that the DAGs
 * beside the broken one still stand.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { ImportProblem } from '../../../src/model/dag.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { mapStacksOf } from './author-positions.js';
import { bash, dag, defineDag, defineDags, operator, task, timetable, type Ref } from '../../../src/sdk/index.js';

await mapStacksOf(import.meta.url);
const SOURCE = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n');
/* eslint-disable @typescript-eslint/no-explicit-any -- what the compiler refuses must be answered at run time too */
type Loose = any;
// Decorators whose place is asserted stand in parentheses: swc drops the place of a bare decorator call from its source map.

/** Line of the comment `here: <name>`. */
function lineOf(name: string): number {
  const index = SOURCE.findIndex((line) => line.endsWith(`// here: ${name}`));
  if (index < 0) throw new Error(`no comment "here: ${name}"`);
  return index + 1;
}

const healthy = defineDag('healthy', {}, (d) => d.task('one', () => 1)());

function problemsOf(exported: Record<string, unknown>): readonly ImportProblem[] {
  const { dags, problems } = collectDags({ ...exported, healthy }, 'broken.ts');
  expect(dags.map(({ spec }) => spec.dagId)).toContain('healthy');
  return problems;
}

interface Case {
  readonly code: string;
  readonly what: string;
  readonly exported: () => Record<string, unknown>;
  readonly message: string;
  readonly here?: string;
  readonly suggestion?: string | null;
  readonly allowed?: string;
}

const dagWith = (options: Loose) => defineDag('d', options, (d) => d.task('one', () => 1)());
const taskWith = (options: Loose) => defineDag('d', {}, (d) => d.task('one', options, () => 1)());
const wiredWith = (wire: (d: Loose) => unknown) => defineDag('d', {}, wire as Loose);

const cases: readonly Case[] = [
  {
    code: 'D002',
    what: 'a static method',
    exported: () => {
      @dag()
      class Static {
        @(task() as Loose) // here: static
        static one() {
          return 1;
        }
        @task() two() {
          return 2;
        }
      }
      return { Static };
    },
    message: '"one" is static',
    here: 'static',
  },
  {
    code: 'D002',
    what: 'an accessor',
    exported: () => {
      @dag()
      class Accessor {
        @(task() as Loose) // here: accessor
        get one() {
          return 1;
        }
      }
      return { Accessor };
    },
    message: '"one" is an accessor; write a method',
    here: 'accessor',
  },
  {
    code: 'D002',
    what: 'a field',
    exported: () => {
      @dag()
      class Field {
        @(task() as Loose) one = bash({ command: 'true' }); // here: field
      }
      return { Field };
    },
    message: '"one" is a field',
    here: 'field',
  },
  {
    code: 'D002',
    what: 'a decorator without parentheses',
    exported: () => {
      @dag()
      class Bare {
        @(task as Loose) one() {
          return 1;
        }
      }
      return { Bare };
    },
    message: 'write @task() with parentheses before "one"',
  },
  {
    code: 'D002',
    what: 'a task named like the tool',
    exported: () => {
      @dag()
      class Named {
        @(task() as Loose) // here: group
        group() {
          return 1;
        }
      }
      return { Named };
    },
    message: '"group" is what t.group(...) is called',
    here: 'group',
  },
  ...(
    [
      ['text', (ref: Loose) => `${ref}`, 'a text or a calculation'],
      ['sum', (ref: Loose) => ref + 1, 'a text or a calculation'],
      ['comparison', (ref: Loose) => ref > 1, 'a text or a calculation'],
      ['loop', (ref: Loose) => [...ref], 'it was iterated'],
      ['JSON', (ref: Loose) => JSON.stringify({ ref }), 'it was turned into JSON'],
    ] as const
  ).map(([what, use, how]): Case => ({
    code: 'D101',
    what: `a ref in a ${what}`,
    exported: () => ({ d: wiredWith((d) => use(d.task('extract', () => 1)())) }),
    message: `output of task "extract" is not known yet, but ${how === 'a text or a calculation' ? `it was put into ${how}` : how}; move this into a task or use t.when`,
  })),
  {
    code: 'D101',
    what: 'a ref as a value, with its place',
    exported: () => ({
      d: wiredWith((d) => {
        const ref = d.task('extract', () => 1)();
        return `${ref}`; // here: ref used
      }),
    }),
    message: 'output of task "extract" is not known yet',
    here: 'ref used',
  },
  {
    code: 'D103',
    what: 'a task that is never wired',
    exported: () => {
      @dag()
      class Unwired {
        @task() one() {
          return 1;
        }
        @(task() as Loose) // here: unwired
        two() {
          return 2;
        }
        wire(t: Loose) {
          t.one();
        }
      }
      return { Unwired };
    },
    message: 'task "two" is never wired; call t.two(...) in wire, or mark it { optional: true }',
    here: 'unwired',
  },
  {
    code: 'D103',
    what: 'a task wired twice',
    exported: () => ({
      d: wiredWith((d) => {
        const one = d.task('one', () => 1);
        one();
        one(); // here: twice
      }),
    }),
    message: `task "one" is wired twice; give the second call its own id with .as('one_2')`,
    here: 'twice',
    suggestion: ".as('one_2')",
  },
  {
    code: 'DAG_CYCLE',
    what: 'a cycle of three',
    exported: () => ({
      d: wiredWith((d) => {
        const a: Ref<number> = d.task('a', () => 1)();
        const b = d.task('b', (x: number) => x)(a);
        const c = d.task('c', (x: number) => x)(b);
        a.after(c);
      }),
    }),
    message: 'a -> b -> c -> a',
  },
  {
    code: 'DAG_CYCLE',
    what: 'a task after itself',
    exported: () => ({
      d: wiredWith((d) => {
        const a: Ref<number> = d.task('a', () => 1)();
        a.after(a);
      }),
    }),
    message: 'a -> a',
  },
  {
    code: 'DAG_CYCLE',
    what: 'upstream options in a circle',
    exported: () => {
      @dag()
      class Circle {
        @task({ upstream: ['two'] }) one() {
          return 1;
        }
        @task({ upstream: ['one'] }) two() {
          return 2;
        }
      }
      return { Circle };
    },
    message: 'one -> two -> one',
  },
  {
    code: 'WIRE_ASYNC',
    what: 'an async wire',
    exported: () => ({ d: wiredWith(async (d) => d.task('one', () => 1)()) }),
    message: 'wiring must not be async',
  },
  {
    code: 'WIRE_ASYNC',
    what: 'an async group',
    exported: () => ({ d: wiredWith((d) => d.group('g', async () => d.task('one', () => 1)())) }),
    message: 'group g: wiring must not be async',
  },
  {
    code: 'TASK_MISSING_WRAPPER',
    what: 'a helper method used as a task',
    exported: () => {
      @dag()
      class Helping {
        @task() one() {
          return 1;
        }
        helper() {
          return 2;
        }
        wire(t: Loose) {
          t.one();
          t.helper(); // here: helper
        }
      }
      return { Helping };
    },
    message: '"helper" is a method of Helping but has no @task()',
    here: 'helper',
  },
  {
    code: 'TASK_MISSING_WRAPPER',
    what: 'a plain function as an upstream',
    exported: () => ({
      d: wiredWith((d) => {
        d.task('one', () => 1)().after(() => 2); // here: plain function
      }),
    }),
    message: 'a plain function was passed as a task; decorate it with @task()',
    here: 'plain function',
  },
  {
    code: 'TASK_MISSING_WRAPPER',
    what: 'a class without tasks',
    exported: () => {
      @dag()
      class Empty {
        one() {
          return 1;
        }
      }
      return { Empty };
    },
    message: 'the DAG has no task',
  },
  {
    code: 'UNKNOWN_NAME',
    what: 'a task that does not exist',
    exported: () => {
      @dag()
      class Typo {
        @task() total() {
          return 1;
        }
        wire(t: Loose) {
          t.totl(); // here: typo
        }
      }
      return { Typo };
    },
    message: 'Typo has no task "totl"',
    here: 'typo',
    suggestion: 'total',
    allowed: 'group, scope, choose, when, total',
  },
  {
    code: 'UNKNOWN_NAME',
    what: 'an upstream that does not exist',
    exported: () => {
      @dag()
      class Sugar {
        @task() extract() {
          return 1;
        }
        @(task({ upstream: ['extrct'] }) as Loose) // here: upstream
        load(value: number) {
          return value;
        }
      }
      return { Sugar };
    },
    message: 'there is no task "extrct"',
    here: 'upstream',
    suggestion: 'extract',
  },
  {
    code: 'TASK_NOT_INSTANTIATED',
    what: 'a task passed without being called, as data',
    exported: () => ({
      d: wiredWith((d) => {
        const extract = d.task('extract', () => 1);
        d.task('load', (x: number) => x)({ rows: [extract] }); // here: not called
        extract();
      }),
    }),
    message: 'tasks.load.args[0].rows[0]: call extract() to use it',
    here: 'not called',
  },
  {
    code: 'TASK_NOT_INSTANTIATED',
    what: 'a task passed without being called, as order',
    exported: () => ({
      d: wiredWith((d) => {
        const extract = d.task('extract', () => 1);
        extract.as('x')().after(extract);
      }),
    }),
    message: 'call extract() to use it',
  },
  {
    code: 'EDGE_INVALID',
    what: 'an edge to undefined',
    exported: () => ({
      d: wiredWith((d) =>
        d
          .task('one', () => 1)()
          .after(undefined),
      ),
    }),
    message: 'task "one".after: this is not a task',
  },
  {
    code: 'EDGE_INVALID',
    what: 'an edge to a task of another DAG',
    exported: () => {
      let foreign: Loose;
      const a = defineDag('a', {}, (d) => (foreign = d.task('b', () => 1)()) && undefined);
      const y = defineDag('y', {}, (d) => d.task('c', (x: number) => x)(foreign) && undefined);
      return { a, y };
    },
    message: 'task "b" belongs to DAG "a", not to "y"',
  },
  {
    code: 'EDGE_INVALID',
    what: 'a group as data',
    exported: () => ({
      d: wiredWith((d) => {
        const one = d.task('one', (x: number) => x);
        one(d.group('g', () => undefined));
      }),
    }),
    message: 'a group has no output',
  },
  {
    code: 'EDGE_INVALID',
    what: 'upstream options beside a wire method',
    exported: () => {
      @dag()
      class Both {
        @task() one() {
          return 1;
        }
        @(task({ upstream: ['one'] }) as Loose) // here: both
        two() {
          return 2;
        }
        wire(t: Loose) {
          t.one();
          t.two();
        }
      }
      return { Both };
    },
    message: 'remove upstream',
    here: 'both',
  },
  {
    code: 'TASK_DUPLICATE',
    what: 'two tasks renamed to the same id',
    exported: () => ({
      d: wiredWith((d) => {
        d.task('one', () => 1)();
        d.task('two', () => 2)().as('one'); // here: renamed
      }),
    }),
    message: '"one" at authoring-errors.test.ts:',
    here: 'renamed',
  },
  {
    code: 'TASK_DUPLICATE',
    what: 'a task id defined twice',
    exported: () => ({
      d: wiredWith((d) => {
        d.task('one', () => 1)();
        d.task('one', () => 2); // here: defined twice
      }),
    }),
    message: '"one" is defined on lines',
    here: 'defined twice',
  },
  {
    code: 'TASK_DUPLICATE',
    what: 'a group named like a task',
    exported: () => ({
      d: wiredWith((d) => {
        d.task('one', () => 1)();
        d.group('one', () => undefined);
      }),
    }),
    message: 'there is a task with the same id at authoring-errors.test.ts:',
  },
  {
    code: 'ID_CONFUSABLE',
    what: 'group ids that differ by case',
    exported: () => ({
      d: wiredWith((d) => {
        d.group('Load', () => d.task('one', () => 1)());
        d.group('load', () => d.task('two', () => 2)()); // here: the second
      }),
    }),
    message: 'groups.load: "load" and "Load" differ only by case',
    here: 'the second',
  },
  {
    code: 'ID_INVALID',
    what: 'a task id that is no text',
    exported: () => ({ d: wiredWith((d) => (d.task as Loose)(5, () => 1)()) }),
    message: 'tasks.5: this cannot be an id',
  },
  {
    code: 'ID_INVALID',
    what: 'a task id with a line end, shown on one line',
    exported: () => ({ d: wiredWith((d) => d.task('a\n\u202eb', () => 1)()) }),
    message: 'tasks.a\\u000a\\u202eb: this cannot be an id',
  },
  {
    code: 'ID_CONFUSABLE',
    what: 'task ids that differ by case',
    exported: () => ({
      d: wiredWith((d) => {
        d.task('load', () => 1)();
        d.task('Load', () => 2)();
      }),
    }),
    message: '"Load" and "load" differ only by case',
  },
  {
    code: 'ID_CONFUSABLE',
    what: 'DAG ids that differ by case',
    exported: () => ({ other: defineDag('Healthy', {}, (d) => d.task('one', () => 1)()) }),
    message: 'differ only by case',
  },
  {
    code: 'DAG_DUPLICATE',
    what: 'two DAGs with one id',
    exported: () => ({ other: defineDag('healthy', {}, (d) => d.task('one', () => 1)()) }),
    message: '"healthy" is already defined in this file on line',
  },
  ...['with space', 'a/b', '../x', '', '-x', '.', 'é', "'; drop table dag", '📈', 'x'.repeat(251)].map((id): Case => ({
    code: 'ID_INVALID',
    what: `DAG id ${JSON.stringify(id).slice(0, 20)}`,
    exported: () => ({ d: defineDag(id, {}, (d) => d.task('one', () => 1)()) }),
    message: 'this cannot be an id',
    allowed: 'A-Z a-z 0-9 _ - . ~ (1-250 characters, not starting with . or -)',
  })),
  ...['with space', 'a/b', '', '-x', 'x'.repeat(251)].map((id): Case => ({
    code: 'ID_INVALID',
    what: `task id ${JSON.stringify(id).slice(0, 20)}`,
    exported: () => ({ d: wiredWith((d) => d.task(id, () => 1)()) }),
    message: 'this cannot be an id',
  })),
  {
    code: 'ID_INVALID',
    what: '.as() with a bad id',
    exported: () => ({
      d: wiredWith((d) => {
        d.task('one', () => 1)().as('a b'); // here: as
      }),
    }),
    message: 'this cannot be a task id',
    here: 'as',
  },
  {
    code: 'ID_INVALID',
    what: 'a group id with a dot',
    exported: () => ({ d: wiredWith((d) => d.group('a.b', () => d.task('one', () => 1)())) }),
    message: 'this cannot be a group id',
  },
  ...(
    [
      ['a function', () => 1, 'tasks.load.args[0].rows[3].fn is a function'],
      ['a symbol', Symbol('x'), 'tasks.load.args[0].rows[3].fn is a symbol'],
      ['an invalid date', new Date(Number.NaN), 'is an invalid Date'],
      ['NaN', Number.NaN, 'is NaN'],
      ['Infinity', Number.POSITIVE_INFINITY, 'is Infinity'],
      ['undefined', undefined, 'is undefined'],
      ['a class instance', new URL('http://localhost'), 'is an instance of URL'],
    ] as const
  ).map(([what, value, message]): Case => ({
    code: 'ARG_NOT_SERIALIZABLE',
    what,
    exported: () => ({ d: wiredWith((d) => d.task('load', (x: unknown) => x)({ rows: [1, 2, 3, { fn: value }] })) }),
    message: message.replace(' is ', ': is '),
  })),
  {
    code: 'ARG_NOT_SERIALIZABLE',
    what: 'a circle, beside a ref',
    exported: () => ({
      d: wiredWith((d) => {
        const circle: Loose = { ref: d.task('one', () => 1)() };
        circle.self = circle;
        d.task('load', (x: unknown) => x)(circle); // here: circle
      }),
    }),
    message: 'tasks.load.args[0].self',
    here: 'circle',
  },
  {
    code: 'EXPAND_TYPE',
    what: 'mapping over a text',
    exported: () => ({ d: wiredWith((d) => d.task('load', (x: unknown) => x).map('abc')) }),
    message: 'this cannot be mapped over',
  },
  ...[-1, 1.5, '3', Number.NaN, 1e9].map((retries): Case => ({
    code: 'VALUE_RANGE',
    what: `retries ${String(retries)}`,
    exported: () => ({ d: taskWith({ retries }) }),
    message: 'tasks.one.retries: retries must be an integer 0-100',
  })),
  ...(
    [
      ['executionTimeout', '0s', 'this is too short'],
      ['executionTimeout', '31d', 'this is too long'],
      ['poolSlots', 0, 'poolSlots must be an integer'],
      ['retryExponentialBackoff', 0.5, 'the factor is out of range'],
    ] as const
  ).map(([name, value, message]): Case => ({
    code: 'VALUE_RANGE',
    what: `${name} ${value}`,
    exported: () => ({ d: taskWith({ [name]: value }) }),
    message: `tasks.one.${name}: ${message}`,
  })),
  ...([0, -1, 'x', 2.5] as const).map((value): Case => ({
    code: 'VALUE_RANGE',
    what: `maxActiveRuns ${value}`,
    exported: () => ({ d: dagWith({ maxActiveRuns: value }) }),
    message: 'd.maxActiveRuns: maxActiveRuns must be an integer',
  })),
  {
    code: 'VALUE_RANGE',
    what: 'a sensor that gives up before its second look',
    exported: () => ({ d: wiredWith((d) => d.sensor('s', { pokeInterval: '1h', timeout: '1m' }, () => true)()) }),
    message: 'timeout must not be shorter than pokeInterval',
  },
  {
    code: 'VALUE_RANGE',
    what: 'a sensor without pause',
    exported: () => ({ d: wiredWith((d) => d.sensor('s', { pokeInterval: '0s' }, () => true)()) }),
    message: 'tasks.s.pokeInterval: this is too short',
  },
  ...(
    [
      ['5 parsecs', null],
      ['-5m', null],
      ['10 min', "'10m'"],
      [30, "'30s'"],
      ['1mo', null],
    ] as const
  ).map(([retryDelay, suggestion]): Case => ({
    code: 'DURATION_INVALID',
    what: `retryDelay ${retryDelay}`,
    exported: () => ({ d: taskWith({ retryDelay }) }),
    message: 'tasks.one.retryDelay',
    suggestion,
  })),
  ...(
    [
      ['triggerRule', 'all_sucess', 'all_success'],
      ['isolation', 'proces', 'process'],
    ] as const
  ).map(([name, value, suggestion]): Case => ({
    code: 'UNKNOWN_NAME',
    what: `${name} ${value}`,
    exported: () => ({ d: taskWith({ [name]: value }) }),
    message: `tasks.one.${name}: there is no such choice`,
    suggestion,
  })),
  {
    code: 'UNKNOWN_NAME',
    what: 'a sensor mode',
    exported: () => ({ d: wiredWith((d) => d.sensor('s', { mode: 'reschedul' }, () => true)()) }),
    message: 'tasks.s.mode',
    suggestion: 'reschedule',
    allowed: 'poke, reschedule',
  },
  {
    code: 'OPTION_UNKNOWN',
    what: 'a misspelt task option',
    exported: () => {
      @dag()
      class Retires {
        @((task as Loose)({ retires: 3 })) // here: retires
        one() {
          return 1;
        }
      }
      return { Retires };
    },
    message: 'tasks.one.retires: there is no option "retires"',
    here: 'retires',
    suggestion: 'retries',
  },
  {
    code: 'OPTION_UNKNOWN',
    what: 'a misspelt task option on a DAG',
    exported: () => ({ d: dagWith({ retires: 3 }) }),
    message: 'there is no option "retires" here: it is an option of tasks; for all of them, put it into defaultArgs',
    suggestion: 'retries',
  },
  {
    code: 'OPTION_UNKNOWN',
    what: 'a task option on a DAG',
    exported: () => ({ d: dagWith({ retries: 3 }) }),
    message: 'put it into defaultArgs',
    suggestion: null,
  },
  {
    code: 'OPTION_UNKNOWN',
    what: "Airflow's old name",
    exported: () => ({ d: dagWith({ schedule_interval: '@daily' }) }),
    message: 'there is no option "schedule_interval"',
    suggestion: 'schedule',
  },
  {
    code: 'OPTION_UNKNOWN',
    what: 'a DAG option in defaultArgs',
    exported: () => ({ d: dagWith({ defaultArgs: { startDate: '2024-01-01' } }) }),
    message: 'd.defaultArgs.startDate: there is no option "startDate" here: it is an option of @dag',
  },
  {
    code: 'OPTION_UNKNOWN',
    what: 'a misspelt option of a group',
    exported: () => ({ d: wiredWith((d) => d.group('g', () => d.task('one', () => 1)(), { pol: 'x' })) }),
    message: 'groups.g.pol',
    suggestion: 'pool',
  },
  {
    code: 'OPTION_UNKNOWN',
    what: 'a misspelt option of an operator',
    exported: () => {
      @dag()
      class Shell {
        one = bash({ command: 'true', comand: 'x' } as Loose); // here: comand
      }
      return { Shell };
    },
    message: 'tasks.one.comand',
    here: 'comand',
    suggestion: 'command',
  },
  {
    code: 'ARG_HAS_NUL',
    what: 'a command with NUL',
    exported: () => {
      @dag()
      class Shell {
        one = bash({ command: 'echo \0' });
      }
      return { Shell };
    },
    message: 'bash.command',
  },
  {
    code: 'VALUE_TYPE',
    what: 'options that are no object',
    exported: () => ({ d: taskWith(3) }),
    message: 'tasks.one: options must be an object',
  },
  {
    code: 'VALUE_TYPE',
    what: 'options behind the function',
    exported: () => ({
      d: defineDag('d', {}, (d) => {
        (d.branch as Loose)('pick', () => 'x', { retries: 1 });
      }),
    }),
    message: 'tasks.pick: a task needs a function, behind its options',
  },
  {
    code: 'VALUE_TYPE',
    what: 'a catchup that is none',
    exported: () => ({ d: dagWith({ catchup: 'all' }) }),
    message: 'd.catchup: this is not a catchup',
  },
  {
    code: 'VALUE_TYPE',
    what: 'a schedule that is none',
    exported: () => ({ d: dagWith({ schedule: 5 }) }),
    message: 'd.schedule: this is not a schedule',
  },
  {
    code: 'CRON_INVALID',
    what: 'a bad cron field',
    exported: () => ({ d: dagWith({ schedule: '61 * * * *', startDate: '2024-01-01' }) }),
    message: 'd.schedule',
  },
  {
    code: 'TZ_UNKNOWN',
    what: 'a misspelt zone',
    exported: () => ({ d: dagWith({ timezone: 'Europe/Pari' }) }),
    message: 'd.timezone',
    suggestion: 'Europe/Paris',
  },
  {
    code: 'START_DATE_REQUIRED',
    what: 'a schedule without startDate',
    exported: () => ({ d: dagWith({ schedule: '@daily' }) }),
    message: 'd.startDate: a DAG with a schedule needs a startDate',
  },
  {
    code: 'DATE_INVALID',
    what: 'month 13',
    exported: () => ({ d: dagWith({ schedule: '@daily', startDate: '2025-13-40' }) }),
    message: 'd.startDate: month 13',
  },
  {
    code: 'DATE_INVALID',
    what: 'an invalid Date',
    exported: () => ({ d: dagWith({ startDate: new Date(Number.NaN) }) }),
    message: 'd.startDate',
  },
  {
    code: 'DATE_ORDER',
    what: 'an end before the start',
    exported: () => ({ d: dagWith({ schedule: '@daily', startDate: '2025-02-01', endDate: '2025-01-01' }) }),
    message: 'endDate 2025-01-01 is before startDate 2025-02-01',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'params that are no schema',
    exported: () => ({ d: dagWith({ params: 5 }) }),
    message: 'd.params: params must be a Standard Schema',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a JSON Schema in place of default values',
    exported: () => ({ d: dagWith({ params: { type: 'object', properties: { a: { $ref: 'http://example.com' } } } }) }),
    message: 'd.params: this looks like a JSON Schema, and would be taken for default values',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a schema that throws',
    exported: () => ({
      d: dagWith({
        params: z.object({
          a: z
            .string()
            .refine(() => {
              throw new Error('x');
            })
            .default('a'),
        }),
      }),
    }),
    message: 'must not be asynchronous, and must not throw',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a scheduled DAG with a param without default',
    exported: () => ({ d: dagWith({ schedule: '@daily', startDate: '2024-01-01', params: z.object({ day: z.string() }) }) }),
    message: 'needs a default for every param: day',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a default that does not fit',
    exported: () => ({ d: dagWith({ params: z.object({ limit: z.number().min(1).default(0) }) }) }),
    message: 'a default does not fit the schema: limit',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a schema of something else',
    exported: () => ({ d: dagWith({ params: z.string() }) }),
    message: 'must be that of an object',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a schema that JSON Schema cannot say',
    exported: () => ({ d: dagWith({ params: z.object({ at: z.date() }) }) }),
    message: 'cannot be said as JSON Schema',
  },
  {
    code: 'PARAM_SCHEMA_INVALID',
    what: 'a catastrophic pattern',
    exported: () => ({
      d: dagWith({
        params: z.object({
          name: z
            .string()
            .regex(/^(a+)+$/)
            .default('a'),
        }),
      }),
    }),
    message: 'this pattern can take for ever',
  },
  {
    code: 'ARG_NOT_SERIALIZABLE',
    what: 'arguments of a timetable',
    exported: () => ({ d: dagWith({ schedule: timetable('x', { f: () => 1 }) }) }),
    message: 'd.schedule.args.f: is a function',
  },
  {
    code: 'EXPORT_INVALID',
    what: 'an instance of a DAG class',
    exported: () => {
      @dag()
      class Made {
        @task() one() {
          return 1;
        }
      }
      return { made: new Made() };
    },
    message: 'export the class Made itself',
  },
  {
    code: 'EXPORT_INVALID',
    what: 'a class that wires but is no DAG',
    exported: () => {
      class Forgotten {
        @(task() as Loose) // here: forgotten
        one() {
          return 1;
        }
        wire(t: Loose) {
          t.one();
        }
      }
      return { Forgotten };
    },
    message: 'class Forgotten has @task() methods but no @dag()',
    here: 'forgotten',
  },
  {
    code: 'EXPORT_INVALID',
    what: 'a promise',
    exported: () => ({ later: Promise.resolve(healthy) }),
    message: 'this is a promise',
  },
  { code: 'EXPORT_INVALID', what: 'a number by default', exported: () => ({ default: 42 }), message: 'this cannot be a DAG' },
  {
    code: 'EXPORT_INVALID',
    what: 'a family of something else',
    exported: () => ({ family: defineDags([1], () => URL as Loose) }),
    message: 'returned something that is no DAG',
  },
  {
    code: 'IMPORT_ERROR',
    what: 'a wire that throws',
    exported: () => ({
      d: wiredWith(() => {
        throw new TypeError('boom'); // here: boom
      }),
    }),
    message: 'd.wire: TypeError: boom',
    here: 'boom',
  },
  {
    code: 'IMPORT_ERROR',
    what: 'a wire that throws a text',
    exported: () => ({
      d: wiredWith(() => {
        throw 'boom'; // eslint-disable-line @typescript-eslint/only-throw-error -- what this is about
      }),
    }),
    message: 'something that is not an Error was thrown: "boom"',
  },
  {
    code: 'IMPORT_ERROR',
    what: 'a class that cannot be made',
    exported: () => {
      @dag()
      class Broken {
        @task() one() {
          return 1;
        }
        constructor() {
          throw new Error('no'); // here: constructor
        }
      }
      return { Broken };
    },
    message: 'Error: no',
    here: 'constructor',
  },
];

describe('mistakes of authors', () => {
  it.each(cases)('$code: $what', ({ code, exported, message, here, suggestion, allowed }) => {
    const problems = problemsOf(exported());
    expect(problems).toHaveLength(1);
    const [problem] = problems as [ImportProblem];
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(message);
    expect(problem.file).toMatch(/^(broken\.ts|authoring-errors\.test\.ts)$/);
    if (here !== undefined) expect(problem).toMatchObject({ line: lineOf(here), column: expect.any(Number) });
    if (suggestion !== undefined) expect(problem.suggestion).toBe(suggestion);
    if (allowed !== undefined) expect(problem.allowed).toBe(allowed);
  });

  it('reports all mistakes of a file at once', () => {
    const problems = problemsOf({
      a: dagWith({ schedule: '61 * * * *', timezone: 'Mars/Base', startDate: '2025-02-30', maxActiveRuns: 0, tgas: ['x'] }),
      b: wiredWith((d) => d.task('one', { retries: -1, pool: 5 }, () => 1)({ f: () => 1 })),
    });
    expect(problems.map(({ code }) => code).sort()).toEqual(
      [
        'ARG_NOT_SERIALIZABLE',
        'CRON_INVALID',
        'DATE_INVALID',
        'OPTION_UNKNOWN',
        'TZ_UNKNOWN',
        'VALUE_RANGE',
        'VALUE_RANGE',
        'VALUE_TYPE',
      ].sort(),
    );
  });

  it('gives the column of the decorator', () => {
    @dag()
    class Column {
      @(task({ retries: -1 }) as Loose) // here: column
      one() {
        return 1;
      }
    }
    expect(problemsOf({ Column })).toMatchObject([{ line: lineOf('column'), column: 9 }]);
  });

  it('does not hold tasks against a wire that broke off', () => {
    const problems = problemsOf({
      d: wiredWith((d) => {
        d.task('never', () => 1);
        throw new Error('boom');
      }),
    });
    expect(problems.map(({ code }) => code)).toEqual(['IMPORT_ERROR']);
  });

  it('refuses a call after wire has returned', () => {
    let late: Loose;
    const { dags } = collectDags({ d: wiredWith((d) => ((late = d.task('one', () => 1)), late(), undefined)) }, 'late.ts');
    expect(dags).toHaveLength(1);
    expect(() => late()).toThrow('WIRE_ASYNC: d.wire: one was wired after wire had returned');
  });

  it('warns of what may be meant: a file without DAG, a base class, an abbreviated zone, a date in a gap', () => {
    class Base {
      @task() one() {
        return 1;
      }
    }
    const warningsOf = (exported: Record<string, unknown>) => collectDags(exported, 'w.ts').warnings.map(({ code }) => code);
    expect(warningsOf({ helper: () => 1 })).toEqual(['NO_DAG_FOUND']);
    expect(warningsOf({ Base })).toEqual(['EXPORT_INVALID']);
    expect(warningsOf({ d: dagWith({ timezone: 'EST' }) })).toEqual(['TZ_AMBIGUOUS']);
    expect(warningsOf({ d: dagWith({ timezone: 'Europe/Paris', startDate: '2024-03-31T02:30' }) })).toEqual(['DATE_IN_DST_GAP']);
    const yearly = { schedule: '0 0 1 1 *', startDate: '2024-02-01' };
    expect(warningsOf({ d: dagWith({ ...yearly, endDate: '2024-06-01' }) })).toEqual(['S001']);
    expect(warningsOf({ d: dagWith({ ...yearly, endDate: '2025-06-01' }) })).toEqual([]);
  });
});

describe('D001: the new decorator convention', () => {
  const newContext = { kind: 'method', name: 'one', static: false, private: false, addInitializer: () => undefined };

  it.each([
    ['@dag', () => (dag() as Loose)(URL, { ...newContext, kind: 'class' })],
    ['@task', () => (task() as Loose)(() => 1, newContext)],
    ['@task.sensor', () => (task.sensor() as Loose)(() => true, newContext)],
    ['@task', () => (task as Loose)(() => 1, newContext)],
  ])('%s throws at once, with the fix', (name, decorate) => {
    expect(decorate).toThrow(
      expect.objectContaining({
        code: 'D001',
        message: expect.stringContaining(`${name} was called with the new decorator convention`),
      }),
    );
    expect(decorate).toThrow(/"experimentalDecorators": true .*authoring-errors\.test\.ts/s);
  });
});

describe('operator', () => {
  it('refuses an option with the name of a task option', () => {
    const define = () => operator<{ pool: string }, string>({ name: 'x', optionNames: ['pool'], execute: () => '' });
    expect(define).toThrow('PLUGIN_INVALID: operator x: an option of an operator has the name of a task option, got "pool"');
  });
});
