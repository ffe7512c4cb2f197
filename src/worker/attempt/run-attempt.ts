/**
 * Makes one attempt of a task: from a Workload to an Outcome, whatever the author's code does. It owns how the ways in which a method can
 * end are understood; it does not own threads, processes or time limits. Shared by the runner's threads and the inline executor.
 */
import type { OutletRecord } from '../../model/asset.js';
import { decodeTagged } from '../../model/codec.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Instant } from '../../model/instant.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { AttemptLogLevel, AttemptLogSource } from '../../model/attempt-log.js';
import type { Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Workload } from '../../model/workload.js';
import type { TaskChannel } from '../../ports/task-channel.js';
import { runWithContext, type TaskContext } from '../../sdk/context.js';
import type { DagInstance } from '../../sdk/dag-instance.js';
import { executeContext } from '../callbacks/callback-context.js';
import { applyRetryPolicy } from './apply-retry-policy.js';
import { OutletRecorder, refuseDisplaced } from './asset-events.js';
import { AttemptTemplates, templateFacts } from './attempt-templates.js';
import type { RunnableDag } from './load-dag.js';
import { withLazyLists, type ReadCopies } from './lazy-inputs.js';
import { makeMapLabel } from './map-label.js';
import { callsOf, isChunked, runChunk } from './run-chunk.js';
import { runSensor } from './run-sensor.js';
import { successOutcome } from './success-outcome.js';
import { contextOf } from './task-context.js';
import { describeThrown, isNamed } from './task-error.js';

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

/** Codes of what another try would meet again: another graph than the registered one, an asset whose name another one has. */
const LASTING: ReadonlySet<string> = new Set(['D105', 'ASSET_CONFLICT']);

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
  const read: ReadCopies = (taskId, from, to) => environment.channel.readCopies(work.token, { taskId, from, to });
  const args = work.inputs.map((input, index) =>
    input === undefined ? undefined : withLazyLists(task.inputs[index], decodeTagged(input), read),
  );
  await refuseDisplaced(task, work.token, environment.channel);
  const outlets = new OutletRecorder(task);
  const facts = templateFacts(work, spec, task, args, environment.isTest ?? false);
  const templates = new AttemptTemplates(facts, { token: work.token, channel: environment.channel, now: environment.now });
  const contextAt = (pokeNumber: number): TaskContext => contextOf(task, templates, work, environment, pokeNumber, outlets);
  return { spec, task, instance: createInstance(), args, templates, outlets, contextAt };
}

async function run(subject: Subject, work: AttemptWork, environment: AttemptEnvironment): Promise<Outcome> {
  const { spec, task, instance, args, templates, outlets, contextAt } = subject;
  await callBeforeExecute(subject, work, environment);
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

/** What it throws is written down: a try must not fail because somebody could not be told of it. */
async function callBeforeExecute(
  { task, instance, contextAt }: Subject,
  work: AttemptWork,
  { log }: AttemptEnvironment,
): Promise<void> {
  if (!task.callbacks?.includes('execute')) return;
  try {
    await runWithContext(contextAt(work.pokeNumber + 1), () => instance.callBack(executeContext(work)));
  } catch (thrown) {
    log.write('warn', 'system', `onExecute failed, the task goes on: ${describeThrown(thrown).message}`);
  }
}

function outletsOf(outlets: readonly OutletRecord[]): { readonly outlets?: readonly OutletRecord[] } {
  return outlets.length === 0 ? {} : { outlets };
}

function outcomeOfThrown(thrown: unknown): Extract<Outcome, { kind: 'skipped' | 'failed' }> {
  const error = describeThrown(thrown);
  if (isNamed(thrown, 'SkipTask')) return { kind: 'skipped', message: error.message };
  return { kind: 'failed', error, retryable: !isNamed(thrown, 'FailTask') && !LASTING.has(error.code) };
}

/** The name of this copy; null for a task that is not mapped or has no names. Of several elements those of the first and the last. */
async function labelOf(
  { task, instance, args, templates, contextAt }: Subject,
  work: AttemptWork,
  { log }: AttemptEnvironment,
): Promise<string | null> {
  if (work.key.mapIndex < 0) return null;
  const make = instance.mapLabelOf(work.taskId);
  const { mapIndexTemplate } = task;
  if (!make) return mapIndexTemplate === null ? null : makeMapLabel(() => templates.render(mapIndexTemplate), log);
  const nameOf = (values: readonly unknown[]): Promise<string | null> =>
    runWithContext(contextAt(work.pokeNumber + 1), () => makeMapLabel(() => make(...values), log));
  if (!isChunked(task)) return nameOf(args);
  const calls = callsOf(task, args);
  const [first, last] = [calls[0], calls.at(-1)];
  if (!first || !last) return null;
  return first === last ? nameOf(first) : `${await nameOf(first)} … ${await nameOf(last)}`;
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
