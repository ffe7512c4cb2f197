/**
 * Makes one attempt of a task: from a Workload to an Outcome, whatever the author's code does. It owns how the ways in which a method can
 * end are understood; it does not own threads, processes or time limits. Shared by the runner's threads and the inline executor.
 */
import type { OutletRecord } from '../../model/asset.js';
import { decodeTagged, encodeTagged, isStorableText } from '../../model/codec.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { AttemptLogLevel, AttemptLogSource } from '../../model/attempt-log.js';
import type { Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { PreviousSuccess } from '../../model/task-fact.js';
import type { Workload } from '../../model/workload.js';
import type { TaskChannel } from '../../ports/task-channel.js';
import type { OutletEvents } from '../../sdk/asset-context.js';
import { runWithContext, type TaskContext } from '../../sdk/context.js';
import type { DagInstance } from '../../sdk/dag-instance.js';
import { applyRetryPolicy } from './apply-retry-policy.js';
import { inletEventsOf, OutletRecorder, triggeringEventsOf } from './asset-events.js';
import { AttemptTemplates, decodedParams, templateFacts } from './attempt-templates.js';
import { encodeXCom } from './encode-output.js';
import type { RunnableDag } from './load-dag.js';
import { makeMapLabel } from './map-label.js';
import { callsOf, isChunked, runChunk } from './run-chunk.js';
import { runSensor } from './run-sensor.js';
import { successOutcome } from './success-outcome.js';
import { describeThrown, isNamed, showValue } from './task-error.js';

/** A Workload whose TaskSpec is looked up in the DAG that was loaded; an argument without a value is undefined. */
export interface AttemptWork extends Omit<Workload, 'task' | 'inputs' | 'bundle' | 'logFile'> {
  readonly taskId: string;
  readonly inputs: readonly (TaggedJson | undefined)[];
}

/** Where the lines of an attempt go. Never throws. */
export interface AttemptLog {
  write(level: AttemptLogLevel, source: AttemptLogSource, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A line that is kept only if there are others. */
  note(level: AttemptLogLevel, source: AttemptLogSource, message: string): void;
}

export interface AttemptEnvironment {
  /** Gives the DAG; what it throws fails the attempt. */
  loadDag(): Promise<RunnableDag> | RunnableDag;
  readonly log: AttemptLog;
  readonly now: () => Instant;
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  readonly channel: TaskChannel;
  readonly signal: AbortSignal;
  /** True: nobody but the author sees what comes of it (`dags test`, `testDag`). */
  readonly isTest?: boolean;
  /** Writes out what the task has printed without ending its line, so that what follows stands behind it. */
  readonly flushOutput?: () => void;
}

/** Never rejects. */
export async function runAttempt(work: AttemptWork, environment: AttemptEnvironment): Promise<Outcome> {
  const { log } = environment;
  log.note('info', 'system', `try ${work.tryNumber} of ${work.maxTries} started`);
  const outcome = await attempt(work, environment);
  environment.flushOutput?.();
  logEnd(log, outcome);
  return outcome;
}

/** What an attempt runs: the task, and the author's code behind it. */
interface Subject {
  readonly spec: DagSpec;
  readonly task: TaskSpec;
  readonly instance: DagInstance;
  readonly args: readonly unknown[];
  readonly templates: AttemptTemplates;
  readonly outlets: OutletRecorder;
  readonly contextAt: (pokeNumber: number) => TaskContext;
}

async function attempt(work: AttemptWork, environment: AttemptEnvironment): Promise<Outcome> {
  let subject: Subject;
  try {
    subject = await prepare(work, environment);
  } catch (thrown) {
    return outcomeOfThrown(thrown);
  }
  const outcome = await run(subject, work, environment);
  if (outcome.kind !== 'success' && outcome.kind !== 'failed') return outcome;
  const mapLabel = await labelOf(subject, work, environment);
  return mapLabel === null ? outcome : { ...outcome, mapLabel };
}

/** @throws what the author's module throws while it is loaded, and AirflowLikeError D105. */
async function prepare(work: AttemptWork, environment: AttemptEnvironment): Promise<Subject> {
  const { spec, createInstance } = await environment.loadDag();
  const task = spec.tasks.find(({ taskId }) => taskId === work.taskId);
  if (!task) throw new AirflowLikeError('D105', { message: `the DAG ${spec.dagId} as wired here has no task ${work.taskId}` });
  const args = work.inputs.map((input) => (input === undefined ? undefined : decodeTagged(input)));
  const outlets = new OutletRecorder(task);
  const facts = templateFacts(work, spec, task, environment.isTest ?? false);
  const templates = new AttemptTemplates(facts, { token: work.token, channel: environment.channel, now: environment.now });
  const contextAt = (pokeNumber: number): TaskContext => contextOf(task, templates, work, environment, pokeNumber, outlets);
  return { spec, task, instance: createInstance(), args, templates, outlets, contextAt };
}

async function run(subject: Subject, work: AttemptWork, environment: AttemptEnvironment): Promise<Outcome> {
  const { spec, task, instance, args, templates, outlets, contextAt } = subject;
  const fields = instance.templates(work.taskId);
  const call = (pokeNumber: number, values = args): unknown => {
    const current = contextAt(pokeNumber);
    return runWithContext(current, () =>
      Object.keys(fields).length === 0
        ? instance.call(work.taskId, values)
        : templates.renderFields(fields, current).then((rendered) => instance.call(work.taskId, values, rendered)),
    );
  };
  const succeed = (value: unknown): Outcome => ({
    ...successOutcome(value, spec, task, work.maxXComBytes),
    ...outletsOf(outlets.records()),
  });
  try {
    if (task.sensor) {
      const outcome = await runSensor(work, task.sensor, environment, call);
      return outcome.kind === 'found' ? succeed(outcome.value) : outcome;
    }
    return succeed(isChunked(task) ? await runChunk(task, args, (values) => call(1, values), environment) : await call(1));
  } catch (thrown) {
    const outcome = outcomeOfThrown(thrown);
    if (outcome.kind !== 'failed' || !task.hasRetryPolicy) return outcome;
    const ask = (): Promise<Outcome> => applyRetryPolicy(outcome, thrown, instance, work, environment.log);
    return runWithContext(contextAt(work.pokeNumber + 1), ask);
  }
}

function outletsOf(outlets: readonly OutletRecord[]): { readonly outlets?: readonly OutletRecord[] } {
  return outlets.length === 0 ? {} : { outlets };
}

function outcomeOfThrown(thrown: unknown): Extract<Outcome, { kind: 'skipped' | 'failed' }> {
  const error = describeThrown(thrown);
  if (isNamed(thrown, 'SkipTask')) return { kind: 'skipped', message: error.message };
  // Another try would wire the same graph again.
  return { kind: 'failed', error, retryable: !isNamed(thrown, 'FailTask') && error.code !== 'D105' };
}

/** The name of this copy; null for a task that is not mapped or has no names. Of several elements those of the first and the last. */
async function labelOf(
  { task, instance, args, contextAt }: Subject,
  work: AttemptWork,
  { log }: AttemptEnvironment,
): Promise<string | null> {
  const make = work.key.mapIndex < 0 ? null : instance.mapLabelOf(work.taskId);
  if (!make) return null;
  const nameOf = (values: readonly unknown[]): Promise<string | null> =>
    runWithContext(contextAt(work.pokeNumber + 1), () => makeMapLabel(() => make(...values), log));
  if (!isChunked(task)) return nameOf(args);
  const calls = callsOf(task, args);
  const [first, last] = [calls[0], calls.at(-1)];
  if (!first || !last) return null;
  return first === last ? nameOf(first) : `${await nameOf(first)} … ${await nameOf(last)}`;
}

function contextOf(
  task: TaskSpec,
  templates: AttemptTemplates,
  work: AttemptWork,
  environment: AttemptEnvironment,
  pokeNumber: number,
  outletEvents: OutletEvents,
): TaskContext {
  const { key, run, token } = work;
  const { log, channel, signal } = environment;
  const write = (level: AttemptLogLevel) => (message: unknown, fields?: Readonly<Record<string, unknown>>) => {
    environment.flushOutput?.();
    log.write(level, 'task', typeof message === 'string' ? message : showValue(message), fields);
  };
  return {
    dagId: key.dagId,
    runId: key.runId,
    taskId: key.taskId,
    mapIndex: key.mapIndex,
    tryNumber: work.tryNumber,
    maxTries: work.maxTries,
    token,
    logicalDate: run.logicalDate === null ? null : new Date(run.logicalDate),
    dataInterval: run.dataInterval && { start: new Date(run.dataInterval.start), end: new Date(run.dataInterval.end) },
    runAfter: new Date(run.runAfter),
    runType: run.runType,
    timezone: run.timezone,
    params: decodedParams(run.params),
    conf: run.conf,
    pokeNumber,
    signal,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    xcom: {
      async push(name, value) {
        checkKey(name, 'xcom.push');
        await channel.pushXCom(token, name, encodeXCom(value, name, work.maxXComBytes));
      },
      async pull(taskIds, options = {}) {
        if (options.key !== undefined && options.key !== 'return_value') checkKey(options.key, 'xcom.pull');
        const value = await channel.pullXCom(token, {
          taskIds,
          key: options.key ?? 'return_value',
          mapIndexes: options.mapIndex ?? 'all',
          runId: options.runId ?? null,
          includePriorDates: options.includePriorDates ?? false,
          ...(options.default !== undefined && { fallback: encodeTagged(options.default, 'xcom.pull.default') }),
        });
        return value === undefined ? undefined : decodeTagged(value);
      },
    },
    outletEvents,
    inletEvents: inletEventsOf(task, token, channel),
    triggeringAssetEvents: triggeringEventsOf(token, channel),
    render: (template) => templates.render(template),
    async previousSuccess() {
      const found = (await channel.lookUp(token, { kind: 'previousSuccess' })) as unknown as PreviousSuccess | undefined;
      if (!found) return null;
      const { dataInterval, startedAt, endedAt } = found;
      return {
        dataInterval: dataInterval && { start: new Date(dataInterval.start), end: new Date(dataInterval.end) },
        startedAt: startedAt === null ? null : new Date(startedAt),
        endedAt: endedAt === null ? null : new Date(endedAt),
      };
    },
  };
}

const MAX_KEY_LENGTH = 250;

function checkKey(key: unknown, place: string): asserts key is string {
  if (typeof key === 'string' && key.length > 0 && key.length <= MAX_KEY_LENGTH && key !== 'return_value' && isStorableText(key))
    return;
  throw new AirflowLikeError('XCOM_KEY_INVALID', {
    place,
    message: key === 'return_value' ? 'this key belongs to the return value of the task' : 'this cannot be the key of an XCom',
    value: key,
    allowed: `a text of 1 to ${MAX_KEY_LENGTH} characters other than return_value, without NUL and halves of surrogate pairs`,
  });
}

function logEnd(log: AttemptLog, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'success':
      return log.note('info', 'system', 'success');
    case 'failed':
      return log.write('error', 'system', `failed: ${outcome.error.message}`, {
        code: outcome.error.code,
        ...(outcome.error.stack === null ? {} : { stack: outcome.error.stack }),
      });
    case 'skipped':
      return log.write('info', 'system', outcome.message === null ? 'skipped' : `skipped: ${outcome.message}`);
    case 'reschedule':
      return log.note('info', 'system', `not yet; looks again at ${new Date(outcome.at).toISOString()}`);
    case 'defer':
      return log.note('info', 'system', 'waits for a trigger');
    case 'ask':
      return log.note('info', 'system', 'waits for a person');
    case 'lost':
      return log.write('warn', 'system', `lost: ${outcome.reason}`);
  }
}
