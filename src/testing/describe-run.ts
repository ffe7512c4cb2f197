/** A test run as a text that says at one glance what happened: the graph with states, then the first error and what led to it, and callbacks that failed. */
import { inspect } from 'node:util';
import { describeGraph } from '../core/graph/describe-graph.js';
import type { DagRun } from '../model/dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { TestCallback } from './test-callback.js';
import type { TestTask, TestTaskInstance } from './test-task.js';

const MAX_INPUT_LENGTH = 1_000;

export function describeRun(
  spec: DagSpec,
  run: DagRun,
  tasks: ReadonlyMap<string, TestTask>,
  callbacks: readonly TestCallback[],
): string {
  const [head, ...tree] = describeGraph(spec, ({ taskId }) => describeTask(taskId, tasks.get(taskId))).split('\n');
  const covers = run.dataInterval
    ? `[${new Date(run.dataInterval.start).toISOString()}, ${new Date(run.dataInterval.end).toISOString()})`
    : 'without a data interval';
  const lines = [`${head} ${covers}: ${run.state}`, ...tree];
  const first = firstError([...tasks.values()]);
  if (first) lines.push('', ...describeError(first));
  for (const { event, taskId, error } of callbacks) {
    if (error) lines.push('', `callback for ${event} of ${taskId ?? 'the run'} failed: ${error.name}: ${error.message}`);
  }
  return lines.join('\n');
}

function describeTask(taskId: string, task: TestTask | undefined): string {
  if (!task) return taskId;
  const text = `${taskId} ${task.state}`;
  const { instances } = task;
  if ((instances[0]?.mapIndex ?? -1) >= 0) {
    const counts = new Map<string, number>();
    for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
    return `${taskId} [${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}]`;
  }
  const notes: string[] = [];
  if (task.tryNumber > 1 || task.state === 'up_for_retry') notes.push(`try ${task.tryNumber} of ${instances[0]?.maxTries}`);
  if (task.wakesAt) notes.push(`next ${task.wakesAt.toISOString()}`);
  if (task.state === 'skipped' && task.reason !== null) notes.push(task.reason);
  return notes.length === 0 ? text : `${text} (${notes.join(', ')})`;
}

/** Of what failed for good the one that ended first; otherwise of what is to be tried again. */
function firstError(tasks: readonly TestTask[]): TestTaskInstance | null {
  const instances = tasks.flatMap((task) => task.instances);
  for (const state of ['failed', 'up_for_retry']) {
    const [first] = instances
      .filter((instance) => instance.state === state)
      .sort((a, b) => (a.endedAt?.getTime() ?? 0) - (b.endedAt?.getTime() ?? 0));
    if (first) return first;
  }
  return null;
}

function describeError({ taskId, mapIndex, mapLabel, tryNumber, maxTries, error, reason, inputs }: TestTaskInstance): string[] {
  const copy = mapLabel === null ? `[${mapIndex}]` : `[${mapIndex}] ${JSON.stringify(mapLabel)}`;
  const name = mapIndex < 0 ? taskId : `${taskId}${copy}`;
  const lines: string[] = [`first error: ${name}, try ${tryNumber} of ${maxTries}`];
  if (inputs !== null && inputs.length > 0) {
    for (const [index, input] of inputs.entries()) lines.push(`  input ${index + 1}: ${show(input)}`);
  }
  lines.push(
    ...(error ? (error.stack ?? `${error.name}: ${error.message}`) : (reason ?? 'no reason is known')).split('\n').map(indent),
  );
  return lines;
}

function show(input: unknown): string {
  const text = inspect(input, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20, maxStringLength: 200 });
  return text.length > MAX_INPUT_LENGTH ? `${text.slice(0, MAX_INPUT_LENGTH)}...` : text;
}

function indent(line: string): string {
  return `  ${line}`;
}
