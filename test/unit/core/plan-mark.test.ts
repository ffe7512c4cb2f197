import { describe, expect, it } from '@jest/globals';
import { planMark, planRunMark, type MarkOptions } from '../../../src/core/dag-run/plan-mark.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagRunSnapshot } from '../../../src/model/snapshot.js';
import type { DagRunState, TaskInstanceState } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun, dagSpec, SCHEDULER, taskInstance, taskSpec, USER } from './factories.js';

const NOW = 50;
const TASKS = [taskSpec('a'), taskSpec('b', { upstream: ['a'] }), taskSpec('c', { upstream: ['b'] })];

/** A run of a, b and c. */
function chain(states: readonly TaskInstanceState[], run: Partial<DagRun> = {}): DagRunSnapshot {
  const taskInstances = states.map((state, index) => taskInstance(index + 1, TASKS[index]!.taskId, { state }));
  return { run: dagRun(run), spec: dagSpec(TASKS), taskInstances, previous: null };
}

const shown = (instances: readonly TaskInstance[]) => instances.map(({ taskId, state }) => `${taskId} ${state}`);

describe('a plan to mark a task', () => {
  const plan = (snapshot: DagRunSnapshot, options: Partial<MarkOptions> = {}) =>
    planMark(
      snapshot,
      { task: { taskId: 'a', mapIndexes: null }, relatives: {}, target: 'success', marks: true, resumes: true, ...options },
      USER,
      NOW,
    );
  const failed = () => chain(['failed', 'upstream_failed', 'upstream_failed'], { state: 'failed', endedAt: 9 });

  it('lets what failed below it go on, and shows what there was before', () => {
    const { commit, marked, cleared } = plan(failed());
    expect([shown(marked), shown(cleared)]).toEqual([['a failed'], ['b upstream_failed', 'c upstream_failed']]);
    expect(commit?.changes.map(({ next }) => next.state)).toEqual(['success', 'none', 'none']);
    expect(commit?.run).toMatchObject({ from: 'failed', path: ['queued'], clearNumber: 1 });
  });

  it('leaves what failed below it, and the run, as they are when told so', () => {
    const { commit, marked, cleared } = plan(failed(), { resumes: false });
    expect([shown(marked), shown(cleared)]).toEqual([['a failed'], []]);
    expect(commit?.run).toBeNull();
  });

  it('only lets go on in a run in which nothing is to be marked', () => {
    const { commit, marked, cleared } = plan(failed(), { marks: false });
    expect([shown(marked), shown(cleared)]).toEqual([[], ['b upstream_failed', 'c upstream_failed']]);
    expect(commit?.changes.map(({ taskInstanceId }) => taskInstanceId)).toEqual([2, 3]);
    expect(commit?.run).toMatchObject({ path: ['queued'] });
  });

  it('leaves the run as it is where nothing below it failed', () => {
    const { commit, marked, cleared } = plan(chain(['running', 'none', 'none']));
    expect([shown(marked), shown(cleared)]).toEqual([['a running'], []]);
    expect(commit?.run).toBeNull();
  });

  it('commits also where as many are marked as go on', () => {
    const { commit } = plan(chain(['failed', 'upstream_failed', 'success'], { state: 'failed' }));
    expect(commit?.changes.map(({ taskInstanceId, path }) => [taskInstanceId, ...path])).toEqual([
      [1, 'success'],
      [2, 'none'],
    ]);
  });

  it('is empty when all is as it should be', () => {
    expect(plan(chain(['success', 'none', 'none']))).toEqual({ commit: null, marked: [], cleared: [] });
    expect(plan(failed(), { marks: false, resumes: false })).toEqual({ commit: null, marked: [], cleared: [] });
  });

  it('is for people', () => {
    const options: MarkOptions = {
      task: { taskId: 'a', mapIndexes: null },
      relatives: {},
      target: 'success',
      marks: true,
      resumes: true,
    };
    expect(() => planMark(failed(), options, SCHEDULER, NOW)).toThrow('a scheduler may not take the transition "override"');
  });
});

describe('a plan to mark a run', () => {
  it('shows what it ends, as it was', () => {
    const { commit, marked, cleared } = planRunMark(chain(['running', 'scheduled', 'none']), 'failed', USER, NOW);
    expect([shown(marked), cleared]).toEqual([['a running', 'b scheduled', 'c none'], []]);
    expect(commit?.changes.map(({ next }) => next.state)).toEqual(['failed', 'skipped', 'skipped']);
    expect(commit?.run).toMatchObject({ from: 'running', path: ['failed'], endedAt: NOW, reason: 'marked' });
  });

  it.each<[DagRunState, 'success' | 'failed' | 'queued']>([
    ['success', 'success'],
    ['failed', 'failed'],
    ['queued', 'queued'],
  ])('is empty for one that is %s already', (state, target) => {
    const snapshot = chain(['success', 'success', 'success'], { state, queuedAt: 3, endedAt: state === 'queued' ? null : 9 });
    expect(planRunMark(snapshot, target, USER, NOW)).toEqual({ commit: null, marked: [], cleared: [] });
  });

  it('changes the run alone where its tasks are finished', () => {
    const { commit, marked } = planRunMark(
      chain(['success', 'success', 'failed'], { state: 'failed', endedAt: 9 }),
      'success',
      USER,
      NOW,
    );
    expect(marked).toEqual([]);
    expect(commit).toMatchObject({ changes: [], run: { from: 'failed', path: ['success'], endedAt: 9 } });
  });

  it('skips what a deadlock left over, without failing the run a second time', () => {
    const { commit, marked } = planRunMark(
      chain(['removed', 'none', 'none'], { state: 'failed', endedAt: 9 }),
      'failed',
      USER,
      NOW,
    );
    expect(shown(marked)).toEqual(['b none', 'c none']);
    expect(commit?.changes.map(({ next }) => next.state)).toEqual(['skipped', 'skipped']);
    expect(commit?.run).toBeNull();
  });

  it('takes removed copies of a task that runs along, as Airflow does', () => {
    const map = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] } as const;
    const taskInstances = [
      taskInstance(1, 'm', { mapIndex: 0, state: 'running', token: 't' }),
      taskInstance(2, 'm', { mapIndex: 1, state: 'removed' }),
    ];
    const snapshot = { run: dagRun(), spec: dagSpec([taskSpec('m', { map })]), taskInstances, previous: null };
    expect(shown(planRunMark(snapshot, 'failed', USER, NOW).marked)).toEqual(['m running', 'm removed']);
  });

  it.each<[TaskInstanceState, TaskInstanceState]>([
    ['running', 'success'],
    ['deferred', 'success'],
    ['up_for_reschedule', 'success'],
    ['awaiting_input', 'success'],
    ['up_for_retry', 'skipped'],
    ['queued', 'skipped'],
    ['scheduled', 'skipped'],
    ['none', 'skipped'],
  ])('success makes a task in %s %s', (state, expected) => {
    const { commit } = planRunMark(chain(['success', state, 'success']), 'success', USER, NOW);
    expect(commit?.changes.map(({ taskInstanceId, next }) => [taskInstanceId, next.state])).toEqual([[2, expected]]);
  });
});
