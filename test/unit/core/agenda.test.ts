import { describe, expect, it } from '@jest/globals';
import fc from '../../support/fast-check.js';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { dueAt } from '../../../src/core/task-instance/schedule.js';
import type { RunView } from '../../../src/core/dag-run/run-view.js';
import type { MapSpec } from '../../../src/model/dag-spec.js';
import { statesOf, taskInstance, taskSpec, viewOf } from './factories.js';

describe('instances that wait for time', () => {
  const waiting = (wakes: readonly number[]): RunView =>
    viewOf(
      wakes.map((_wake, index) => taskSpec(`t${index}`)),
      Object.fromEntries(wakes.map((wakeAt, index) => [`t${index}`, { state: 'up_for_reschedule', wakeAt } as const])),
    );

  it('come in the order of their times, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 30 }), (wakes) => {
        const view = waiting(wakes);
        const seen: number[] = [];
        for (let next = view.agenda.nextWakeAt(); next !== null; next = view.agenda.nextWakeAt()) {
          const due = view.agenda.takeDue(next);
          expect(due.map(dueAt)).toEqual(due.map(() => next));
          seen.push(...due.map(dueAt));
        }
        expect(seen).toEqual([...wakes].sort((a, b) => a - b));
      }),
    );
  });

  it('are forgotten when they stop waiting, and found again when they wait for another time', () => {
    const view = waiting([5, 9]);
    view.transition(1, 'skip', { wakeAt: null });
    expect(view.agenda.nextWakeAt()).toBe(9);
    view.transition(2, 'schedule', { wakeAt: null });
    view.transition(2, 'queue');
    view.transition(2, 'start');
    view.transition(2, 'reschedule', { wakeAt: 7 });
    expect(view.agenda.nextWakeAt()).toBe(7);
    expect([...view.agenda.waiting()].map(({ id }) => id)).toEqual([2]);
  });
});

describe('what a pass looks at', () => {
  const chain = [taskSpec('a'), taskSpec('b', { upstream: ['a'] }), taskSpec('c', { upstream: ['b'] })];

  it('goes down the graph round by round, and says when it was cut short', () => {
    const view = viewOf(chain, { a: { state: 'skipped' } });
    const options = { maxMapLength: 10, maxRounds: 1 };
    expect(planRun(view, 5, options)).toEqual({ wakeAt: 5 });
    expect(statesOf(view)).toEqual({ a: 'skipped', b: 'skipped', c: 'none' });
    planRun(view, 6, options);
    expect(statesOf(view)).toEqual({ a: 'skipped', b: 'skipped', c: 'skipped' });
    expect(view.run.state).toBe('running');
    planRun(view, 7, options);
    expect(view.run.state).toBe('success');
  });

  it('is only the neighbours of what changed: children, tasks below a setup, teardowns, tasks mapped over it', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('w', { upstream: ['s'] }),
      taskSpec('far', { upstream: ['w'] }),
      taskSpec('td', { upstream: ['far', 's'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
      taskSpec('beside'),
    ];
    const view = viewOf(tasks, { s: { state: 'running', token: 't' }, beside: { state: 'running', token: 'u' } });
    planRun(view, 1);
    expect(view.agenda.taskIds()).toEqual([]);
    view.transition(1, 'succeed', { token: null });
    expect([...view.agenda.taskIds()].sort()).toEqual(['far', 'td', 'w']);
    view.agenda.take();
    view.transition(2, 'skip');
    expect([...view.agenda.taskIds()].sort()).toEqual(['far', 'td']);
  });

  it('is one copy where both tasks are in the same mapped group, and nothing of what else is there', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'src' }] };
    const groups = [{ groupId: 'g', parentId: null, map }];
    const tasks = [
      taskSpec('src'),
      taskSpec('p', { upstream: ['src'], groupId: 'g' }),
      taskSpec('q', { upstream: ['p'], groupId: 'g' }),
    ];
    const copies = [0, 1, 2].flatMap((mapIndex) => [
      taskInstance(10 + mapIndex, 'p', { mapIndex, state: 'running' }),
      taskInstance(20 + mapIndex, 'q', { mapIndex }),
    ]);
    const taskInstances = [taskInstance(1, 'src', { state: 'success', outputLength: 3 }), ...copies];
    for (const mapIndex of [0, 2]) {
      const view = viewOf(tasks, {}, { spec: { groups }, snapshot: { taskInstances } });
      planRun(view, 1);
      view.transition(10 + mapIndex, 'succeed');
      const { isDirty, dirtySlots } = view.node('q');
      expect([isDirty, [...dirtySlots].map(({ instance }) => instance.mapIndex)]).toEqual([false, [mapIndex]]);
      planRun(view, 2);
      expect(view.instances('q').map(({ state }) => state)).toEqual(
        [0, 1, 2].map((index) => (index === mapIndex ? 'scheduled' : 'none')),
      );
    }
  });

  it('leaves alone a copy that somebody marked before its turn came', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] };
    const groups = [{ groupId: 'g', parentId: null, map }];
    const tasks = [taskSpec('p', { groupId: 'g' }), taskSpec('q', { upstream: ['p'], groupId: 'g' })];
    const taskInstances = [0, 1].flatMap((mapIndex) => [
      taskInstance(10 + mapIndex, 'p', { mapIndex, state: 'running' }),
      taskInstance(20 + mapIndex, 'q', { mapIndex }),
    ]);
    const view = viewOf(tasks, {}, { spec: { groups }, snapshot: { taskInstances } });
    planRun(view, 1);
    view.transition(10, 'succeed');
    view.transition(20, 'override', { state: 'skipped' });
    planRun(view, 2);
    expect(view.instances('q').map(({ state }) => state)).toEqual(['skipped', 'none']);
  });

  it('is every copy where tasks are mapped for themselves', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] };
    const tasks = [taskSpec('a', { map }), taskSpec('b', { upstream: ['a'], map })];
    const taskInstances = [0, 1].flatMap((mapIndex) => [
      taskInstance(10 + mapIndex, 'a', { mapIndex, state: 'running' }),
      taskInstance(20 + mapIndex, 'b', { mapIndex }),
    ]);
    const view = viewOf(tasks, {}, { snapshot: { taskInstances } });
    planRun(view, 1);
    view.transition(10, 'succeed');
    planRun(view, 2);
    view.transition(11, 'succeed');
    planRun(view, 3);
    expect(view.instances('b').map(({ state }) => state)).toEqual(['scheduled', 'scheduled']);
  });
});
