/** The names that a template may use, from what is known of the attempt and its run. */
import type { DataInterval, Instant } from '../../model/instant.js';
import type { RunType } from '../../model/states.js';
import type { PreviousSuccess, TaskFact } from '../../model/task-fact.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { XComPull } from '../../model/xcom.js';
import type { Connection } from '../../model/connection.js';
import { ArgumentReader } from './call-arguments.js';
import { formatDate } from './date-filters.js';
import type { Budget } from './budget.js';
import { jsonText } from './json-text.js';
import { createMacros, parseJson, type MacroSources } from './macros.js';
import { Moment } from './moment.js';
import { NeedValue, type TemplateNames } from './render-template.js';
import { TemplateError } from './template-error.js';
import { TemplateFunction, TemplateRecord, type CallArguments } from './template-object.js';
import { asTemplateValue } from './values.js';

/** What templates may know of their attempt without asking anyone. */
export interface TemplateFacts {
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly logicalDate: Instant | null;
  readonly dataInterval: DataInterval | null;
  readonly runAfter: Instant;
  /** Start of the run; null before it. */
  readonly runStartedAt: Instant | null;
  /** How often the run was cleared. */
  readonly clearNumber: number;
  /** Start of the attempt; null when it is rendered without running. */
  readonly startedAt: Instant | null;
  /** What the run was triggered with. */
  readonly conf: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Further attributes of `dag` and `task`, in Airflow's spelling. */
  readonly dag: Readonly<Record<string, unknown>>;
  readonly task: Readonly<Record<string, unknown>>;
  /** Arguments of the task. */
  readonly inputs: readonly unknown[];
  readonly inlets: readonly unknown[];
  readonly outlets: readonly unknown[];
  readonly mapIndexTemplate: string | null;
  /** How often a sensor has looked before. */
  readonly rescheduleCount: number;
  /** The run of `tasks test` or `dags test`. */
  readonly isTest: boolean;
}

/** What has to be asked for. */
export type TemplateLookup =
  | { readonly kind: 'xcom'; readonly pull: XComPull }
  /** The events for which the run was made, as lists by name of their asset. */
  | { readonly kind: 'triggeringEvents' }
  | TaskFact;

export interface LookupAnswer {
  /** Undefined: there is no such value. */
  readonly value: unknown;
}

export interface TemplateSources extends MacroSources {
  /** The answer if it is known; undefined: it has to be found, and the template rendered again. */
  readonly answer: (lookup: TemplateLookup) => LookupAnswer | undefined;
}

/** Names that exist only in a run with a logical date. */
const DATED = [
  'logical_date',
  'ds',
  'ds_nodash',
  'ts',
  'ts_nodash',
  'ts_nodash_with_tz',
  'data_interval_start',
  'data_interval_end',
  'prev_data_interval_start_success',
  'prev_data_interval_end_success',
] as const;

export function templateNames(facts: TemplateFacts, sources: TemplateSources): TemplateNames {
  const ask = (lookup: TemplateLookup): unknown => {
    const answer = sources.answer(lookup);
    if (!answer) throw new NeedValue(lookup);
    return asTemplateValue(answer.value);
  };
  const previous = (): PreviousSuccess => {
    const answer = sources.answer({ kind: 'previousSuccess' });
    if (!answer) throw new NeedValue({ kind: 'previousSuccess' } satisfies TemplateLookup);
    return (answer.value ?? NO_RUN) as PreviousSuccess;
  };
  const date = momentOrNull(facts.logicalDate);
  const dag = dagRecord(facts);
  const dagRun = dagRunRecord(facts);
  const ti = taskInstanceRecord(facts, ask);
  const names: Record<string, () => unknown> = {
    dag: () => dag,
    task: () => taskRecord(facts),
    ti: () => ti,
    task_instance: () => ti,
    dag_run: () => dagRun,
    run_id: () => facts.runId,
    params: () => asTemplateValue(facts.params),
    conf: () => asTemplateValue(facts.conf),
    var: () => variables(ask),
    conn: () => connections(ask),
    macros: () => createMacros(sources),
    inputs: () => asTemplateValue(facts.inputs),
    inlets: () => asTemplateValue(facts.inlets),
    outlets: () => asTemplateValue(facts.outlets),
    triggering_asset_events: () => (facts.runType === 'asset_triggered' ? ask({ kind: 'triggeringEvents' }) : asTemplateValue({})),
    task_instance_key_str: () => `${facts.dagId}__${facts.taskId}__${date ? formatDate('ds_nodash', date) : facts.runId}`,
    map_index_template: () => facts.mapIndexTemplate,
    expanded_ti_count: () => (facts.mapIndex < 0 ? null : ask({ kind: 'expandedCount' })),
    task_reschedule_count: () => facts.rescheduleCount,
    test_mode: () => facts.isTest,
    templates_dict: () => null,
    prev_start_date_success: () => momentOrNull(previous().startedAt),
    prev_end_date_success: () => momentOrNull(previous().endedAt),
    logical_date: () => date,
    ds: () => formatDate('ds', date),
    ds_nodash: () => formatDate('ds_nodash', date),
    ts: () => formatDate('ts', date),
    ts_nodash: () => formatDate('ts_nodash', date),
    ts_nodash_with_tz: () => formatDate('ts_nodash_with_tz', date),
    data_interval_start: () => momentOrNull(facts.dataInterval?.start ?? null),
    data_interval_end: () => momentOrNull(facts.dataInterval?.end ?? null),
    prev_data_interval_start_success: () => momentOrNull(previous().dataInterval?.start ?? null),
    prev_data_interval_end_success: () => momentOrNull(previous().dataInterval?.end ?? null),
  };
  if (facts.logicalDate === null) for (const name of DATED) names[name] = () => undefined;
  return names;
}

const NO_RUN: PreviousSuccess = { dataInterval: null, startedAt: null, endedAt: null };

function momentOrNull(instant: Instant | null): Moment | null {
  return instant === null ? null : new Moment(instant, 0);
}

/** A record whose members are plain values. */
function record(text: string, values: Readonly<Record<string, unknown>>): TemplateRecord {
  return new TemplateRecord(text, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (): unknown => value])));
}

function dagRecord({ dagId, dag }: TemplateFacts): TemplateRecord {
  return record(dagId, { ...(asTemplateValue(dag) as Record<string, unknown>), dag_id: dagId });
}

function taskRecord({ taskId, dagId, task }: TemplateFacts): TemplateRecord {
  return record(taskId, { ...(asTemplateValue(task) as Record<string, unknown>), task_id: taskId, dag_id: dagId });
}

function dagRunRecord(facts: TemplateFacts): TemplateRecord {
  return record(facts.runId, {
    dag_id: facts.dagId,
    run_id: facts.runId,
    // Prints its name, and has it as `value` too, as Airflow's enumeration has.
    run_type: record(facts.runType, { value: facts.runType, name: facts.runType.toUpperCase() }),
    logical_date: momentOrNull(facts.logicalDate),
    data_interval_start: momentOrNull(facts.dataInterval?.start ?? null),
    data_interval_end: momentOrNull(facts.dataInterval?.end ?? null),
    run_after: momentOrNull(facts.runAfter),
    start_date: momentOrNull(facts.runStartedAt),
    end_date: null,
    conf: asTemplateValue(facts.conf),
    clear_number: facts.clearNumber,
    state: 'running',
  });
}

function taskInstanceRecord(facts: TemplateFacts, ask: (lookup: TemplateLookup) => unknown): TemplateRecord {
  return record(`${facts.dagId}.${facts.taskId}`, {
    dag_id: facts.dagId,
    task_id: facts.taskId,
    run_id: facts.runId,
    map_index: facts.mapIndex,
    try_number: facts.tryNumber,
    // Airflow counts repetitions, not tries.
    max_tries: facts.maxTries - 1,
    start_date: momentOrNull(facts.startedAt),
    state: 'running',
    xcom_pull: new TemplateFunction('xcom_pull', (args, budget) => pullXCom(args, facts, ask, budget)),
  });
}

const PULL_PARAMETERS = ['task_ids', 'key', 'dag_id', 'include_prior_dates', 'session', 'map_indexes', 'default', 'run_id'];

function pullXCom(args: CallArguments, facts: TemplateFacts, ask: (lookup: TemplateLookup) => unknown, budget: Budget): unknown {
  const reader = new ArgumentReader('xcom_pull', args, PULL_PARAMETERS);
  const dagId = reader.text('dag_id', facts.dagId);
  if (dagId !== facts.dagId) {
    throw new TemplateError('value', `xcom_pull reads values of the DAG ${facts.dagId} only, not of ${dagId}`);
  }
  const areIndexesGiven = args.positional.length > 5 || Object.hasOwn(args.named, 'map_indexes');
  const fallback = reader.value('default') ?? null;
  const pull: XComPull = {
    taskIds: taskIdsOf(reader.value('task_ids') ?? null),
    key: reader.text('key', 'return_value'),
    mapIndexes: areIndexesGiven ? mapIndexesOf(reader.value('map_indexes') ?? null) : 'all',
    runId: (reader.value('run_id') ?? null) === null ? null : reader.text('run_id'),
    includePriorDates: reader.flag('include_prior_dates', false),
    ...(fallback !== null && { fallback: JSON.parse(jsonText(fallback, budget)) as TaggedJson }),
  };
  return ask({ kind: 'xcom', pull }) ?? null;
}

function taskIdsOf(value: unknown): XComPull['taskIds'] {
  if (value === null || typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
  throw new TemplateError('type', 'xcom_pull needs the id of a task as task_ids, or a list of ids');
}

/** Null means the task that is not mapped, as in Airflow. */
function mapIndexesOf(value: unknown): XComPull['mapIndexes'] {
  if (value === null) return -1;
  if (Number.isSafeInteger(value)) return value as number;
  if (Array.isArray(value) && value.every(Number.isSafeInteger)) return value as number[];
  throw new TemplateError('type', 'xcom_pull needs a whole number as map_indexes, or a list of them');
}

/** `var.value.x`, `var.json.x`, and `get(key, default)` of both. */
function variables(ask: (lookup: TemplateLookup) => unknown): TemplateRecord {
  const value = (key: string): unknown => ask({ kind: 'variable', key });
  const json = (key: string): unknown => {
    const text = value(key);
    return typeof text === 'string' ? parseJson(text, `var.json.${key}`) : text;
  };
  return record('var', { value: accessor('var.value', value), json: accessor('var.json', json) });
}

function accessor(text: string, find: (key: string) => unknown): TemplateRecord {
  const get = new TemplateFunction('get', (args) => {
    const reader = new ArgumentReader(`${text}.get`, args, ['key', 'default']);
    return find(reader.text('key')) ?? reader.value('default') ?? null;
  });
  return new TemplateRecord(text, { get: () => get }, find);
}

function connections(ask: (lookup: TemplateLookup) => unknown): TemplateRecord {
  const find = (connId: string): unknown => {
    const found = ask({ kind: 'connection', connId }) as Connection | undefined;
    if (!found) return undefined;
    const { connType, host, schema, login, password, port, extra } = found;
    return new TemplateRecord(connId, {
      conn_id: () => connId,
      conn_type: () => connType,
      host: () => host,
      schema: () => schema,
      login: () => login,
      password: () => password,
      port: () => port,
      extra: () => extra,
      extra_dejson: () => (extra === null || extra === '' ? {} : parseJson(extra, `conn.${connId}.extra_dejson`)),
    });
  };
  return accessor('conn', find);
}
