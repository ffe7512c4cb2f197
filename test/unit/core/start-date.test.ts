import { expect, it } from '@jest/globals';
import { needsStartDate } from '../../../src/core/timetable/start-date.js';
import type { Catchup, ScheduleSpec, TimeScheduleSpec } from '../../../src/model/dag-spec.js';

const cron = { kind: 'cron', expression: '0 0 * * *', text: '@daily' } as const;
const trigger = {
  kind: 'cronTrigger',
  expressions: ['0 0 * * *'],
  intervalMs: 0,
  runImmediately: false,
  text: '@daily',
} as const;
const span = { months: 0, ms: 3_600_000 };
const condition = { kind: 'asset', asset: { name: 'a', uri: 'a', group: 'asset', extra: {} } } as const;

const hybrid = (time: typeof cron | typeof trigger): ScheduleSpec => ({
  kind: 'hybrid',
  time,
  file: 'in/{{ ds }}',
  settleMs: 0,
  waitForMs: 0,
  onTimeout: 'run',
  text: '',
});
const assetOrTime = (time: TimeScheduleSpec): ScheduleSpec => ({ kind: 'assetOrTime', time, condition, text: '' });

const SCHEDULES: Readonly<Record<string, ScheduleSpec>> = {
  'no schedule': { kind: 'none' },
  'a timetable of a plugin': { kind: 'custom', name: 'c', args: null, text: 'c' },
  'new files': { kind: 'fileWatch', pattern: 'in/*', settleMs: 0, existing: 'run', rewritten: 'run', text: '' },
  'data intervals': cron,
  spans: { kind: 'delta', span, text: '1h' },
  '@once': { kind: 'once' },
  '@continuous': { kind: 'continuous', text: '@continuous' },
  'data intervals with files': hybrid(cron),
  'assets or data intervals': assetOrTime(cron),
  fires: trigger,
  'spans between points in time': { kind: 'deltaTrigger', span, intervalMs: 0, text: '1h' },
  events: { kind: 'events', dates: [], restrictToEvents: false, text: '' },
  'fires with files': hybrid(trigger),
  assets: { kind: 'assets', condition, text: 'a' },
  'assets or fires': assetOrTime(trigger),
};

const NEVER: readonly Catchup[] = [];
const ALWAYS: readonly Catchup[] = [true, false, 'latest', { last: 2 }];
const WITH_CATCHUP: readonly Catchup[] = [true];

it.each([
  ['no schedule', NEVER],
  ['a timetable of a plugin', NEVER],
  ['new files', NEVER],
  ['data intervals', ALWAYS],
  ['spans', ALWAYS],
  ['@once', ALWAYS],
  ['@continuous', ALWAYS],
  ['data intervals with files', ALWAYS],
  ['assets or data intervals', ALWAYS],
  ['fires', WITH_CATCHUP],
  ['spans between points in time', WITH_CATCHUP],
  ['events', WITH_CATCHUP],
  ['fires with files', WITH_CATCHUP],
  ['assets', WITH_CATCHUP],
  ['assets or fires', WITH_CATCHUP],
])('a start date: %s need one with catchup %j', (name, needing) => {
  const asking = ALWAYS.filter((catchup) => needsStartDate(SCHEDULES[name] as ScheduleSpec, catchup));
  expect(asking).toEqual(needing);
});
