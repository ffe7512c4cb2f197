import type { NextRun } from '../../src/model/dag.js';
import type { VectorCase } from './vector-file.js';
import {
  instantOf,
  intervalOf,
  restrictionOfVector,
  textOf,
  timetableOf,
  type VectorInstant,
  type VectorRestriction,
  type VectorTimetable,
} from './vector-timetable.js';

export interface TimetableCase extends VectorCase {
  readonly op: 'next' | 'manual' | 'sequence';
  readonly timetable: VectorTimetable;
  readonly now: VectorInstant;
  readonly restriction: VectorRestriction;
  readonly last: { readonly start: VectorInstant; readonly end: VectorInstant } | null;
  readonly runAfter: VectorInstant;
  readonly count: number;
}

export function timetableAnswer(testCase: TimetableCase): unknown {
  const timetable = timetableOf(testCase.timetable);
  if (testCase.op === 'manual') {
    const { start, end } = timetable.inferManualInterval(instantOf(testCase.runAfter));
    return { dataIntervalStart: textOf(start), dataIntervalEnd: textOf(end) };
  }
  const restriction = restrictionOfVector(testCase.restriction);
  const now = instantOf(testCase.now);
  let last = intervalOf(testCase.last);
  if (testCase.op === 'next') return nextText(timetable.next(last, restriction, now));
  const runs: string[][] = [];
  while (runs.length < testCase.count) {
    const run = timetable.next(last, restriction, now);
    if (!run) break;
    runs.push([textOf(run.dataInterval.start), textOf(run.dataInterval.end), textOf(run.runAfter)]);
    last = run.dataInterval;
  }
  return runs;
}

function nextText(run: NextRun | null): unknown {
  if (!run) return null;
  const { start, end } = run.dataInterval;
  return {
    logicalDate: textOf(run.logicalDate),
    dataIntervalStart: textOf(start),
    dataIntervalEnd: textOf(end),
    runAfter: textOf(run.runAfter),
  };
}
