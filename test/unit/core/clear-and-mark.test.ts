import { describe, expect, it } from '@jest/globals';
import { adoptVersion } from '../../../src/core/dag-run/adopt-version.js';
import { markRun } from '../../../src/core/dag-run/mark-run.js';
import { planMark } from '../../../src/core/dag-run/plan-mark.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { planRerun } from '../../../src/core/dag-run/plan-rerun.js';
import { clearInstances, reopenRun } from '../../../src/core/task-instance/clear.js';
import { markInstances } from '../../../src/core/task-instance/mark.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { DagRunSnapshot } from '../../../src/model/snapshot.js';
import { TASK_INSTANCE_STATES } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun, dagSpec, statesOf, taskInstance, taskSpec, USER, viewOf } from './factories.js';

const NOW = 50;

describe('clearing', () => {
  const tasks = [
    taskSpec('load'),
    taskSpec('load_more', { upstream: ['load'], retries: 2 }),
    taskSpec('report', { upstream: ['load_more'] }),
  ];

  it('pitfall 12: raises the number of tries that may be made, and never counts tries anew', () => {
    const view = viewOf(
      tasks,
      {
        load: { state: 'success', tryNumber: 1, outputLength: 3 },
        load_more: { state: 'failed', tryNumber: 3, maxTries: 3 },
        report: { state: 'upstream_failed' },
      },
      { run: { state: 'failed', startedAt: 1, endedAt: 5, clearNumber: 4 } },
    );
    clearInstances(view, [2, 3], NOW);
    reopenRun(view, NOW);
    expect(view.instance(2)).toMatchObject({ state: 'none', tryNumber: 3, maxTries: 6, endedAt: null });
    expect(view.instance(3)).toMatchObject({ state: 'none', tryNumber: 0, maxTries: 1 });
    expect(view.drain(USER, undefined)?.run).toMatchObject({
      from: 'failed',
      path: ['queued'],
      queuedAt: NOW,
      startedAt: null,
      endedAt: null,
      clearNumber: 5,
    });
  });

  it('pitfall 13: takes the token of a running one away, so that its attempt has no say in the next try', () => {
    const view = viewOf(tasks, { load: { state: 'running', token: 'old', workerId: 'w', tryNumber: 1 } });
    clearInstances(view, [1], NOW);
    reopenRun(view, NOW);
    const commit = view.drain(USER, undefined);
    expect(commit?.changes).toMatchObject([
      { expectedToken: 'old', path: ['none'], endAttempt: { state: 'cleared' }, next: { token: null, workerId: null } },
    ]);
    expect(commit?.run).toMatchObject({ from: 'running', path: [], clearNumber: 1 });
  });

  it('pitfall 14: leaves XComs and decisions to the start of the next try', () => {
    const decision = { followed: ['load_more'] };
    const view = viewOf(tasks, { load: { state: 'success', tryNumber: 1, decision } });
    clearInstances(view, [1], NOW);
    expect(view.drain(USER, undefined)?.changes).toMatchObject([{ clearXComs: false, next: { decision } }]);
  });

  it.each(TASK_INSTANCE_STATES)('is possible in %s', (state) => {
    const waiting = { wakeAt: 9, waitingSince: 1, pokeNumber: 3, lostDispatches: 2, deferral: {} };
    const view = viewOf(tasks, { load: { state, tryNumber: 2, ...waiting } });
    clearInstances(view, [1], NOW);
    expect(view.instance(1)).toMatchObject({ state: 'none', tryNumber: 2, maxTries: 3, wakeAt: null, waitingSince: null });
    expect(view.instance(1)).toMatchObject({ pokeNumber: 0, lostDispatches: 0, deferral: null });
    expect(view.drain(USER, undefined)?.changes).toMatchObject([{ from: state, path: ['none'] }]);
  });

  it('leaves nothing of the try before but its number, what it decided and the name of its copy', () => {
    const left = {
      scheduledAt: 1,
      queuedAt: 2,
      startedAt: 3,
      endedAt: 4,
      wakeAt: 5,
      waitingSince: 6,
      pokeNumber: 7,
      outputLength: 8,
    };
    const kept = { tryNumber: 2, decision: { followed: [] }, mapLabel: 'paris' };
    const view = viewOf(tasks, { load_more: { ...left, ...kept, state: 'up_for_retry', workerId: 'w', deferral: {} } });
    clearInstances(view, [2], NOW);
    const changes = view.drain(USER, undefined)?.changes;
    expect(changes).toMatchObject([{ path: ['none'], endAttempt: null, openAttempt: null, reason: 'cleared' }]);
    expect(changes?.[0]?.next).toEqual(taskInstance(2, 'load_more', { ...kept, maxTries: 5, priorityWeight: 2 }));
  });

  it('ends the attempt under way when it is made', () => {
    const view = viewOf(tasks, { load: { state: 'queued', token: 'old' } });
    clearInstances(view, new Set([1]), NOW);
    const ended = { state: 'cleared', endedAt: NOW, reason: 'cleared', error: null };
    expect(view.drain(USER, undefined)?.changes).toMatchObject([{ from: 'queued', expectedToken: 'old', endAttempt: ended }]);
  });

  it.each(['success', 'partial', 'failed'] as const)(
    'starts a run anew that is %s, with the version that it shall have',
    (state) => {
      const view = viewOf(tasks, {}, { run: { state, startedAt: 1, endedAt: 5, versionId: 3 } });
      reopenRun(view, NOW, 4);
      expect(view.drain(USER, undefined)?.run).toEqual({
        from: state,
        path: ['queued'],
        queuedAt: NOW,
        startedAt: null,
        endedAt: null,
        clearNumber: 1,
        versionId: 4,
        reason: 'cleared',
      });
    },
  );

  it.each(['queued', 'running'] as const)('only counts in a run that is %s', (state) => {
    const view = viewOf(tasks, {}, { run: { state, queuedAt: 1, startedAt: 2, versionId: 3, clearNumber: 6 } });
    reopenRun(view, NOW);
    expect(view.drain(USER, undefined)?.run).toMatchObject({
      ...{ from: state, path: [], queuedAt: 1, startedAt: 2, clearNumber: 7, versionId: 3, reason: 'cleared' },
    });
  });

  it('takes the values of the task as they are now', () => {
    const view = viewOf([taskSpec('load', { pool: 'wide', poolSlots: 3, queue: 'big' })], {
      load: { state: 'failed', pool: 'old' },
    });
    clearInstances(view, [1], NOW);
    expect(view.instance(1)).toMatchObject({ pool: 'wide', poolSlots: 3, queue: 'big' });
  });
});

describe('marking', () => {
  const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'] }), taskSpec('c', { upstream: ['b'] })];
  const mark = (states: Parameters<typeof viewOf>[1]) => {
    const view = viewOf(tasks, states);
    return { view, changed: markInstances(view, [1, 2, 3], 'success', NOW) };
  };

  it('changes what is in another state, and only that', () => {
    const { view, changed } = mark({ a: { state: 'success', endedAt: 7 }, b: { state: 'failed', startedAt: 3, endedAt: 8 } });
    expect(changed).toEqual([2, 3]);
    expect(view.instance(1).endedAt).toBe(7);
    expect(view.instance(2)).toMatchObject({ state: 'success', startedAt: 3, endedAt: 8 });
    expect(view.instance(3)).toMatchObject({ state: 'success', startedAt: NOW, endedAt: NOW, tryNumber: 0 });
  });

  it('pitfall 49: stops a running one without a value and without an asset event', () => {
    const { view } = mark({ b: { state: 'running', token: 't', workerId: 'w', startedAt: 4 } });
    const change = view.drain(USER, undefined)?.changes.find(({ taskInstanceId }) => taskInstanceId === 2);
    expect(change).toMatchObject({ expectedToken: 't', endAttempt: { state: 'success', reason: 'marked' }, xcoms: [] });
    expect(change?.next).toMatchObject({ token: null, workerId: null, outputLength: null });
    expect(change).not.toHaveProperty('assets');
  });

  it.each(TASK_INSTANCE_STATES)('is possible in %s, and takes away what it waited for', (state) => {
    const waiting = { wakeAt: 9, waitingSince: 1, deferral: { waited: 1 }, startedAt: 3, workerId: 'w' };
    for (const target of ['success', 'failed', 'skipped'] as const) {
      const view = viewOf(tasks, { a: { state, ...waiting } });
      expect(markInstances(view, [1], target, NOW)).toEqual(state === target ? [] : [1]);
      const changes = view.drain(USER, undefined)?.changes ?? [];
      if (state === target) expect(changes).toEqual([]);
      else {
        expect(changes).toMatchObject([{ from: state, path: [target], reason: 'marked', endAttempt: null, xcoms: [] }]);
        const nothing = { token: null, workerId: null, wakeAt: null, waitingSince: null, deferral: null };
        expect(view.instance(1)).toMatchObject({ state: target, startedAt: 3, endedAt: NOW, ...nothing });
      }
    }
  });

  it('ends the attempt under way as what it was marked', () => {
    const view = viewOf(tasks, { a: { state: 'queued', token: 't' } });
    markInstances(view, new Set([1]), 'skipped', NOW);
    const ended = { state: 'skipped', endedAt: NOW, reason: 'marked', error: null };
    expect(view.drain(USER, undefined)?.changes).toMatchObject([{ expectedToken: 't', endAttempt: ended, next: { token: null } }]);
  });

  it('keeps the end of what had ended, and makes one up where there is none', () => {
    const endedAt = (before: Partial<TaskInstance>): number | null => {
      const view = viewOf(tasks, { a: before });
      markInstances(view, [1], 'success', NOW);
      return view.instance(1).endedAt;
    };
    expect(endedAt({ state: 'failed', endedAt: 8 })).toBe(8);
    expect(endedAt({ state: 'upstream_failed', endedAt: null })).toBe(NOW);
    expect(endedAt({ state: 'up_for_retry', endedAt: 8 })).toBe(NOW);
  });

  it('pitfall 67: of a failure with its descendants clears them again in the same commit', () => {
    const run = dagRun({ state: 'failed', endedAt: 9 });
    const taskInstances = tasks.map(({ taskId }, index) => taskInstance(index + 1, taskId, { state: 'success' }));
    const options = {
      task: { taskId: 'a', mapIndexes: null },
      relatives: { downstream: true },
      target: 'failed',
      marks: true,
      resumes: true,
    } as const;
    const plan = planMark({ run, spec: dagSpec(tasks), taskInstances, previous: null }, options, USER, NOW);
    expect(plan.marked.map(({ taskId }) => taskId)).toEqual(['a', 'b', 'c']);
    expect(plan.cleared.map(({ taskId, state }) => `${taskId} ${state}`)).toEqual(['b success', 'c success']);
    expect(plan.commit?.changes.map(({ from, path }) => [from, ...path])).toEqual([
      ['success', 'failed'],
      ['success', 'failed', 'none'],
      ['success', 'failed', 'none'],
    ]);
    expect(plan.commit?.run).toMatchObject({ from: 'failed', path: ['queued'] });
  });
});

describe('marking a run', () => {
  const tasks = [
    taskSpec('s', { role: 'setup' }),
    taskSpec('w', { upstream: ['s'] }),
    taskSpec('m', { upstream: ['w'], map: { kind: 'each', sources: [{ kind: 'value', value: [1] }] } }),
    taskSpec('td', { role: 'teardown', upstream: ['s', 'm'] }),
  ];
  const teardown = (state: TaskInstance['state']) => ({ td: { state } });

  it.each(['success', 'failed'] as const)('%s ends what has begun and skips what has not', (target) => {
    const view = viewOf(tasks, { s: { state: 'success' }, w: { state: 'running', token: 't' }, ...teardown('success') });
    expect(markRun(view, target, NOW)).toEqual([2, 3]);
    expect(statesOf(view)).toEqual({ s: 'success', w: target, m: 'skipped', td: 'success' });
    expect(view.run).toMatchObject({ state: target, endedAt: NOW });
  });

  it('waits for a teardown that has to clean up', () => {
    const view = viewOf(tasks, { s: { state: 'success' }, w: { state: 'deferred' }, ...teardown('none') });
    markRun(view, 'failed', NOW);
    expect(statesOf(view)).toEqual({ s: 'success', w: 'failed', m: 'skipped', td: 'none' });
    expect(view.run.state).toBe('running');
  });

  it('takes a partial run to any end, keeping when it ended', () => {
    const done = { s: { state: 'success' }, w: { state: 'failed' }, m: { state: 'success' }, td: { state: 'success' } } as const;
    for (const target of ['success', 'failed'] as const) {
      const view = viewOf(tasks, done, { run: { state: 'partial', endedAt: 7 } });
      expect(markRun(view, target, NOW)).toEqual([]);
      expect(view.run).toMatchObject({ state: target, endedAt: 7 });
    }
  });

  it('queued has it looked at again from its start, and clears nothing', () => {
    const view = viewOf(tasks, { s: { state: 'success' } }, { run: { state: 'failed', startedAt: 1, endedAt: 7, clearNumber: 2 } });
    expect(markRun(view, 'queued', NOW)).toEqual([]);
    expect(view.run).toMatchObject({ state: 'queued', queuedAt: NOW, startedAt: null, endedAt: null, clearNumber: 2 });
    expect(statesOf(view)['s']).toBe('success');
  });

  it('takes all copies of a task of which one has begun, whatever they are in', () => {
    const copies = (['success', 'removed', 'running', 'none', 'failed'] as const).map((state, index) =>
      taskInstance(index + 1, 'm', { mapIndex: index, state, token: state === 'running' ? 't' : null }),
    );
    const view = RunView.from({ run: dagRun(), spec: dagSpec([taskSpec('m')]), taskInstances: copies, previous: null });
    expect(markRun(view, 'failed', NOW)).toEqual([1, 2, 3, 4]);
    expect(view.instances('m').map(({ state }) => state)).toEqual(['failed', 'failed', 'failed', 'failed', 'failed']);
  });

  it('leaves removed tasks alone', () => {
    const view = viewOf(tasks, { m: { state: 'removed' }, w: { state: 'running', token: 't' }, ...teardown('success') });
    markRun(view, 'failed', NOW);
    expect(statesOf(view)['m']).toBe('removed');
  });
});

describe('another version', () => {
  const map = { kind: 'each', sources: [{ kind: 'value', value: [1, 2] }] } as const;
  const snapshot = (spec: DagSpec, rows: readonly Partial<TaskInstance>[]): DagRunSnapshot => ({
    run: dagRun({ state: 'success', endedAt: 9, versionId: 1 }),
    spec,
    taskInstances: rows.map((row, index) => taskInstance(index + 1, row.taskId ?? 'a', { ...row, dagRunId: 1 })),
    previous: null,
  });

  it('pitfall 62: removes what is gone without losing its history, restores what is back, and adds what is new', () => {
    const before = snapshot(dagSpec([taskSpec('a'), taskSpec('gone'), taskSpec('left')]), [
      { taskId: 'a', state: 'success', tryNumber: 1 },
      { taskId: 'gone', state: 'failed', tryNumber: 2, endedAt: 5 },
      { taskId: 'left', state: 'removed' },
      { taskId: 'back', state: 'removed' },
    ]);
    const adopted = adoptVersion(before, dagSpec([taskSpec('a'), taskSpec('back'), taskSpec('new', { retries: 1 })]), NOW);
    expect(adopted.snapshot.taskInstances.map(({ taskId }) => taskId)).toEqual(['a', 'back']);
    expect(adopted.removed.map(({ change }) => change)).toMatchObject([
      { from: 'failed', path: ['removed'], next: { tryNumber: 2, endedAt: 5 }, reason: 'task_removed', endAttempt: null },
    ]);
    expect(adopted.restored.map(({ taskId }) => taskId)).toEqual(['back']);
    expect(adopted.insertions.map(({ row }) => [row.taskId, row.mapIndex, row.maxTries])).toEqual([['new', -1, 2]]);
  });

  it.each(['running', 'queued'] as const)('stops a %s one whose task is gone', (state) => {
    const before = snapshot(dagSpec([taskSpec('gone')]), [{ taskId: 'gone', state, token: 't', workerId: 'w' }]);
    const [removed] = adoptVersion(before, dagSpec([taskSpec('a')]), NOW).removed;
    expect(removed?.change).toMatchObject({
      expectedToken: 't',
      path: ['none', 'removed'],
      endAttempt: { state: 'cleared' },
      next: { token: null, workerId: null, endedAt: NOW },
    });
  });

  it('starts a task anew that became mapped, and makes one of several that no longer is', () => {
    const before = snapshot(dagSpec([taskSpec('a'), taskSpec('b', { map })]), [
      { taskId: 'a', state: 'success', tryNumber: 1 },
      { taskId: 'b', mapIndex: 0, state: 'success' },
      { taskId: 'b', mapIndex: 1, state: 'success' },
    ]);
    const version = { id: 2, spec: dagSpec([taskSpec('a', { map }), taskSpec('b')]) };
    const plan = planRerun(before, { selection: { tasks: null, onlyFailed: true }, version, resetRun: true }, USER, NOW);
    expect(plan).toEqual({ commit: null, effects: [] });
    const whole = planRerun(before, { selection: null, version, resetRun: true }, USER, NOW);
    expect(whole.effects.map(({ effect, taskId, mapIndex }) => `${effect} ${taskId} ${mapIndex}`)).toEqual([
      'clear a -1',
      'remove b 0',
      'remove b 1',
      'add b -1',
    ]);
    expect(whole.commit?.run).toMatchObject({ versionId: 2, path: ['queued'], clearNumber: 1 });
    expect(whole.commit?.changes.map(({ next }) => next.state)).toEqual(['none', 'removed', 'removed']);
  });

  it('is taken up by a run that stays finished, when told so', () => {
    const before = snapshot(dagSpec([taskSpec('a')]), [{ taskId: 'a', state: 'failed' }]);
    const version = { id: 2, spec: dagSpec([taskSpec('a', { doc: 'mended' })]) };
    const plan = planRerun(before, { selection: { tasks: null }, version, resetRun: false }, USER, NOW);
    expect(plan.commit?.run).toMatchObject({ from: 'success', path: [], versionId: 2, clearNumber: 0 });
    expect(plan.commit?.changes).toMatchObject([{ path: ['none'] }]);
  });

  it('adds no task outside whose dates the run lies', () => {
    const before = { ...snapshot(dagSpec([taskSpec('a')]), [{ taskId: 'a' }]) };
    const later = dagSpec([taskSpec('a'), taskSpec('later', { startDate: 10 })]);
    const scheduled = { ...before, run: { ...before.run, runType: 'scheduled' as const, logicalDate: 5 } };
    expect(adoptVersion(scheduled, later, NOW).insertions).toEqual([]);
  });
});
