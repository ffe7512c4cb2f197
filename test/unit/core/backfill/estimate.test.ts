import { describe, expect, it } from '@jest/globals';
import { estimateMs } from '../../../../src/core/backfill/estimate.js';

describe('how long a backfill takes', () => {
  it.each<[string, number, number, readonly number[], number | null]>([
    ['nobody knows without a run that has ended', 5, 2, [], null],
    ['is the duration of the one run that has ended, for each run', 3, 1, [40], 120],
    ['goes by the median, whatever the order', 1, 1, [100, 8, 9], 9],
    ['goes by the longer of the two in the middle', 1, 1, [40, 10, 20, 30], 30],
    ['is shared by the runs that go on side by side', 4, 2, [10], 20],
    ['is in whole milliseconds', 2, 3, [10], 7],
    ['counts a run under way as half of one', 2.5, 1, [10], 25],
    ['is nothing when nothing is left to run', 0, 0, [10], 0],
  ])('%s', (_case, runs, lanes, durations, expected) => {
    expect(estimateMs(runs, lanes, Object.freeze([...durations]))).toBe(expected);
  });
});
