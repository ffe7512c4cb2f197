/** The names of a template one by one. What they are is Airflow's (section 9.9 of its semantics). */
import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../../../src/core/template/parse-template.js';
import { type NeedValue, renderTemplate } from '../../../../src/core/template/render-template.js';
import { TemplateError } from '../../../../src/core/template/template-error.js';
import { templateNames, type TemplateFacts, type TemplateLookup } from '../../../../src/core/template/variables.js';
import { FACTS } from './facts.js';

interface World {
  readonly facts?: Partial<TemplateFacts>;
  /** By the JSON of what was asked. */
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly asked?: TemplateLookup[];
}

function render(template: string, { facts = {}, answers = {}, asked = [] }: World = {}): string {
  const random = (): number => 0;
  const answer = (lookup: TemplateLookup): { value: unknown } => {
    asked.push(lookup);
    return { value: answers[JSON.stringify(lookup)] };
  };
  const names = templateNames({ ...FACTS, ...facts }, { now: () => 0, random, answer });
  return renderTemplate(parseTemplate(template), { names, random });
}

function errorOf(template: string, world: World = {}): readonly [string, string] {
  try {
    render(template, world);
  } catch (error) {
    if (error instanceof TemplateError) return [error.kind, error.message];
    throw error;
  }
  throw new Error('no error');
}

const key = (lookup: TemplateLookup): string => JSON.stringify(lookup);

describe('names of the attempt and its run', () => {
  it.each<readonly [string, string, Partial<TemplateFacts>?]>([
    ['{{ inputs }} {{ inlets }} {{ outlets }}', '[1,"a"] ["i"] ["o"]', { inputs: [1, 'a'], inlets: ['i'], outlets: ['o'] }],
    [
      '{{ inputs }}',
      '[[1,2],{"a":{"b":1}},"1970-01-01T00:00:00+00:00",null]',
      { inputs: [new Set([1, 2]), new Map([['a', new Map([['b', 1]])]]), new Date(0), null] },
    ],
    ['{{ inputs[0] | ds }}', '1970-01-02', { inputs: [new Date(86_400_000)] }],
    [
      '{{ map_index_template }} {{ task_reschedule_count }} {{ test_mode }}',
      '{{ x }} 3 true',
      { mapIndexTemplate: '{{ x }}', rescheduleCount: 3, isTest: true },
    ],
    ['{{ templates_dict }} {{ map_index_template }}', 'null null'],
    [
      '{{ ti.map_index }} {{ ti.state }} {{ ti.start_date | ts }} {{ ti.run_id }}',
      '0 running 2026-01-11T00:00:00+00:00 manual__1',
      { mapIndex: 0 },
    ],
    [
      '{{ ti.start_date }} {{ dag_run.start_date }} {{ dag_run.end_date }}',
      'null null null',
      { startedAt: null, runStartedAt: null },
    ],
    [
      '{{ task_instance.task_id }} {{ ti }} {{ dag }} {{ task }} {{ task.task_id }} {{ task.dag_id }} {{ dag.dag_id }}',
      'load sales.load sales load load sales sales',
    ],
    ['{{ dag.dag_id }} {{ task.task_id }}', 'sales load', { dag: { dag_id: 'x' }, task: { task_id: 'y' } }],
    [
      '{{ dag_run.run_type.name }} {{ dag_run.run_type.value }} {{ dag_run.run_type }}',
      'BACKFILL backfill backfill',
      { runType: 'backfill' },
    ],
    [
      '{{ dag_run.clear_number }} {{ dag_run.state }} {{ dag_run }} {{ dag_run.run_after | ds }}',
      '2 running manual__1 2026-01-11',
      { clearNumber: 2 },
    ],
    ['{{ dag_run.conf.a }} {{ dag_run.data_interval_end | ds }}', '1 2026-01-11', { conf: { a: 1 } }],
    ['{{ dag_run.data_interval_start }} {{ dag_run.data_interval_end }}', 'null null', { dataInterval: null }],
    // A run with a date but no interval has the names, and nothing in them.
    ['{{ data_interval_start }} {{ data_interval_end }} {{ ds }}', 'null null 2026-01-10', { dataInterval: null }],
    ['{{ expanded_ti_count }} {{ triggering_asset_events }}', 'null {}'],
  ])('%s is %s', (template, expected, facts = {}) => {
    expect(render(template, { facts })).toBe(expected);
  });

  it('copies of a task are counted for a mapped one alone, from index 0', () => {
    const answers = { [key({ kind: 'expandedCount' })]: 4 };
    expect(render('{{ expanded_ti_count }}', { facts: { mapIndex: 0 }, answers })).toBe('4');
    expect(render('{{ expanded_ti_count }}', { facts: { mapIndex: -1 }, answers })).toBe('null');
  });

  it('events are asked for in a run that they made, and in no other', () => {
    const answers = { [key({ kind: 'triggeringEvents' })]: { orders: [{ extra: { n: 1 } }] } };
    expect(render('{{ triggering_asset_events.orders[0].extra.n }}', { facts: { runType: 'asset_triggered' }, answers })).toBe('1');
    expect(render('{{ triggering_asset_events }}', { answers })).toBe('{}');
  });

  it('nothing is asked for that the template does not say', () => {
    const asked: TemplateLookup[] = [];
    render('{{ ds }} {{ ti.task_id }} {{ var is defined }} {{ conn is defined }}', { asked });
    expect(asked).toEqual([]);
  });
});

describe('the last run that ended well', () => {
  const previous = { dataInterval: { start: 0, end: 86_400_000 }, startedAt: 90_000_000, endedAt: 90_001_000 };
  const lookup: TemplateLookup = { kind: 'previousSuccess' };
  const template =
    '{{ prev_data_interval_start_success }}|{{ prev_data_interval_end_success }}|{{ prev_start_date_success }}|{{ prev_end_date_success }}';

  it('gives its interval and its dates', () => {
    expect(render(template, { answers: { [key(lookup)]: previous } })).toBe(
      '1970-01-01T00:00:00+00:00|1970-01-02T00:00:00+00:00|1970-01-02T01:00:00+00:00|1970-01-02T01:00:01+00:00',
    );
  });

  it('gives null without one, and for what it does not have', () => {
    expect(render(template)).toBe('null|null|null|null');
    expect(render(template, { answers: { [key(lookup)]: { ...previous, dataInterval: null } } })).toMatch(/^null\|null\|1970/);
  });

  it('has to be found first', () => {
    const names = templateNames(FACTS, { now: () => 0, random: () => 0, answer: () => undefined });
    const request = ((): unknown => {
      try {
        return renderTemplate(parseTemplate('{{ prev_start_date_success }}'), { names, random: () => 0 });
      } catch (error) {
        return (error as NeedValue).request;
      }
    })();
    expect(request).toEqual(lookup);
  });
});

describe('xcom_pull', () => {
  const pull = { taskIds: null, key: 'return_value', mapIndexes: 'all', runId: null, includePriorDates: false };

  it.each([
    ['ti.xcom_pull()', {}],
    ["ti.xcom_pull('a')", { taskIds: 'a' }],
    ["ti.xcom_pull(['a', 'b'], 'k')", { taskIds: ['a', 'b'], key: 'k' }],
    ['ti.xcom_pull(task_ids=[])', { taskIds: [] }],
    ["ti.xcom_pull('a', dag_id='sales')", { taskIds: 'a' }],
    ["ti.xcom_pull('a', dag_id=none)", { taskIds: 'a' }],
    ["ti.xcom_pull('a', map_indexes=2)", { taskIds: 'a', mapIndexes: 2 }],
    ["ti.xcom_pull('a', map_indexes=0)", { taskIds: 'a', mapIndexes: 0 }],
    ["ti.xcom_pull('a', map_indexes=[0, 2])", { taskIds: 'a', mapIndexes: [0, 2] }],
    // Null means the task that is not mapped, wherever it stands.
    ["ti.xcom_pull('a', map_indexes=none)", { taskIds: 'a', mapIndexes: -1 }],
    ["ti.xcom_pull('a', 'k', none, false, none, none)", { taskIds: 'a', key: 'k', mapIndexes: -1 }],
    ["ti.xcom_pull('a', 'k', none, false, none)", { taskIds: 'a', key: 'k' }],
    ["ti.xcom_pull('a', include_prior_dates=true)", { taskIds: 'a', includePriorDates: true }],
    ["ti.xcom_pull('a', run_id='r')", { taskIds: 'a', runId: 'r' }],
    ["ti.xcom_pull('a', run_id=none)", { taskIds: 'a' }],
    ["ti.xcom_pull('a', default=none)", { taskIds: 'a' }],
    ["ti.xcom_pull('a', default={n: [1]})", { taskIds: 'a', fallback: { n: [1] } }],
    ["ti.xcom_pull('a', default=0)", { taskIds: 'a', fallback: 0 }],
    ["ti.xcom_pull('a', default=logical_date)", { taskIds: 'a', fallback: '2026-01-10T00:00:00+00:00' }],
  ])('%s', (call, expected) => {
    const asked: TemplateLookup[] = [];
    expect(render(`{{ ${call} }}`, { asked })).toBe('null');
    expect(asked).toEqual([{ kind: 'xcom', pull: { ...pull, ...expected } }]);
  });

  it.each([
    ["ti.xcom_pull('a', dag_id='other')", 'value', 'xcom_pull reads values of the DAG sales only, not of other'],
    ["ti.xcom_pull('a', dag_id=5)", 'type', 'xcom_pull needs a text as its argument "dag_id", got 5'],
    ['ti.xcom_pull(5)', 'type', 'xcom_pull needs the id of a task as task_ids, or a list of ids'],
    ["ti.xcom_pull(['a', 5])", 'type', 'xcom_pull needs the id of a task as task_ids, or a list of ids'],
    ["ti.xcom_pull('a', map_indexes='1')", 'type', 'xcom_pull needs a whole number as map_indexes, or a list of them'],
    ["ti.xcom_pull('a', map_indexes=1.5)", 'type', 'xcom_pull needs a whole number as map_indexes, or a list of them'],
    ["ti.xcom_pull('a', map_indexes=[1, 'b'])", 'type', 'xcom_pull needs a whole number as map_indexes, or a list of them'],
    ["ti.xcom_pull('a', key=1)", 'type', 'xcom_pull needs a text as its argument "key", got 1'],
    ["ti.xcom_pull('a', run_id=1)", 'type', 'xcom_pull needs a text as its argument "run_id", got 1'],
    [
      "ti.xcom_pull('a', include_prior_dates=1)",
      'type',
      'xcom_pull needs true or false as its argument "include_prior_dates", got 1',
    ],
  ])('%s is an error', (call, ...expected) => {
    expect(errorOf(`{{ ${call} }}`)).toEqual(expected);
  });
});

describe('variables and connections', () => {
  const connection = {
    connId: 'db',
    connType: 'postgres',
    host: 'h',
    schema: 's',
    login: 'l',
    password: 'p',
    port: 5432,
    extra: '{"a": 1}',
  };
  const answers = {
    [key({ kind: 'variable', key: 'bucket' })]: 'b1',
    [key({ kind: 'variable', key: 'json' })]: '{"n": [1]}',
    [key({ kind: 'variable', key: 'broken' })]: '{',
    [key({ kind: 'variable', key: 'get' })]: 'mine',
    [key({ kind: 'connection', connId: 'db' })]: connection,
    [key({ kind: 'connection', connId: 'bare' })]: { ...connection, extra: null },
    [key({ kind: 'connection', connId: 'empty' })]: { ...connection, extra: '' },
    [key({ kind: 'connection', connId: 'broken' })]: { ...connection, extra: '{' },
  };

  it.each([
    ["var.value.bucket ~ var.value['bucket'] ~ var.value.get('bucket') ~ var.value.get('bucket', 'x')", 'b1b1b1b1'],
    ["var.value.get('nope', 'x') ~ var.value.get('nope') ~ var.json.get('nope', [1]) ~ var.json.get('nope')", 'xnull[1]null'],
    ["var.json.json.n[0] ~ var.json.get('json').n ~ var.value.json", '1[1]{"n": [1]}'],
    [
      "var.value.get('get') ~ (var.value.nope is defined) ~ (var.json.nope is defined) ~ (var.value.nope | default('y'))",
      'minefalsefalsey',
    ],
    [
      'conn.db.conn_id ~ conn.db.conn_type ~ conn.db.host ~ conn.db.schema ~ conn.db.login ~ conn.db.password ~ conn.db.port ~ conn.db.extra',
      'dbpostgreshslp5432{"a": 1}',
    ],
    ['conn.db.extra_dejson.a ~ conn.bare.extra_dejson ~ conn.empty.extra_dejson ~ conn.bare.extra', '1{}{}null'],
    ["(conn.nope is defined) ~ conn.get('nope', 'x') ~ conn.get('nope') ~ conn.get('db').host ~ conn.db", 'falsexnullhdb'],
    ['var ~ var.value ~ var.json ~ conn', 'varvar.valuevar.jsonconn'],
  ])('%s is %s', (expression, expected) => {
    expect(render(`{{ ${expression} }}`, { answers })).toBe(expected);
  });

  it.each([
    ['var.json.broken', 'value', /^var\.json\.broken: this is no JSON: /],
    ['conn.broken.extra_dejson', 'value', /^conn\.broken\.extra_dejson: this is no JSON: /],
    ['var.value.nope', 'undefined', /^"var.value" has no "nope"$/],
    ['conn.nope.host', 'undefined', /^"conn" has no "nope"$/],
    ['conn.db.uri', 'undefined', /^"conn.db" has no "uri"$/],
    ['var.nope', 'undefined', /^"var" has no "nope"$/],
    ['var.value.get()', 'type', /^var.value.get needs a text as its argument "key", got nothing$/],
    ['conn.get(1)', 'type', /^conn.get needs a text as its argument "key", got 1$/],
    ['var.value.constructor', 'undefined', /^"var.value" has no "constructor"$/],
  ])('%s is an error', (expression, kind, message) => {
    expect(errorOf(`{{ ${expression} }}`, { answers })).toEqual([kind, expect.stringMatching(message)]);
  });
});
