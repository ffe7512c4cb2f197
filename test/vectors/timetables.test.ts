import { describe, expect, it } from '@jest/globals';
import { timetableAnswer, type TimetableCase } from './timetable-answers.js';
import { runVectors } from './vector-file.js';

const FILES = [
  'cron-data-interval',
  'cron-trigger',
  'multiple-cron-trigger',
  'delta-data-interval',
  'delta-trigger',
  'events',
  'simple',
  'asset-or-time',
];

describe('timetables answer as Airflow 3.3.2 does', () => {
  it.each(FILES)('%s', (name) => {
    const failures = runVectors<TimetableCase>({ path: `time/${name}.json`, answer: timetableAnswer });
    expect(failures).toEqual([]);
  });
});
