import { describe, expect, it } from '@jest/globals';
import type { RunView } from '../../../src/core/dag-run/run-view.js';
import { taskInstance, taskSpec, viewOf } from './factories.js';

const ready = (view: RunView): readonly string[] => [...view.ready()].map(({ taskId, mapIndex }) => `${taskId}${mapIndex}`);
const groups = (view: RunView): readonly string[] =>
  [...view.readyGroups()].map(({ taskId, priorityWeight, slots }) => {
    return `${taskId} ${priorityWeight}: ${slots.map(({ instance }) => instance.mapIndex).join(' ')}`;
  });
const schedule = (view: RunView, ids: readonly number[]): void => {
  for (const id of ids) view.transition(id, 'schedule');
};

describe('what is ready to run', () => {
  const weights = { a: 1, b: 5, c: 3, d: 9, e: 2 };
  const tasks = Object.keys(weights).map((taskId) => taskSpec(taskId));
  const states = Object.fromEntries(Object.entries(weights).map(([taskId, priorityWeight]) => [taskId, { priorityWeight }]));

  it.each([[[1, 2, 3, 4, 5]], [[5, 4, 3, 2, 1]], [[3, 1, 4, 5, 2]], [[4, 1, 2, 5, 3]]])(
    'comes heaviest first, whatever became ready first: %j',
    (order) => {
      const view = viewOf(tasks, states);
      schedule(view, order);
      expect(ready(view)).toEqual(['d-1', 'b-1', 'c-1', 'e-1', 'a-1']);
    },
  );

  it('is no more what was queued, and again what came back', () => {
    const view = viewOf(tasks, states);
    schedule(view, [1, 2, 3, 4, 5]);
    view.transition(4, 'queue');
    view.transition(3, 'queue');
    expect(ready(view)).toEqual(['b-1', 'e-1', 'a-1']);
    view.transition(4, 'requeue', { state: 'scheduled' });
    expect(ready(view)).toEqual(['d-1', 'b-1', 'e-1', 'a-1']);
    for (const id of [1, 2, 4, 5]) view.transition(id, 'queue');
    expect([ready(view), groups(view)]).toEqual([[], []]);
  });

  const copies = (count: number): RunView => {
    const rows = Array.from({ length: count }, (_, mapIndex) => taskInstance(mapIndex + 1, 'm', { mapIndex, priorityWeight: 4 }));
    const other = taskInstance(99, 'x', { priorityWeight: 4 });
    return viewOf([taskSpec('m'), taskSpec('x')], {}, { snapshot: { taskInstances: [...rows, other] } });
  };

  it('is by map index within a task, in whatever order the copies come and go', () => {
    const view = copies(7);
    schedule(view, [4, 1, 7, 2, 6, 3, 5]);
    expect(ready(view)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    view.transition(3, 'queue');
    expect(ready(view)).toEqual(['m0', 'm1', 'm3', 'm4', 'm5', 'm6']);
    view.transition(1, 'queue');
    view.transition(7, 'queue');
    expect(ready(view)).toEqual(['m1', 'm3', 'm4', 'm5']);
    view.transition(3, 'requeue', { state: 'scheduled' });
    expect(ready(view)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
  });

  it('is grouped by task and weight, without groups that are empty', () => {
    const view = copies(2);
    schedule(view, [2, 99, 1]);
    expect(groups(view)).toEqual(['m 4: 0 1', 'x 4: -1']);
    view.transition(1, 'queue');
    view.transition(2, 'queue');
    expect(groups(view)).toEqual(['x 4: -1']);
    view.transition(99, 'queue');
    expect(groups(view)).toEqual([]);
  });

  it('has copies that are not stored yet only by task: nobody may queue them', () => {
    const view = copies(1);
    view.insertCopies(view.instance(1), [1]);
    schedule(view, [1, -1]);
    expect(ready(view)).toEqual(['m0']);
    expect(groups(view)).toEqual(['m 4: 0 1']);
  });
});
