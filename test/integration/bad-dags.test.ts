/**
 * Bad input in DAG files, row by row of the table of bad input (B1-B24, B28-B30, B41, B60, B69, B71), and what must hold between tasks: each a real file through the real dag processor, all in
 * one folder. Every row asserts code, exact place and what the message must say; the folder's healthy neighbours are parsed all the same.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ImportProblem, ParsedFile } from '../../src/model/dag.js';
import { dagFile, DagFolder } from './dag-processor/dag-folder.js';

const HEAD = `import { bash, dag, defineDag, defineDags, fileWatch, hybrid, task, timetable, type Wired } from 'airflow-like';\nimport { z } from 'zod';\n`;

/** A class with these DAG options. */
const inClass = (options: string): string => `${HEAD}
@dag({
  dagId: 'CASE',
  ${options}
})
export class Case {
  @task() async one(): Promise<number> { return 1; }
  wire(t: Wired<Case>) { t.one(); }
}
`;
/** The same as a function. */
const inFunction = (options: string): string => `${HEAD}
export const dags = defineDag('CASE', { ${options} } as any, (d) => { d.task('one', () => 1)(); });
`;
/** A class wired by \`upstream\`, with options on its task. */
const onTask = (options: string): string => `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  @task({
    ${options}
  } as any)
  async one(): Promise<number> { return 1; }
  @task({ upstream: ['one'] }) async two(n: number): Promise<number> { return n; }
}
`;
/** A class with two tasks and this text as its wiring. */
const wiring = (statements: string): string => `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  @task({ optional: true }) async a(): Promise<number> { return 1; }
  @task({ optional: true }) async b(input: any): Promise<number> { return input; }
  async plain(): Promise<number> { return 1; }
  wire(t: any) {
    ${statements}
  }
}
`;

/** A class with one bash task. */
const withBash = (options: string): string => `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  go = bash({ ${options} });
  wire(t: Wired<Case>) { t.go(); }
}
`;

interface Case {
  readonly row: string;
  readonly source: string;
  readonly code: string;
  /** The text at which the mistake must be placed; null: the message has no place to name. */
  readonly at: string | null;
  readonly says?: RegExp;
  readonly meant?: string;
}

const scheduled = (schedule: string): string => `schedule: '${schedule}', startDate: '2024-01-01',`;
const cron = (row: string, expression: string, says: RegExp, code = 'CRON_INVALID', meant?: string): Case[] =>
  [inClass, inFunction].map((form) => ({
    row,
    source: form(scheduled(expression)),
    code,
    at: 'schedule:',
    says,
    ...(meant === undefined ? {} : { meant }),
  }));
const option = (row: string, options: string, code: string, at: string, says?: RegExp, meant?: string): Case[] =>
  [inClass, inFunction].map((form) => ({
    row,
    source: form(options),
    code,
    at,
    ...(says === undefined ? {} : { says }),
    ...(meant === undefined ? {} : { meant }),
  }));

const CASES: readonly Case[] = [
  ...cron('B1', '61 * * * *', /minute 61 is outside 0-59 in "61 \* \* \* \*" \(field 1\)/),
  ...cron('B1', '0 0 32 * *', /day of month 32 is outside 1-31 .*field 3/),
  ...cron('B2', '* * * *', /expected 5 fields \(or 6 with seconds last\), got 4/),
  ...cron('B2', '0 0 0 * * * 2024', /got 7/),
  ...cron('B2', '   ', /got 0/),
  ...cron('B2', '* * * * ?junk', /weekday "\?junk"/),
  ...cron('B2', '@fortnightly', /unknown preset/, 'CRON_INVALID', '@weekly'),
  ...cron('B2', '@dialy', /unknown preset/, 'CRON_INVALID', '@daily'),
  ...cron('B2', '10 min', /got 2/, 'CRON_INVALID', "'10m'"),
  ...cron('B3', '0 0 31 2 *', /no date matches within 8 years/, 'CRON_NEVER'),
  ...cron('B3', '0 0 31 4,6,9,11 *', /no date matches/, 'CRON_NEVER'),
  ...cron('B4', '*/0 * * * *', /step 0 of minute/),
  ...cron('B4', '0-10/99 * * * *', /step 99 of minute is outside 1-60/),
  ...cron('B4', '5-1 * * * *', /reversed.*field 1/, 'CRON_INVALID', '5-59,0-1'),
  ...['Mars/Phobos', '', 'UTC+1', '+05:30'].flatMap((zone) =>
    option('B5', `timezone: '${zone}',`, 'TZ_UNKNOWN', 'timezone:', /no such time zone/),
  ),
  ...option('F1', "schedule: fileWatch(''),", 'FILE_PATTERN_INVALID', 'schedule:', /a pattern of file names is needed/),
  ...option('F1', "schedule: fileWatch('inbox/'),", 'FILE_PATTERN_INVALID', 'schedule:', /names a folder/, 'inbox/*'),
  ...option('F1', "schedule: fileWatch('../*.csv'),", 'FILE_PATTERN_INVALID', 'schedule:', /"\.\." does not match/),
  ...option(
    'B4',
    "schedule: hybrid(['@daily'], { file: 'in/{{ dt }}' }),",
    'FILE_PATTERN_INVALID',
    'schedule:',
    /dates of its run/,
    'ds',
  ),
  ...option('B5', "timezone: 'Europe/Pari',", 'TZ_UNKNOWN', 'timezone:', /no such/, 'Europe/Paris'),
  { row: 'B7', source: inClass("schedule: '@daily',"), code: 'START_DATE_REQUIRED', at: '@dag(' },
  ...option('B7', "startDate: '2025-13-40',", 'DATE_INVALID', 'startDate:', /month 13/),
  ...option('B7', "startDate: '300000-01-01',", 'DATE_INVALID', 'startDate:', /year 300000/),
  ...option('B7', 'startDate: new Date(NaN),', 'DATE_INVALID', 'startDate:', /invalid/),
  ...option(
    'B8',
    "startDate: '2025-02-01', endDate: '2025-01-01',",
    'DATE_ORDER',
    'endDate:',
    /endDate 2025-01-01 is before startDate 2025-02-01/,
  ),
  ...option('B8', "startDate: '2025-02-01T06:00', endDate: '2025-02-01T05:00',", 'DATE_ORDER', 'endDate:', /T05:00.*T06:00/),
  {
    row: 'B10',
    source: `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  @task({ upstream: ['c'] }) async a(): Promise<number> { return 1; }
  @task({ upstream: ['a'] }) async b(): Promise<number> { return 1; }
  @task({ upstream: ['b'] }) async c(): Promise<number> { return 1; }
}
`,
    code: 'DAG_CYCLE',
    at: "@task({ upstream: ['c'] })",
    says: /(a -> c -> b -> a|a -> b -> c -> a)/,
  },
  { row: 'B10', source: wiring('const a = t.a(); a.after(t.b(a));'), code: 'DAG_CYCLE', at: 'a(); a.after', says: /-> / },
  { row: 'B10', source: wiring('const a = t.a(); a.after(a);'), code: 'DAG_CYCLE', at: 'a(); a.after', says: /a -> a/ },
  {
    row: 'B12',
    source: `${HEAD}
export const dags = defineDag('CASE', {}, (d) => {
  d.task('load', () => 1)();
  d.task('load', () => 2)();
});
`,
    code: 'TASK_DUPLICATE',
    at: "task('load', () => 2)",
    says: /"load" is defined on lines 5 and 6/,
  },
  {
    row: 'B12',
    source: wiring("t.a(); t.b.as('a')(1);"),
    code: 'TASK_DUPLICATE',
    at: "'a')(1)",
    says: /"a" at .*:6 and .*:7/,
  },
  {
    row: 'B12',
    source: wiring("t.group('g', (g: any) => { g.a(); }); t.group('g', () => undefined);"),
    code: 'TASK_DUPLICATE',
    at: "group('g', () => undefined)",
  },
  ...['a b', 'a/b', '..', '🚀', 'x'.repeat(300), '', "'; drop table dag; --", '-x'].map((id): Case => ({
    row: 'B13',
    source: `${HEAD}\nexport const dags = defineDag(${JSON.stringify(id)}, {}, (d) => { d.task('one', () => 1)(); });\n`,
    code: 'ID_INVALID',
    at: 'defineDag(',
    says: /this cannot be an id/,
  })),
  { row: 'B13', source: onTask("taskId: '../x',"), code: 'ID_INVALID', at: 'taskId:', says: /cannot be an id/ },
  {
    row: 'B13',
    source: wiring("t.group('g/h', (g: any) => { g.a(); });"),
    code: 'ID_INVALID',
    at: "group('g/h'",
    says: /cannot be a group id/,
  },
  {
    row: 'B14',
    source: `${HEAD}\nexport const dags = defineDag('CASE', {}, (d) => { d.task('Load', () => 1)(); d.task('load', () => 1)(); });\n`,
    code: 'ID_CONFUSABLE',
    at: '1)(); });',
    says: /"load" and "Load" differ only by case/,
  },
  { row: 'B15', source: wiring('t.a().after(undefined);'), code: 'EDGE_INVALID', at: 'after(undefined)', says: /not a task/ },
  { row: 'B15', source: wiring('t.b(t.a);'), code: 'TASK_NOT_INSTANTIATED', at: 'b(t.a)', says: /call a\(\) to use it/ },
  {
    row: 'B15',
    source: `${HEAD}
let leaked: any;
export const first = defineDag('CASE', {}, (d) => { leaked = d.task('x', () => 1)(); });
export const second = defineDag('CASE_2', {}, (d) => { d.task('y', () => 1)().after(leaked); });
`,
    code: 'EDGE_INVALID',
    at: 'after(leaked)',
    says: /task "x" belongs to DAG "b15_\d+", not to "b15_\d+_2"/,
  },
  {
    row: 'B15',
    source: `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  @task() async extract(): Promise<number> { return 1; }
  @task({ upstream: ['exract'] }) async load(n: number): Promise<number> { return n; }
}
`,
    code: 'UNKNOWN_NAME',
    at: 'upstream:',
    meant: 'extract',
  },
  {
    row: 'B16',
    source: wiring('t.a(); t.plain();'),
    code: 'TASK_MISSING_WRAPPER',
    at: 'plain();',
    says: /"plain" is a method of Case but has no @task\(\)/,
  },
  { row: 'B16', source: wiring('t.a().after(() => 1);'), code: 'TASK_MISSING_WRAPPER', at: 'after(() => 1)' },
  ...['wire = (t: any) => { t.one(); };', 'static wire(t: any) { t.one(); }'].map((wire): Case => ({
    row: 'B16',
    source: inClass('').replace(/wire\(t.*/, wire),
    code: 'VALUE_TYPE',
    at: wire.startsWith('static') ? 'static' : 'wire =',
    says: /wire must be a method/,
  })),
  { row: 'B17', source: 'export default 42;\n', code: 'EXPORT_INVALID', at: 'export default', says: /cannot be a DAG/ },
  {
    row: 'B17',
    source: `${HEAD}export const list = ['a', 'b'].map((n) => defineDag('CASE_' + n, {}, (d) => { d.task('x', () => 1)(); }));\n`,
    code: 'EXPORT_INVALID',
    at: 'list =',
    says: /list of DAGs.*defineDags/,
  },
  { row: 'B18', source: 'export const = 1;\n', code: 'IMPORT_ERROR', at: '= 1' },
  {
    row: 'B18',
    source: "import { x } from './lib/helpre.js';\nexport const y = x;\n",
    code: 'IMPORT_ERROR',
    at: "'./lib",
    meant: './lib/helper.js',
  },
  {
    row: 'B18',
    source: "import x from 'no-such-package-at-all';\nexport const y = x;\n",
    code: 'IMPORT_ERROR',
    at: "'no-such",
    says: /not installed/,
  },
  {
    row: 'B18',
    source: "import { z } from './lib/helper.js';\nexport const y = String(z);\n",
    code: 'IMPORT_ERROR',
    at: 'z);',
    says: /"\.\/lib\/helper\.js" has no export named "z"/,
    meant: 'x',
  },
  {
    row: 'B18',
    source: 'await new Promise(() => undefined);\nexport const y = 1;\n',
    code: 'IMPORT_TIMEOUT',
    at: 'await',
    says: /at await in line 1/,
  },
  { row: 'B19', source: 'process.exit(0);\n', code: 'IMPORT_EXITED', at: 'exit(0)', says: /code 0/ },
  { row: 'B19', source: "throw 'text';\n", code: 'IMPORT_ERROR', at: null, says: /non-Error thrown: "text"/ },
  { row: 'B19', source: 'throw undefined;\n', code: 'IMPORT_ERROR', at: null, says: /non-Error thrown: undefined/ },
  { row: 'B19', source: 'process.abort();\n', code: 'IMPORT_CRASHED', at: null, says: /SIGABRT/ },
  {
    row: 'B20',
    source: 'const all: unknown[] = []; for (;;) all.push(new Array(100_000).fill(0));\n',
    code: 'IMPORT_MEMORY',
    at: null,
    says: /more than 128 MB/,
  },
  ...['() => 1', "Symbol('s')", 'new (class Foo {})()', 'new Date(NaN)', 'NaN', 'Infinity', 'undefined', 'Promise.resolve(1)'].map(
    (value): Case => ({
      row: 'B21',
      source: wiring(`t.b({ rows: [1, 2, 3, { fn: ${value} }] });`),
      code: 'ARG_NOT_SERIALIZABLE',
      at: 'b({ rows',
      says: /tasks\.b\.args\[0\]\.rows\[3\]\.fn: is /,
    }),
  ),
  ...['-1', '1.5', '"3"', 'NaN', '1e9'].map((value): Case => ({
    row: 'B22',
    source: onTask(`retries: ${value},`),
    code: 'VALUE_RANGE',
    at: 'retries:',
    says: /retries must be an integer 0-100/,
  })),
  ...option('B22', 'defaultArgs: { retries: 101 },', 'VALUE_RANGE', 'retries: 101', /defaultArgs\.retries/),
  ...["'-5m'", "'5 parsecs'", "'1mo'", "''"].map((value): Case => ({
    row: 'B23',
    source: onTask(`retryDelay: ${value},`),
    code: 'DURATION_INVALID',
    at: 'retryDelay:',
  })),
  { row: 'B23', source: onTask("retryDelay: 'PT5M',"), code: 'DURATION_INVALID', at: 'retryDelay:', meant: "'5m'" },
  { row: 'B23', source: onTask("retryDelay: '400d',"), code: 'VALUE_RANGE', at: 'retryDelay:', says: /too long/ },
  { row: 'B24', source: onTask("executionTimeout: '0s',"), code: 'VALUE_RANGE', at: 'executionTimeout:', says: /too short/ },
  { row: 'B24', source: onTask("executionTimeout: '31d',"), code: 'VALUE_RANGE', at: 'executionTimeout:', says: /too long/ },
  { row: 'B24', source: onTask("executionTimeout: '-1h',"), code: 'DURATION_INVALID', at: 'executionTimeout:' },
  {
    row: 'B28',
    source: onTask("triggerRule: 'all_sucess',"),
    code: 'UNKNOWN_NAME',
    at: 'triggerRule:',
    says: /no such choice/,
    meant: 'all_success',
  },
  { row: 'B28', source: onTask("weightRule: 'upsteam',"), code: 'UNKNOWN_NAME', at: 'weightRule:', meant: 'upstream' },
  ...option('B28', "defaultArgs: { triggerRule: 'none' },", 'UNKNOWN_NAME', "triggerRule: 'none'", /no such choice/),
  { row: 'B28', source: onTask("executor: 'Celery',"), code: 'OPTION_UNKNOWN', at: 'executor:' },
  { row: 'B28', source: onTask("retryPolicy: 'always',"), code: 'VALUE_TYPE', at: 'retryPolicy:', says: /not a retry policy/ },
  ...[
    ["pokeInterval: '0s',", 'VALUE_RANGE', 'pokeInterval:', /too short/],
    ["pokeInterval: '-1s',", 'DURATION_INVALID', 'pokeInterval:', /not a duration/],
    ["pokeInterval: '1m', timeout: '30s',", 'VALUE_RANGE', 'timeout:', /must not be shorter/],
    ["mode: 'reshedule',", 'UNKNOWN_NAME', 'mode:', /no such choice/],
  ].map(([options, code, at, says]): Case => ({
    row: 'B69',
    source: `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  @task.sensor({ ${String(options)} } as any)
  async one(): Promise<boolean> { return true; }
}
`,
    code: String(code),
    at: String(at),
    says: says as RegExp,
  })),
  ...[
    ['t.b.map(5);', 'EXPAND_TYPE', 'map(5)', /cannot be mapped over/],
    ["t.b.map('text');", 'EXPAND_TYPE', "map('text')", /cannot be mapped over/],
    ['t.b.map(null);', 'EXPAND_TYPE', 'map(null)', /cannot be mapped over/],
    ['t.b.map([1], { concurency: 2 });', 'OPTION_UNKNOWN', 'concurency', /no option "concurency"/],
    ['t.b.map([1], { allowFailures: -1 });', 'VALUE_RANGE', 'allowFailures', /how many copies may fail/],
    ["t.group.map('g', [1], () => { t.b.map([1]); });", 'MAPPING_INVALID', 'map([1]); }', /inside the mapped group "g"/],
    ["t.group.map('g', [1], () => { t.group.map('h', [1], () => { t.a(); }); });", 'MAPPING_INVALID', "map('h'", /inside/],
    ["t.choose('big', { big: () => t.a() });", 'EDGE_INVALID', "choose('big'", /known while wiring already/],
    ['t.when(t.a, () => t.a());', 'TASK_NOT_INSTANTIATED', 'when(t.a,', /call a\(\)/],
  ].map(([statements, code, at, says]): Case => ({
    row: 'B71',
    source: wiring(String(statements)),
    code: String(code),
    at: String(at),
    says: says as RegExp,
  })),
  ...[
    ['', '@task.teardown({ triggerRule: "all_done" } as any)', 'triggerRule:', /a teardown has no trigger rule of its own/],
    [
      '',
      '@task.setup() async s() {}\n  @task({ upstream: ["s"], triggerRule: "all_done" })',
      'triggerRule:',
      /follows the setup "s"/,
    ],
    ['failFast: true', '@task({ triggerRule: "one_failed" })', 'triggerRule:', /failFast/],
  ].map(([options, decorator, at, says]): Case => ({
    row: 'RULES',
    source: `${HEAD}
@dag({ dagId: 'CASE', ${String(options)} })
export class Case {
  ${String(decorator)} async one() {}
}
`,
    code: 'TRIGGER_RULE_INVALID',
    at: String(at),
    says: says as RegExp,
  })),
  ...['0', '-1', '"x"'].flatMap((value) => option('B29', `maxActiveRuns: ${value},`, 'VALUE_RANGE', 'maxActiveRuns:')),
  { row: 'B30', source: onTask('retires: 3,'), code: 'OPTION_UNKNOWN', at: 'retires:', meant: 'retries' },
  ...option('B30', "start_date: '2024-01-01',", 'OPTION_UNKNOWN', 'start_date:', /no option/, 'startDate'),
  {
    row: 'B30',
    source: `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  go = bash({ command: 'true', comand: 'x' } as any);
  wire(t: any) { t.go(); }
}
`,
    code: 'OPTION_UNKNOWN',
    at: 'comand:',
    meant: 'command',
  },
  ...option(
    'B41',
    'params: z.object({ limit: z.number().min(1).default(0) }),',
    'PARAM_SCHEMA_INVALID',
    'params:',
    /default does not fit the schema: limit/,
  ),
  ...option(
    'B41',
    "params: z.object({ s: z.string().regex(/^(a|aa)+$/).default('a') }),",
    'PARAM_SCHEMA_INVALID',
    'params:',
    /can take for ever/,
  ),
  ...option('B41', 'params: { f: () => 1 },', 'ARG_NOT_SERIALIZABLE', 'params:', /params\.f: is a function/),
  ...[
    ["{ $ref: 'https://example.com/x.json' }", /can only refer to itself/],
    ["{ type: 'string', pattern: '(' }", /not a regular expression/],
    ["{ type: 'strnig' }", /no such type/],
  ].map(([schema, says]): Case => ({
    row: 'B41',
    source: `const params = {
  '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => ({ type: 'object', properties: { a: ${String(schema)} } }), output: () => ({}) } },
};
${inFunction('params,')}`,
    code: 'PARAM_SCHEMA_INVALID',
    at: 'params, }',
    says: says as RegExp,
  })),
  {
    row: 'B60',
    source: withBash("command: 'echo {{ ds | uper }}',"),
    code: 'TEMPLATE_ERROR',
    at: 'command:',
    says: /field tasks\.go\.command 1:14: unknown filter "uper"/,
    meant: 'upper',
  },
  {
    row: 'B60',
    source: withBash("command: 'true', env: { A: '{{ ds' },"),
    code: 'TEMPLATE_ERROR',
    at: 'env:',
    says: /field tasks\.go\.env\.A 1:1: "\{\{" is never closed/,
  },
  {
    row: 'B60',
    source: withBash('command: \'{% include "x" %}\','),
    code: 'TEMPLATE_ERROR',
    at: 'command:',
    says: /other templates cannot be loaded/,
  },
  // Decorators where they cannot stand (design code D002).
  ...(
    [
      ['@task() static async x(): Promise<number> { return 1; }', '@task() static', /static/],
      ['@task() get x(): number { return 1; }', '@task() get', /accessor/],
      ['@task() private async x(): Promise<number> { return 1; }', '@task() private', /"x" is private; .*remove private/],
      ['@task() protected async x(): Promise<number> { return 1; }', '@task() protected', /"x" is protected/],
      ['@task() async #x(): Promise<number> { return 1; }', '@task() async #x', /"#x" is private/],
      ['@task async x(): Promise<number> { return 1; }', '@task async x', /write @task\(\) with parentheses/],
      ['async x(@task() n: number): Promise<number> { return n; }', 'async x(@task()', /not for a parameter/],
      ['@task() @task({ retries: 1 }) async x(): Promise<number> { return 1; }', '@task() @task', /two task decorators/],
      ['@dag() async x(): Promise<number> { return 1; }', '@dag() async', /@dag\(\) is for classes/],
    ] as const
  ).map(([member, at, says]): Case => ({
    row: 'D002',
    source: `${HEAD}
@dag({ dagId: 'CASE' })
export class Case {
  ${member}
  @task() async one(): Promise<number> { return 1; }
  wire(t: any) { t.one(); }
}
`,
    code: 'D002',
    at,
    says,
  })),
  {
    row: 'D002',
    source: inClass('').replace(/@dag\([^]*?\}\)/, '@dag'),
    code: 'D002',
    at: 'Case {',
    says: /@dag\(\) with parentheses/,
  },
  { row: 'D002', source: inClass('').replace('@dag(', '@dag()\n@dag('), code: 'D002', at: '@dag({', says: /takes one @dag/ },
  {
    row: 'D002',
    source: `${HEAD}\n@task()\nexport class Case {\n  async one(): Promise<number> { return 1; }\n}\n`,
    code: 'D002',
    at: '@task()',
    says: /@task\(\) is for methods/,
  },
  {
    row: 'timetable',
    source: inFunction("schedule: timetable('busines_days'), startDate: '2024-01-01',"),
    code: 'UNKNOWN_NAME',
    at: 'defineDag(',
    says: /no plugin registers/,
    meant: 'business_days',
  },
];

/** What is accepted, with this warning. */
const WARNED: readonly (readonly [row: string, options: string, code: string, says: RegExp])[] = [
  ['B6', "timezone: 'EST',", 'TZ_AMBIGUOUS', /abbreviation/],
  ['B9', "timezone: 'Europe/Paris', startDate: '2025-03-30T02:30',", 'DATE_IN_DST_GAP', /does not exist in Europe\/Paris/],
  [
    'S001',
    "schedule: '0 0 29 2 *', startDate: '2025-01-01', endDate: '2026-01-01',",
    'S001',
    /never fires between .*next dates are 2028-02-29\S+, 2032-02-29\S+, 2036-02-29\S+, 2040-02-29\S+, 2044-02-29/,
  ],
  [
    'S001',
    "schedule: '30 2 * * *', timezone: 'America/New_York', startDate: '2024-01-01',",
    'S001',
    /goes forward .*: (?:\d{4}-03-\d\dT02:30(?:, )?){5}/,
  ],
];

const ACCEPTED: readonly (readonly [row: string, options: string])[] = [
  ['B6', "timezone: 'europe/paris',"],
  ['B9', "timezone: 'Europe/Paris', startDate: '2025-03-30T03:30',"],
  ['B41', 'params: z.object({ slug: z.string().regex(/^[a-z]+(-[a-z]+)*$/).default("a-b"), type: z.string().default("x") }),'],
  ['B23', "defaultArgs: { retryDelay: '0s', retries: 100 },"],
  ['S001', "schedule: '0 * * * *', timezone: 'Europe/Paris', startDate: '2024-01-01',"],
];

const named = CASES.map((one, index) => {
  const id = `${one.row.toLowerCase()}_${index}`;
  return { ...one, id, file: `${id}.ts`, source: one.source.replaceAll('CASE', id) };
});

describe('a folder of bad DAG files', () => {
  const saved = new Map<string, ParsedFile>();
  let folder: DagFolder;

  beforeAll(async () => {
    folder = new DagFolder({
      importTimeoutMs: 3_000,
      maxImportMb: 128,
      childIdleMs: 500,
      timetables: new Set(['business_days']),
    });
    for (const { file, source } of named) folder.write(file, source);
    WARNED.forEach(([, options], index) => folder.write(`warned_${index}.ts`, inClass(options).replace('CASE', `warned_${index}`)));
    ACCEPTED.forEach(([, options], index) =>
      folder.write(`accepted_${index}.ts`, inClass(options).replace('CASE', `accepted_${index}`)),
    );
    folder.write('a-first.ts', dagFile('GoodFirst'));
    folder.write('m-middle.ts', dagFile('GoodMiddle'));
    folder.write('z-last.ts', dagFile('GoodLast'));
    folder.write('lib/helper.ts', 'export const x = 1;\n');
    const { catalog } = folder.store;
    const saveFiles = catalog.saveFiles.bind(catalog);
    catalog.saveFiles = (files, now) => {
      for (const file of files) saved.set(file.path, file);
      return saveFiles(files, now);
    };
    await folder.settle();
  }, 240_000);
  afterAll(() => folder.close());

  it.each(named)('$row $code: $file', ({ file, source, code, at, says, meant }) => {
    const { errors } = saved.get(file) as ParsedFile;
    expect(errors.map((problem) => problem.code)).toEqual([code]);
    const [problem] = errors as [ImportProblem];
    expect(problem.file).toBe(file);
    if (says) expect(problem.message).toMatch(says);
    if (meant !== undefined) expect(problem.suggestion).toBe(meant);
    if (at !== null) expect([problem.line, problem.column]).toEqual(placeOf(source, at));
  });

  it.each(WARNED.map((row, index) => [...row, index] as const))(
    '%s %s is accepted, with %s',
    (_row, _options, code, says, index) => {
      const { errors, warnings, dags } = quick(saved.get(`warned_${index}.ts`));
      expect(errors).toEqual([]);
      expect(dags).toHaveLength(1);
      expect(warnings).toEqual([
        expect.objectContaining({
          code,
          message: expect.stringMatching(says),
          line: expect.any(Number),
          column: expect.any(Number),
        }),
      ]);
    },
  );

  it.each(ACCEPTED.map((row, index) => [...row, index] as const))('%s %s is accepted', (_row, _options, index) => {
    const { errors, warnings } = quick(saved.get(`accepted_${index}.ts`));
    expect([...errors, ...warnings]).toEqual([]);
  });

  it('parses every neighbour, and keeps no DAG of a file with a mistake', async () => {
    const good = ['good_first', 'good_last', 'good_middle'];
    const expected = [...good, ...WARNED.map((_, index) => `warned_${index}`), ...ACCEPTED.map((_, index) => `accepted_${index}`)];
    expect(await folder.dagIds()).toEqual(expected.sort());
  });

  it('serves a file again once it is mended', async () => {
    const { file, id } = named[0] as (typeof named)[number];
    folder.write(file, inClass('').replace('CASE', id));
    await folder.settle(Date.now() + 60_000);
    expect(await folder.dagIds()).toContain(id);
    expect(await folder.problems(file)).toEqual([]);
  });
});

describe('across files', () => {
  let folder: DagFolder;
  const openFolder = (): DagFolder => (folder = new DagFolder());
  afterAll(() => folder.close());

  it.each([
    ['B11', 'DAG_DUPLICATE', 'Twin', 'Twin', /already defined in a\.ts/],
    ['B14', 'ID_CONFUSABLE', 'twin', 'TWIN', /"TWIN" differs only by case from "twin" in a\.ts/],
  ])('%s %s: the older file keeps its id until it lets go', async (_row, code, older, newer, says) => {
    openFolder();
    const write = (path: string, dagId: string): void =>
      folder.write(path, dagFile('Same').replace('@dag()', `@dag({ dagId: '${dagId}' })`));
    write('a.ts', older);
    write('b.ts', newer);
    await folder.settle();
    expect(await folder.problems()).toEqual([
      expect.objectContaining({ code, file: 'b.ts', line: 3, message: expect.stringMatching(says) }),
    ]);
    expect(await folder.dagIds()).toEqual([older]);
    folder.remove('a.ts');
    for (let scan = 1; scan <= 4; scan++) await folder.settle(Date.now() + scan * 60_000);
    expect(await folder.dagIds()).toEqual([newer]);
    expect(await folder.problems()).toEqual([]);
    await folder.close();
  });

  it('clears the mistake of an imported file with the file that imports it', async () => {
    openFolder();
    const importing = (from: string): string =>
      `import settings from '${from}';\n${dagFile('Uses').replace('return 1', 'return settings')}`;
    folder.write('settings.json', '{ "name": nope }');
    folder.write('a.ts', importing('./settings.json'));
    folder.write('b.ts', importing('./settings.json').replace('Uses', 'Other'));
    await folder.settle();
    expect(await folder.problems()).toEqual([
      expect.objectContaining({ code: 'IMPORT_ERROR', file: 'settings.json', line: 1, column: 12 }),
    ]);
    folder.write('settings.json', '{ "name": "ok" }');
    folder.write('a.ts', `${importing('./settings.json')}// saved again\n`);
    folder.write('b.ts', `${importing('./settings.json').replace('Uses', 'Other')}// saved again\n`);
    await folder.settle(Date.now() + 60_000);
    expect(await folder.problems()).toEqual([]);
    expect(await folder.dagIds()).toEqual(['other', 'uses']);
  });
});

/** Without the warning that the import took long: that is the machine's fault here. */
function quick(file: ParsedFile | undefined): ParsedFile {
  const { warnings, ...rest } = file as ParsedFile;
  return { ...rest, warnings: warnings.filter(({ code, message }) => code !== 'D201' || !/ took \d/.test(message)) };
}

function placeOf(source: string, needle: string): readonly [line: number, column: number] {
  const before = source.slice(0, source.indexOf(needle)).split('\n');
  return [before.length, (before.at(-1) as string).length + 1];
}
