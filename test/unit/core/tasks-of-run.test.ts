import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { tasksOfRun } from '../../../src/core/dag-run/tasks-of-run.js';
import { restrictionOf } from '../../../src/core/timetable/timetable.js';
import { dagRun, dagSpec, taskInstance, taskSpec, utc } from './factories.js';

const TASKS = [
  taskSpec('old', { endDate: utc('2026-01-05') }),
  taskSpec('new', { startDate: utc('2026-01-05'), upstream: ['old'] }),
  taskSpec('always', { upstream: ['new'] }),
];

describe('tasks with dates of their own', () => {
  const idsOf = (run: Parameters<typeof tasksOfRun>[1]) => tasksOfRun(dagSpec(TASKS), run).map(({ taskId }) => taskId);

  it.each<[string, string[]]>([
    ['2026-01-04', ['old', 'always']],
    ['2026-01-05', ['old', 'new', 'always']],
    ['2026-01-06', ['new', 'always']],
  ])('a run for %s has the tasks %j', (date, expected) => {
    expect(idsOf({ runType: 'scheduled', logicalDate: utc(date) })).toEqual(expected);
    expect(idsOf({ runType: 'manual', logicalDate: utc(date) })).toEqual(expected);
  });

  it('a backfill and a run without a logical date have all of them', () => {
    expect(idsOf({ runType: 'backfill', logicalDate: utc('2026-01-09') })).toEqual(['old', 'new', 'always']);
    expect(idsOf({ runType: 'manual', logicalDate: null })).toEqual(['old', 'new', 'always']);
  });

  it('what is left out of a run holds nobody up', () => {
    const run = dagRun({ runType: 'scheduled', logicalDate: utc('2026-01-04') });
    const taskInstances = [taskInstance(1, 'old', { state: 'success' }), taskInstance(2, 'always')];
    const view = RunView.from({ run, spec: dagSpec(TASKS), taskInstances, previous: null });
    planRun(view, 0);
    expect(view.instance(2).state).toBe('scheduled');
  });

  it('those that are part of a run hold up what follows them as ever', () => {
    const run = dagRun({ runType: 'scheduled', logicalDate: utc('2026-01-06') });
    const taskInstances = [taskInstance(1, 'new', { state: 'running' }), taskInstance(2, 'always')];
    const view = RunView.from({ run, spec: dagSpec(TASKS), taskInstances, previous: null });
    planRun(view, 0);
    expect(view.instance(2).state).toBe('none');
  });

  it('a task without a start date has always been there', () => {
    expect(idsOf({ runType: 'scheduled', logicalDate: utc('1969-12-31') })).toEqual(['old', 'always']);
  });
});

describe('the restriction of a timetable', () => {
  const january = (day: number) => utc(`2026-01-${String(day).padStart(2, '0')}`);
  const task = (start: number | null, end: number | null) =>
    taskSpec(`t${start}-${end}`, { startDate: start && january(start), endDate: end && january(end) });

  it.each<[string, [number | null, number | null], [number | null, number | null][], [number | null, number | null]]>([
    ['is the DAG’s without dates of tasks', [2, 9], [[null, null]], [2, 9]],
    ['begins no earlier than the DAG', [3, null], [[1, null]], [3, null]],
    ['begins with the DAG although all tasks start later', [3, null], [[5, null]], [3, null]],
    [
      'begins with the earliest task of a DAG without a start date',
      [null, null],
      [
        [5, null],
        [4, null],
        [null, null],
      ],
      [4, null],
    ],
    ['ends with the latest of tasks that all end', [1, null], [[null, 6], [null, 4]], [1, 6]], // prettier-ignore
    ['is open when one of them does not end', [1, null], [[null, 6], [null, null]], [1, null]], // prettier-ignore
    ['ends no later than the DAG', [1, 5], [[null, 6], [null, 4]], [1, 5]], // prettier-ignore
    ['ends with the DAG when one of them does not end', [1, 9], [[null, 6], [null, null]], [1, 9]], // prettier-ignore
    ['is the DAG’s without tasks', [1, 9], [], [1, 9]],
    ['is open without dates', [null, null], [[null, null]], [null, null]],
  ])('%s', (_name, [start, end], tasks, [earliest, latest]) => {
    const spec = dagSpec(
      tasks.map((dates) => task(...dates)),
      { startDate: start && january(start), endDate: end && january(end), catchup: true },
    );
    const expected = { earliest: earliest && january(earliest), latest: latest && january(latest), catchup: true };
    expect(restrictionOf(spec)).toEqual(expected);
    // It is worked out once.
    expect(restrictionOf(spec)).toBe(restrictionOf(spec));
  });
});
