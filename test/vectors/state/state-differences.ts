/** Whether a rule of `differences.ts` explains our other answer to a state case, judged by what the case says. */
import { FINISHED_STATES, type TaskInstanceState } from '../../../src/model/states.js';
import type { VectorCase } from '../vector-file.js';
import type { RecordedGraph, RecordedTask } from './state-world.js';

type Answers = Readonly<Record<string, string>>;

/** Every instance with another answer waits here and went ahead there, and what it is mapped over is not finished. */
export function waitsForLength(testCase: VectorCase, ours: unknown): boolean {
  const { expect: recorded, states } = testCase as VectorCase & { readonly expect?: Answers; readonly states?: Answers };
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

/** The task that another one, or its group, is mapped over. */
export function sourceOf(task: RecordedTask, { groups = [] }: RecordedGraph): string | undefined {
  const map = task.map ?? groups.find(({ id }) => id === task.group)?.map;
  return map && 'from' in map ? map.from : undefined;
}

function isFinished(source: string, states: Answers): boolean {
  const own = Object.entries(states).filter(([name]) => name === source || name.startsWith(`${source}[`));
  return own.length > 0 && own.every(([, state]) => FINISHED_STATES.has(state as TaskInstanceState));
}
