import { expect, it } from '@jest/globals';
import { endsWithLastTask, refusesRunIdText, writesSchedules } from './time-differences.js';

const CRON = { timetable: 'CronTrigger', periodic: true, canBeScheduled: true, activeRunsLimit: null };
const REFUSED = { rejected: true };

it.each([
  ['a span', '1d', REFUSED, CRON, true],
  ['a preset in capitals', '@ONCE', REFUSED, CRON, true],
  ['a preset that nobody knows', '@reboot', REFUSED, CRON, false],
  ['an expression that no date matches', '0 0 31 2 *', CRON, REFUSED, true],
  ['an expression that a date matches', '0 0 29 2 *', CRON, REFUSED, false],
  ['blanks around it', ' 0 0 * * * ', { ...CRON, cron: ' 0 0 * * * ' }, { ...CRON, cron: '0 0 * * *' }, true],
  ['blanks around it, and another answer', ' 0 0 * * * ', { ...CRON, cron: ' 0 0 * * * ' }, { ...CRON, cron: '1 0 * * *' }, false],
  ['a span with a negative part', { months: 1, days: -1 }, CRON, REFUSED, true],
  ['a span below a second', { seconds: 0.5 }, CRON, REFUSED, true],
  ['a span', { days: 1 }, CRON, REFUSED, false],
  ['no schedule', null, CRON, REFUSED, false],
])('the rule about what is written as a schedule: %s (%j)', (_what, schedule, expected, ours, applies) => {
  expect(writesSchedules({ id: 'x', op: 'schedule', schedule, expected }, ours)).toBe(applies);
});

it.each([
  ['tasks that end before the DAG', {}, true],
  ['one of the tasks without an end', { tasks: [{ endDate: '2026-01-03T00:00:00Z' }, {}] }, false],
  ['a task that ends with the DAG', { tasks: [{ endDate: '2026-02-01T00:00:00Z' }] }, false],
  ['no task', { tasks: [] }, false],
  ['a DAG without an end', { endDate: null }, false],
])('the rule about the end of the last task: %s', (_what, change, applies) => {
  const dag = { endDate: '2026-02-01T00:00:00Z', tasks: [{ endDate: '2026-01-03T00:00:00Z' }], ...change };
  const run = (day: number) => [`2026-01-0${day}`, `2026-01-0${day}`, `2026-01-0${day}`];
  const testCase = { id: 'x', op: 'materialise', dag, expected: { runs: [run(1), run(2), run(3)], planned: null } };
  expect(endsWithLastTask(testCase, { runs: [run(1), run(2)], planned: null })).toBe(applies);
  expect(endsWithLastTask(testCase, { runs: [run(4)], planned: null })).toBe(false);
  const ticks = { id: 'x', op: 'ticks', dag, expected: [{ created: [run(1)] }, { created: [run(2)] }] };
  expect(endsWithLastTask(ticks, [{ created: [run(1)] }, { created: [] }])).toBe(applies);
});

it.each([
  ['x'.repeat(251), 'validate', 'pattern', true],
  ['run\n', 'validate', 'pattern', true],
  ['x'.repeat(250), 'validate', 'pattern', false],
  ['a run', 'validate', 'pattern', false],
  ['run\n', 'infer', 'pattern', false],
  ['run\n', 'validate', 'doubleDot', false],
])('the rule about run ids: %j in %s, refused for %s', (runId, op, reason, applies) => {
  expect(refusesRunIdText({ id: 'x', op, runId }, { accepted: false, reason })).toBe(applies);
});
