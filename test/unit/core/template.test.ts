import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../../src/core/template/parse-template.js';
import { NeedValue, renderTemplate } from '../../../src/core/template/render-template.js';
import { TemplateError } from '../../../src/core/template/template-error.js';
import { templateNames, type LookupAnswer, type TemplateFacts, type TemplateLookup } from '../../../src/core/template/variables.js';
import { FACTS } from './template/facts.js';

function render(
  template: string,
  { facts = {}, answers = {} }: { facts?: Partial<TemplateFacts>; answers?: Readonly<Record<string, unknown>> } = {},
): string {
  const random = (): number => 0.5;
  const answer = (lookup: TemplateLookup): LookupAnswer => ({ value: answers[JSON.stringify(lookup)] });
  const names = templateNames({ ...FACTS, ...facts }, { now: () => Date.UTC(2026, 5, 1), random, answer });
  return renderTemplate(parseTemplate(template), { names, random });
}

function errorOf(template: string, options?: Parameters<typeof render>[1]): TemplateError {
  try {
    render(template, options);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`no error in ${template}`);
}

describe('what a template can say', () => {
  it.each([
    ['{{ ds[:7] }} {{ ds[-2:] }} {{ params.list[::-1] }}', '2026-01 10 [2,1,3]'],
    ["{{ ds.replace('-', '/') }} {{ 'a b'.split() }} {{ ' x '.strip() }}", '2026/01/10 ["a","b"] x'],
    ["{{ 'ab'.toUpperCase() }} {{ 'ab'.includes('b') }} {{ 'ab'.length }}", 'AB true 2'],
    ['{{ logical_date + macros.timedelta(days=1) }}', '2026-01-11T00:00:00+00:00'],
    ['{{ (data_interval_end - macros.timedelta(hours=1)).strftime("%H:%M") }}', '23:00'],
    ['{{ (data_interval_end - data_interval_start).total_seconds() }}', '86400'],
    ["{{ logical_date.add(months=1).format('YYYYMMDD') }}", '20260210'],
    ["{{ logical_date.in_timezone('Europe/Paris') }}", '2026-01-10T01:00:00+01:00'],
    ["{{ logical_date.start_of('month') | ds }} {{ logical_date.end_of('month') | ds }}", '2026-01-01 2026-01-31'],
    ['{{ logical_date.subtract(days=10) | ds }} {{ logical_date.replace(day=1) | ds }}', '2025-12-31 2026-01-01'],
    ['{{ logical_date > macros.datetime(2026, 1, 9) }}', 'true'],
    ['{{ macros.json.loads(\'{"a": [1]}\').a[0] }} {{ macros.json.dumps(params.list) }}', '1 [3,1,2]'],
    ["{{ macros.dateutil.parser.parse('2026-02-01T10:00:00+02:00') | ts }}", '2026-02-01T10:00:00+02:00'],
    ['{{ macros.random() }} {{ macros.time.time() }} {{ macros.uuid.uuid4() | length }}', '0.5 1780272000 36'],
    ['{{ macros.datetime.now() | ds }}', '2026-06-01'],
    ['{{ params.list | sort | join(",") }} {{ params.list | max }} {{ params.list | sum }}', '1,2,3 3 6'],
    ["{{ params.rows | map(attribute='name') | join('+') }}", 'x+y'],
    ["{{ params.rows | sort(attribute='size') | first | tojson }}", '{"name":"y","size":1}'],
    ["{{ params.list | select('odd') | list }} {{ params.list | map('string') | list }}", '[3,1] ["3","1","2"]'],
    ["{{ '%03d' % params.n }} {{ '%s-%s' | format(ds, 1) }}", '003 2026-01-10-1'],
    ['{{ params.day | ds }} {{ params.map.k }}', '2026-05-01 1'],
    ['{{ params.values }} {{ params.map.keys() }}', 'own ["k"]'],
    ['{{ conf.text }}', '{{ ds }}'],
    ["{{ params.get('nope', 'x') }} {{ params.nope | default('y') }}", 'x y'],
    ['{% if params.empty %}some{% else %}none{% endif %}', 'none'],
    ["{{ params.empty or 'else' }} {{ 1 == '1' }} {{ [1] == [1] }}", 'else false true'],
    ['{{ {"none": 1}.none }} {{ params.list.0 }}', '1 3'],
    ['{{ 1 < params.n < 5 }} {{ 2 in params.list }} {{ "x" not in params.text }}', 'true true true'],
    ['{{ 7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ "ab" * 2 }}', '3 2 1024 abab'],
    ['{% for k, v in {a: 1}.items() %}{{ k }}={{ v }}{% endfor %}', 'a=1'],
    ['{% set x = 1 %}{% for i in [1, 2] %}{% set x = 5 %}{% endfor %}{{ x }}', '1'],
    ['{% macro hi(n, mark="!") %}hi {{ n }}{{ mark }}{% endmacro %}{{ hi("a") }} {{ hi("b", mark="?") }}', 'hi a! hi b?'],
    ['{% set text %}a{{ 1 }}{% endset %}{{ text }} {% filter upper %}b{% endfilter %}', 'a1 B'],
    ['{{ "yes" if params.n > 2 else "no" }}', 'yes'],
    ['a\r\nb\r\n', 'a\nb'],
    ['a\n\n', 'a\n'],
    ['{{ run_id if dag_run.run_type == "manual" else "" }} {{ dag.owner }} {{ task.pool }}', 'manual__1 ann default_pool'],
    ['{{ ti.try_number }} {{ ti.max_tries }} {{ test_mode }} {{ outlets }}', '2 3 false []'],
  ])('%s', (template, expected) => {
    expect(render(template)).toBe(expected);
  });
});

describe('values that have to be found', () => {
  const pull = { taskIds: 'a', key: 'return_value', mapIndexes: 'all', runId: null, includePriorDates: false };

  it('are asked for by name, and rendering goes on with the answer', () => {
    const lookup = JSON.stringify({ kind: 'xcom', pull });
    expect(render("{{ ti.xcom_pull(task_ids='a')['rows'] }}", { answers: { [lookup]: { rows: 7 } } })).toBe('7');
    expect(
      render("{{ ti.xcom_pull('a', default=5) }}", {
        answers: { [JSON.stringify({ kind: 'xcom', pull: { ...pull, fallback: 5 } })]: 5 },
      }),
    ).toBe('5');
    expect(render("{{ ti.xcom_pull('a') }}")).toBe('null');
  });

  it('stop the rendering until they are known', () => {
    const names = templateNames(FACTS, { now: () => 0, random: () => 0, answer: () => undefined });
    const template = parseTemplate('{{ var.value.bucket }}');
    expect(() => renderTemplate(template, { names, random: () => 0 })).toThrow(NeedValue);
  });

  it('variables and connections', () => {
    const answers = {
      [JSON.stringify({ kind: 'variable', key: 'bucket' })]: '{"name": "b1"}',
      [JSON.stringify({ kind: 'connection', connId: 'db' })]: {
        connId: 'db',
        connType: 'postgres',
        host: 'h',
        schema: 's',
        login: 'l',
        password: 'p',
        port: 5432,
        extra: '{"a": 1}',
      },
    };
    expect(render('{{ var.json.bucket.name }} {{ var.value.get("none", "x") }}', { answers })).toBe('b1 x');
    expect(render('{{ conn.db.host }}:{{ conn.db.port }} {{ conn.db.extra_dejson.a }}', { answers })).toBe('h:5432 1');
    expect(errorOf('{{ var.value.nope }}').message).toBe('"var.value" has no "nope"');
  });
});

describe('mistakes in templates (B60)', () => {
  it.each([
    ['{{ ds ', 'syntax', '1:1', '"{{" is never closed'],
    ['text\n  {% if x ', 'syntax', '2:3', '"{%" is never closed'],
    ['{% if true %}x', 'syntax', '1:1', '{% if %} has no {% endif %}'],
    ['{{ ds | uper }}', 'name', '1:9', 'unknown filter "uper"'],
    ['{% if 1 is ood %}{% endif %}', 'name', '1:12', 'unknown test "ood"'],
    ['{% iff x %}', 'syntax', '1:4', 'unknown tag "iff"'],
    ['{{ dss }}', 'undefined', '1:4', '"dss" is not defined'],
    ['{{ params.lst[0] }}', 'undefined', '1:11', '"params" has no "lst"'],
    ['{{ params.list[9] }}', 'undefined', '1:15', '"params.list" has no element 9'],
    ['{{ nope.x | default(1) }}', 'undefined', '1:4', '"nope" is not defined'],
    ['{{ params.text + 1 }}', 'type', '1:11', '+ cannot take a text and a number; texts are joined with ~'],
    ['{{ params.n | ds }}', 'type', '1:15', 'the filter "ds" needs an instant, got a number'],
    ['{{ params.n() }}', 'type', '1:12', '"params.n" is no function'],
    ['{{ macros.ds_add("x", 1) }}', 'value', '1:17', '"x" does not have the format "%Y-%m-%d"'],
    ['{{ macros.ds_add }}', 'type', '1:1', 'ds_add is a function; call it with ()'],
    ['{{ 1 / 0 }}', 'value', '1:4', '/ by zero'],
    [
      "{% include 'x' %}",
      'syntax',
      '1:4',
      '{% include %}: other templates cannot be loaded here; put the text together in TypeScript',
    ],
    ['{{ r/a+/ }}', 'syntax', '1:4', 'there are no regular expressions in templates'],
    ['{{ }}', 'syntax', '1:4', 'expected an expression, got "}}"'],
    ['{# note', 'syntax', '1:1', '"{#" is never closed'],
  ])('%s', (template, kind, place, message) => {
    const error = errorOf(template);
    expect([error.kind, `${error.place?.line}:${error.place?.column}`, error.message]).toEqual([kind, place, message]);
  });

  it.each([
    ['{{ ds | uper }}', 'upper'],
    ['{{ data_interval_strat }}', 'data_interval_start'],
    ['{{ params.lst }}', 'list'],
    ['{{ macros.ds_ad(ds, 1) }}', 'ds_add'],
    ["{{ 'a'.uper() }}", 'upper'],
    ['{% fro x in y %}{% endfor %}', 'for'],
  ])('%s names what was meant', (template, suggestion) => {
    expect(errorOf(template).suggestion).toBe(suggestion);
  });

  it('pitfall 28: a name that depends on the logical date does not exist in a run without one', () => {
    const facts = { logicalDate: null, dataInterval: null };
    for (const name of ['ds', 'ts', 'logical_date', 'data_interval_start', 'prev_data_interval_end_success']) {
      expect(errorOf(`{{ ${name} }}`, { facts }).message).toBe(`"${name}" does not exist in this run: it has no logical date`);
    }
    expect(render('{{ dag_run.logical_date }} {{ task_instance_key_str }}', { facts })).toBe('null sales__load__manual__1');
    expect(render("{{ ds | default('none') }}{% if ds is defined %}x{% endif %}", { facts })).toBe('none');
  });
});

describe('what a template cannot do', () => {
  it.each([
    "{{ ''.constructor }}",
    "{{ params.list.constructor('return 1')() }}",
    '{{ params.__proto__ }}',
    "{{ params['__proto__'] }}",
    '{{ params.hasOwnProperty("n") }}',
    '{{ params.constructor.constructor("return process")() }}',
    '{{ range.constructor("return process")() }}',
    '{{ macros.ds_add.constructor }}',
    '{{ macros.ds_add.call }}',
    "{{ 'a'.at.constructor }}",
    '{{ logical_date.constructor }}',
    '{{ logical_date.__class__ }}',
    '{{ ti.constructor }}',
    '{{ ti.__init__ }}',
    '{{ params.list.map }}',
    '{{ params.list.__defineGetter__ }}',
    '{{ loop }}',
    '{{ process }}',
    '{{ globalThis }}',
    '{{ require("fs") }}',
    '{{ self }}',
    '{{ caller }}',
    '{{ arguments }}',
    '{{ toString }}',
    '{{ params.rows[0].toString }}',
  ])('%s', (template) => {
    expect(errorOf(template).kind).toBe('undefined');
  });
});
