import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import type { RunCommit } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { PreviousRun } from '../../../src/model/snapshot.js';
import { accepted, SCHEDULER, taskSpec, viewOf } from './factories.js';

const previous = (states: PreviousRun['states'], logicalDate = -1): PreviousRun => ({
  dagRunId: 7,
  logicalDate,
  states,
  everRan: Object.keys(states),
});

/** What becomes of `a`, with children `b` and `c`, when `previous` is the run before. */
function stateOf(
  options: Partial<TaskSpec>,
  before: PreviousRun,
  changes: { spec?: Partial<DagSpec>; run?: Partial<DagRun> } = {},
): string {
  const tasks = [taskSpec('a', options), taskSpec('b', { upstream: ['a'] }), taskSpec('c', { upstream: ['a'] })];
  const view = viewOf(tasks, {}, { ...changes, snapshot: { previous: before } });
  planRun(view, 1);
  return view.instance(1).state;
}

describe('the run before', () => {
  const failed = previous({ a: ['failed'], b: ['failed'], c: ['failed'] });

  it('holds up no task that does not look at it', () => {
    expect(stateOf({}, failed)).toBe('scheduled');
  });

  it('is none for a run without a logical date', () => {
    expect(stateOf({ dependsOnPast: true }, failed, { run: { logicalDate: null } })).toBe('scheduled');
  });

  it.each<[string, PreviousRun['states'], string]>([
    ['one of two children failed', { a: ['success'], b: ['success'], c: ['failed'] }, 'none'],
    ['one of two children is not finished', { a: ['success'], b: ['none'], c: ['success'] }, 'none'],
    ['one copy of a mapped child failed', { a: ['success'], b: ['success', 'failed'], c: ['success'] }, 'none'],
    ['a child was skipped', { a: ['success'], b: ['skipped'], c: ['success'] }, 'scheduled'],
    ['a child was not part of it', { a: ['success'], b: ['success'] }, 'scheduled'],
  ])('where a task waits for its children there, and %s', (_case, states, expected) => {
    expect(stateOf({ waitForDownstream: true }, previous(states))).toBe(expected);
    expect(stateOf({ dependsOnPast: true }, previous(states))).toBe('scheduled');
  });

  it.each<[string, Partial<DagSpec>, number, string]>([
    ['without catchup, whenever the DAG starts', { catchup: false, startDate: 0 }, -1, 'none'],
    ['with catchup, of a DAG without a start date', { catchup: true, startDate: null }, -1, 'none'],
    ['with catchup, on the start date itself', { catchup: true, startDate: -1 }, -1, 'none'],
    ['with catchup, not when it lies before the start date', { catchup: true, startDate: 0 }, -1, 'scheduled'],
    ['with a bounded catchup, not when it lies before the start date', { catchup: { last: 3 }, startDate: 0 }, -1, 'scheduled'],
  ])('counts %s', (_case, spec, date, expected) => {
    expect(stateOf({ dependsOnPast: true }, previous({ a: ['failed'] }, date), { spec })).toBe(expected);
  });
});

describe('the run after', () => {
  const wakesNextRun = (tasks: readonly TaskSpec[], ended: number): boolean => {
    const running = { state: 'running' } as const;
    const view = viewOf(tasks, Object.fromEntries(tasks.map(({ taskId }) => [taskId, running])));
    view.transition(ended, 'succeed');
    return (view.drain(SCHEDULER, undefined) as RunCommit).wakeNextRun;
  };
  const tasks = (a: Partial<TaskSpec>, b: Partial<TaskSpec> = {}) => [
    taskSpec('a', a),
    taskSpec('b', { upstream: ['a'], ...b }),
    taskSpec('c', { upstream: ['b'] }),
  ];

  it.each<[string, readonly TaskSpec[], number, boolean]>([
    ['nothing looks at the past', tasks({}), 1, false],
    ['the task looks at its own past', tasks({ dependsOnPast: true }), 1, true],
    ['another task does', tasks({ dependsOnPast: true }), 2, false],
    ['the task waits for its children', tasks({ waitForDownstream: true }), 1, true],
    ['its parent waits for its children', tasks({ waitForDownstream: true }), 2, true],
    ['its grandparent does', tasks({ waitForDownstream: true }), 3, false],
    ['a task without any before it waits for its own', tasks({}, { waitForDownstream: true }), 1, false],
  ])('is woken by a task that ends where it matters: %s', (_case, specs, ended, expected) => {
    expect(wakesNextRun(specs, ended)).toBe(expected);
  });

  it('is woken once for what ended, and by no later commit', () => {
    const view = viewOf(tasks({ dependsOnPast: true }), { a: { state: 'running' }, b: { state: 'running' } });
    view.transition(1, 'succeed');
    const first = view.drain(SCHEDULER, undefined) as RunCommit;
    view.committed(accepted(first, 2));
    view.transition(2, 'succeed');
    const second = view.drain(SCHEDULER, undefined) as RunCommit;
    expect([first.wakeNextRun, second.wakeNextRun]).toEqual([true, false]);
  });
});
