/** Whether a rule of `differences.ts` explains our other answer to a state case, judged by what the case says. */
import { isDeepStrictEqual } from 'node:util';
import { FINISHED_STATES, type TaskInstanceState } from '../../../src/model/states.js';
import type { VectorCase } from '../vector-file.js';
import type { AttemptCase } from './attempt-cases.js';
import type { PastCase } from './past-cases.js';
import { flattened, type FlatRun } from './run-answers.js';
import type { RuleCase } from './rule-cases.js';
import type { RecordedRun, RunCase } from './scripted-run.js';
import { sourceOf, type RecordedGraph } from './state-world.js';

type Answers = Readonly<Record<string, string>>;

/** A run that `failFast` stopped has failed here, where it may have succeeded there; all else is the same. */
export function failsFast(testCase: VectorCase, ours: unknown): boolean {
  const { dag, expect: recorded } = testCase as unknown as RunCase;
  if (dag?.fail_fast !== true || recorded.run !== 'success' || !isRun(ours)) return false;
  const { run, ...rest } = flat(ours);
  const { run: _run, ...recordedRest } = flattened(recorded);
  return run === 'failed' && isDeepStrictEqual(rest, recordedRest);
}

function isRun(ours: unknown): boolean {
  return typeof ours === 'object' && ours !== null && 'states' in ours;
}

function flat(ours: unknown): FlatRun {
  return 'ticks' in (ours as object) ? (ours as FlatRun) : flattened(ours as RecordedRun);
}

/**
 * The check for a deadlock there looks at tasks that run as well: it can skip one of them, or find a deadlock although nothing was removed. Here the task was left
 * alone, and the run came to its end.
 */
export function leavesRunningTasksAlone(testCase: VectorCase, ours: unknown): boolean {
  const { trace = [], states = {}, quirks = [], reason } = (testCase['expect'] ?? {}) as Partial<RecordedRun>;
  if (quirks.length === 0 || !isRun(ours)) return false;
  const run = flat(ours);
  const isSpared = trace.some(({ lost = [] }) => lost.some((name) => states[name] === 'skipped' && run.states[name] !== 'skipped'));
  const isOver = reason === 'all_tasks_deadlocked' && run.run !== 'running' && Object.values(run.states).every(isFinal);
  return isSpared || isOver;
}

/** In a run: a branch or latest-only skipped a teardown that is its direct child there, and here it was left to its rule. */
export function sparesTeardowns(testCase: VectorCase, ours: unknown): boolean {
  if (!isGraph(testCase) || !Array.isArray((testCase['expect'] as Partial<RecordedRun> | undefined)?.trace) || !isRun(ours))
    return false;
  const { tasks, expect: recorded } = testCase as RunCase;
  const deciders = new Set(tasks.filter(({ kind }) => kind === 'branch' || kind === 'latest').map(({ id }) => id));
  const { states } = flat(ours);
  return tasks.some(
    ({ id, kind, up = [] }) =>
      kind === 'teardown' &&
      up.some((parent) => deciders.has(parent)) &&
      recorded.states[id] === 'skipped' &&
      states[id] !== 'skipped',
  );
}

/** In a run: a mapped task became upstream_failed there before all copies of what it is mapped over were finished, and does not here. */
function waitsForLengthInRun(testCase: RunCase, ours: unknown): boolean {
  const { ticks, states } = flattened(testCase.expect);
  return testCase.tasks.some((task) => {
    const source = sourceOf(task, testCase);
    const at = ticks.find(({ changed }) => changed[task.id] === 'upstream_failed')?.t;
    if (source === undefined || at === undefined) return false;
    const copies = Object.keys(states).filter((name) => taskOf(name) === source);
    const isFinishedBefore = copies.every((name) => ticks.some(({ t, changed }) => t <= at && isFinal(changed[name] ?? 'none')));
    return !isFinishedBefore && !flat(ours).ticks.some(({ t, changed }) => t === at && changed[task.id] !== undefined);
  });
}

function taskOf(name: string): string {
  return name.replace(/\[\d+\]$/, '');
}

function isFinal(state: string): boolean {
  return FINISHED_STATES.has(state as TaskInstanceState);
}

/** Every instance with another answer waits here and went ahead there, and what it is mapped over is not finished. */
export function waitsForLength(testCase: VectorCase, ours: unknown): boolean {
  const { expect: recorded, states } = testCase as VectorCase & { readonly expect?: Answers; readonly states?: Answers };
  if (isGraph(testCase) && Array.isArray((recorded as Partial<RecordedRun> | undefined)?.trace)) {
    return isRun(ours) && waitsForLengthInRun(testCase as RunCase, ours);
  }
  if (!isGraph(testCase) || !recorded || !states || !isAnswers(ours)) return false;
  const differing = Object.keys(recorded).filter((name) => !recorded[name]?.split('/').includes(ours[name] ?? ''));
  return differing.every((name) => {
    const task = testCase.tasks.find(({ id }) => id === name);
    const source = task && sourceOf(task, testCase);
    return ours[name] === 'w' && /[Ru]/.test(recorded[name] ?? '') && source !== undefined && !isFinished(source, states);
  });
}

function isGraph(testCase: VectorCase): testCase is VectorCase & RecordedGraph {
  return Array.isArray(testCase['tasks']);
}

function isAnswers(ours: unknown): ours is Answers {
  return typeof ours === 'object' && ours !== null && Object.values(ours).every((value) => typeof value === 'string');
}

function isFinished(source: string, states: Answers): boolean {
  const own = Object.entries(states).filter(([name]) => taskOf(name) === source);
  return own.length > 0 && own.every(([, state]) => isFinal(state));
}

/** A task without retries of its own has tries left, because it was cleared, and gets another one here. */
export function retriesLeft(testCase: VectorCase, ours: unknown): boolean {
  const { kind, retries, try_number: tryNumber, max_tries: maxTries, expect: recorded } = testCase as unknown as AttemptCase;
  if (kind !== 'handle_failure' && kind !== 'executor_event') return false;
  return (
    retries === 0 &&
    tryNumber <= maxTries &&
    recorded['state'] === 'failed' &&
    (ours as { state?: unknown }).state === 'up_for_retry'
  );
}

/** Airflow takes an event for the end of a row that is only scheduled again; here the row has no attempt whose end it could be, and stays as it is. */
export function hasNoAttempt(testCase: VectorCase, ours: unknown): boolean {
  const { kind, state } = testCase as unknown as AttemptCase;
  return kind === 'executor_event' && state === 'scheduled' && (ours as { state?: unknown }).state === state;
}

/** A run before the start date of its task looks at the run before it here, and at none there. */
export function isBeforeStart(testCase: VectorCase, ours: unknown): boolean {
  const { catchup, task, run, expect: recorded } = testCase as unknown as PastCase;
  if (!isFinding(ours) || catchup !== true || task.start_day === undefined || run.day === null) return false;
  return run.day < task.start_day && recorded.reason === 'no_previous_run';
}

/** A mapped task that only waits for the children of its past looks at that here, and at nothing there. */
export function forgetsPastOfMapped(testCase: VectorCase, ours: unknown): boolean {
  const { mapped, task, expect: recorded } = testCase as unknown as PastCase;
  if (!isFinding(ours) || mapped === undefined) return false;
  return task.wait_for_downstream === true && task.depends_on_past !== true && recorded.reason === 'depends_on_past_not_set';
}

function isFinding(ours: unknown): boolean {
  return typeof ours === 'object' && ours !== null && 'met' in ours;
}

/** The task is skipped at once, where Airflow would let it wait for its past, if its scheduler ever asked for that. */
export function skipsAtOnce(testCase: VectorCase, ours: unknown): boolean {
  const { c, w } = testCase as unknown as RuleCase;
  if (typeof c !== 'string' || typeof w !== 'string' || !isAnswers(ours) || ours['w'] !== c) return false;
  return [...c].every((outcome, rule) => outcome === w[rule] || (outcome === 'k' && w[rule] === 'w'));
}
