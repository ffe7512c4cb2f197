import { describe, expect, it } from '@jest/globals';
import { queueInstance, startInstance } from '../../../src/core/queueing/dispatch.js';
import { settleAttempt } from '../../../src/core/task-instance/settle-attempt.js';
import type { Actor, RunCommit } from '../../../src/model/commit.js';
import { accepted, SCHEDULER, taskInstance, taskSpec, USER, viewOf } from './factories.js';

/** May take any transition. */
const USER_OF_TESTS: Actor = { kind: 'test', id: 'test' };
const CHAIN = [taskSpec('a'), taskSpec('b', { upstream: ['a'] }), taskSpec('c', { upstream: ['b'] })];

describe('RunView', () => {
  it('merges the steps of one instance into one guarded change', () => {
    const view = viewOf(CHAIN);
    view.transition(1, 'schedule', { tryNumber: 1 });
    queueInstance(view, 1, 'token-1', 10);
    startInstance(view, 1, 'worker', 10);
    const commit = view.drain(SCHEDULER, null) as RunCommit;
    expect(commit.changes).toHaveLength(1);
    expect(commit.changes[0]).toMatchObject({
      taskInstanceId: 1,
      from: 'none',
      expectedToken: null,
      path: ['scheduled', 'queued', 'running'],
      next: { state: 'running', token: 'token-1', workerId: 'worker', startedAt: 10, tryNumber: 1 },
      openAttempt: { dispatchNumber: 1, startedAt: 10, workerId: 'worker' },
      endAttempt: null,
    });
    expect(commit).toMatchObject({ dagRunId: 1, expectedRevision: 1, planAt: null, run: null, wakeNextRun: false });
  });

  it('guards the next change by what the last one left', () => {
    const view = viewOf(CHAIN);
    view.transition(1, 'schedule');
    queueInstance(view, 1, 'token-1', 10);
    startInstance(view, 1, 'worker', 10);
    view.committed(accepted(view.drain(SCHEDULER, null) as RunCommit, 2));
    settleAttempt(view, 1, { kind: 'success', output: { value: [1, 2], length: 2 } }, 20, 20);
    const commit = view.drain(SCHEDULER, undefined) as RunCommit;
    expect(commit.expectedRevision).toBe(2);
    expect(commit.changes[0]).toMatchObject({
      from: 'running',
      expectedToken: 'token-1',
      path: ['success'],
      next: { token: null, endedAt: 20, outputLength: 2 },
      endAttempt: { state: 'success', endedAt: 20 },
      xcoms: [{ key: 'return_value', value: [1, 2] }],
    });
  });

  it('never opens an attempt in the store that began and ended between two drains', () => {
    const view = viewOf(CHAIN, { a: { state: 'scheduled', tryNumber: 1 } });
    queueInstance(view, 1, 'token-1', 10);
    settleAttempt(view, 1, { kind: 'lost', reason: 'stuck_in_queue' }, 11, 11);
    const [change] = (view.drain(SCHEDULER, undefined) as RunCommit).changes;
    expect(change).toMatchObject({ path: ['queued', 'scheduled'], openAttempt: null, endAttempt: null, next: { token: null } });
  });

  it('drains nothing twice, and nothing at all when nothing changed', () => {
    const view = viewOf(CHAIN);
    expect(view.drain(SCHEDULER, undefined)).toBeNull();
    expect(view.drain(SCHEDULER, 5)).toMatchObject({ planAt: 5, changes: [] });
    expect(() => view.drain(SCHEDULER, 5)).toThrow('drained twice without a commit');
  });

  it('refuses transitions outside the table and by the wrong actor', () => {
    const view = viewOf(CHAIN);
    expect(() => view.transition(1, 'start')).toThrow('the transition "start" is not allowed in state "none"');
    expect(() => view.transition(99, 'schedule')).toThrow('no such task instance');
    view.transition(1, 'schedule');
    expect(() => view.drain(USER, undefined)).toThrow('a user may not take the transition "schedule"');
    const cleared = viewOf(CHAIN, { a: { state: 'success' } });
    cleared.transition(1, 'clear');
    expect(() => cleared.drain(SCHEDULER, undefined)).toThrow('a scheduler may not take the transition "clear"');
  });

  it('marks exactly the children of what ended as dirty', () => {
    const view = viewOf(CHAIN, { a: { state: 'running' } });
    expect(view.agenda.taskIds()).toEqual(['a', 'b', 'c']);
    view.agenda.take();
    view.transition(1, 'succeed');
    expect(view.agenda.taskIds()).toEqual(['b']);
    expect(view.unfinishedCount).toBe(2);
    expect(view.counts).toMatchObject({ success: 1, none: 2 });
  });

  it('knows what is ready and what occupies slots', () => {
    const view = viewOf(CHAIN, { b: { state: 'queued' }, c: { state: 'running' } });
    expect([...view.ready()]).toEqual([]);
    expect(view.occupiedSlots).toBe(2);
    view.transition(1, 'schedule');
    expect([...view.ready()].map((instance) => instance.id)).toEqual([1]);
  });

  it('gives inserted copies negative ids until they are stored', () => {
    const view = viewOf([taskSpec('m', { retries: 2, pool: 'p' })], { m: { pool: 'p', mapIndex: 0, tryNumber: 3 } });
    const copies = view.insertCopies(view.instance(1), [1, 2]);
    expect(copies.map((copy) => copy.id)).toEqual([-1, -2]);
    expect(copies[0]).toMatchObject({ state: 'none', mapIndex: 1, tryNumber: 0, maxTries: 3, pool: 'p' });
    view.transition(-1, 'schedule');
    expect([...view.ready()]).toEqual([]);
    expect(() => queueInstance(view, -1, 'token', 1)).toThrow('not stored yet');
    const commit = view.drain(SCHEDULER, undefined) as RunCommit;
    expect(commit.insertions.map(({ row, path }) => [row.mapIndex, path])).toEqual([
      [1, ['scheduled']],
      [2, []],
    ]);
    expect(() => view.transition(-2, 'schedule')).toThrow('not stored yet');
    expect(view.committed(accepted(commit, 2, 500))).toEqual([]);
    expect([...view.ready()].map((instance) => instance.id)).toEqual([500]);
    expect(view.instances('m').map((instance) => instance.id)).toEqual([1, 500, 501]);
    expect(view.outdated).toBe(false);
  });

  it('says when the store knew better', () => {
    const stale = viewOf(CHAIN);
    stale.transition(1, 'schedule');
    const commit = stale.drain(SCHEDULER, undefined) as RunCommit;
    expect(stale.committed({ ...accepted(commit, 2), staleTaskInstances: [7, 1] })).toEqual([1]);
    expect(stale.outdated).toBe(true);

    const staleRun = viewOf(CHAIN);
    staleRun.drain(SCHEDULER, 1);
    expect(staleRun.committed({ staleRuns: [1], staleTaskInstances: [], revisions: new Map(), inserted: [] })).toEqual([]);
    expect(staleRun.outdated).toBe(true);

    const inserting = viewOf([taskSpec('m')], { m: { mapIndex: 0 } });
    inserting.insertCopies(inserting.instance(1), [1]);
    const insertion = inserting.drain(SCHEDULER, undefined) as RunCommit;
    inserting.committed({ ...accepted(insertion, 2), inserted: [] });
    expect(inserting.outdated).toBe(true);
  });

  it('says which run it is about, and what that run does not have', () => {
    const view = viewOf(CHAIN, {}, { run: { dagId: 'd', runId: 'mine', revision: 4 } });
    expect(view.revision).toBe(4);
    expect(() => view.node('nowhere')).toThrow('INTERNAL: run d/mine: no such task in this run');
    expect(() => view.instance(99)).toThrow('INTERNAL: run d/mine: no such task instance in this run');
    expect([view.has(3), view.has(99)]).toEqual([true, false]);
    view.committed(accepted(view.drain(SCHEDULER, 5) as RunCommit, 5));
    expect([view.revision, view.run.revision]).toEqual([5, 5]);
  });

  it('has copies by map index, in whatever order they were stored', () => {
    const taskInstances = [2, 0, 3, 1].map((mapIndex, place) => taskInstance(place + 1, 'm', { mapIndex }));
    const view = viewOf([taskSpec('m')], {}, { snapshot: { taskInstances } });
    expect(view.instances('m').map(({ mapIndex }) => mapIndex)).toEqual([0, 1, 2, 3]);
  });

  it('leaves a row alone whose task its version does not have', () => {
    const taskInstances = [taskInstance(1, 'a', { state: 'success' }), taskInstance(2, 'gone')];
    const view = viewOf([taskSpec('a')], {}, { snapshot: { taskInstances } });
    expect([view.has(2), view.unfinishedCount]).toEqual([false, 0]);
  });

  it('keeps all values and asset events of what happened between two drains', () => {
    const view = viewOf(CHAIN, { a: { state: 'running', token: 't' } });
    const assets = { read: [], written: [] };
    view.transition(1, 'requeue', { state: 'scheduled' }, { xcoms: [{ key: 'early', value: 1 }] });
    view.transition(1, 'queue');
    view.transition(1, 'start');
    view.transition(1, 'succeed', {}, { xcoms: [{ key: 'late', value: 2 }], assets });
    view.transition(1, 'override', { state: 'failed' }, { reason: 'marked' });
    const [change] = (view.drain(USER_OF_TESTS, undefined) as RunCommit).changes;
    expect(change).toMatchObject({
      xcoms: [
        { key: 'early', value: 1 },
        { key: 'late', value: 2 },
      ],
      assets,
      reason: 'marked',
    });
  });

  it('drops values of before a dispatch that begins without them', () => {
    const view = viewOf(CHAIN, { a: { state: 'running', token: 't' } });
    view.transition(1, 'requeue', { state: 'scheduled' }, { xcoms: [{ key: 'early', value: 1 }] });
    view.transition(1, 'queue', {}, { clearXComs: true });
    expect(view.drain(USER_OF_TESTS, undefined)?.changes).toMatchObject([{ clearXComs: true, xcoms: [] }]);
  });

  it('says of the run only what happened since the last drain', () => {
    const view = viewOf(CHAIN, {}, { run: { state: 'queued' } });
    view.transitionRun('start', { startedAt: 5 }, null);
    const first = view.drain(SCHEDULER, undefined) as RunCommit;
    view.committed(accepted(first, 2));
    view.transitionRun('succeed', { endedAt: 9 }, null);
    const second = view.drain(SCHEDULER, undefined) as RunCommit;
    expect([first.run, second.run]).toMatchObject([
      { from: 'queued', path: ['running'], startedAt: 5 },
      { from: 'running', path: ['success'], endedAt: 9 },
    ]);
  });

  it('knows its own new rows among those of other runs in the same commit', () => {
    const view = viewOf([taskSpec('m')], { m: { mapIndex: 0 } });
    view.insertCopies(view.instance(1), [1]);
    const commit = view.drain(SCHEDULER, undefined) as RunCommit;
    const foreign = { id: 700, dagRunId: 2, taskId: 'm', mapIndex: 1 };
    const [own] = accepted(commit, 2, 500).inserted;
    for (const inserted of [
      [foreign, own!],
      [own!, foreign],
    ]) {
      const copy = viewOf([taskSpec('m')], { m: { mapIndex: 0 } });
      copy.insertCopies(copy.instance(1), [1]);
      copy.drain(SCHEDULER, undefined);
      copy.committed({ ...accepted(commit, 2), inserted });
      expect(copy.instances('m').map(({ id }) => id)).toEqual([1, 500]);
      expect([copy.outdated, copy.has(-1), copy.has(700)]).toEqual([false, false, false]);
    }
  });

  it('looks at what was cleared again, at what follows only when something ended or begins anew, and at nothing when no copy is new', () => {
    const view = viewOf(CHAIN, { c: { state: 'success' } });
    view.agenda.take();
    view.transition(1, 'schedule');
    view.transition(1, 'queue');
    view.transition(1, 'start');
    view.insertCopies(view.instance(1), []);
    expect(view.agenda.taskIds()).toEqual([]);
    view.transition(1, 'succeed');
    expect(view.agenda.taskIds()).toEqual(['b']);
    view.agenda.take();
    view.transition(3, 'clear');
    expect(view.agenda.taskIds()).toEqual(['c']);
    view.transition(1, 'clear');
    expect(view.agenda.taskIds()).toEqual(['c', 'a', 'b']);
  });

  it('wakes the next run only when a task that looks at the past ended', () => {
    const tasks = [taskSpec('a'), taskSpec('b', { upstream: ['a'], dependsOnPast: true })];
    const view = viewOf(tasks, { a: { state: 'running' }, b: { state: 'running' } });
    view.transition(1, 'succeed');
    const first = view.drain(SCHEDULER, undefined) as RunCommit;
    expect(first.wakeNextRun).toBe(false);
    view.committed(accepted(first, 2));
    view.transition(2, 'succeed');
    expect(view.drain(SCHEDULER, undefined)).toMatchObject({ wakeNextRun: true });
  });
});
