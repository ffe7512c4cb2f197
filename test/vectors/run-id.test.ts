import { expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { checkGivenRunId, runIdFor, runTypeOf } from '../../src/core/dag-run/run-id.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import type { RunType } from '../../src/model/states.js';
import { runVectors, type VectorCase } from './vector-file.js';
import { instantOf, type VectorInstant } from './vector-timetable.js';

interface RunIdCase extends VectorCase {
  readonly op: 'generate' | 'timetableGenerate' | 'infer' | 'validate';
  readonly runType: RunType;
  readonly runAfter: VectorInstant;
  readonly logicalDate: VectorInstant | null;
  readonly runId: string;
}

it('run ids are those of Airflow 3.3.2', () => {
  const failures = runVectors<RunIdCase>({
    path: 'time/run-id.json',
    answer(testCase) {
      const { op, runType, runId } = testCase;
      switch (op) {
        case 'generate':
          return { runId: runIdFor(runType, instantOf(testCase.runAfter), testCase.logicalDate === null ? 'x7Kp20aZ' : null) };
        case 'timetableGenerate':
          return { runId: runIdFor(runType, instantOf(testCase.runAfter)) };
        case 'infer':
          return { runType: runTypeOf(runId) };
        case 'validate':
          return validation(runId, runType);
      }
    },
    agrees(actual, expected) {
      const { pattern } = expected as { readonly pattern?: string };
      if (pattern === undefined) return isDeepStrictEqual(actual, expected);
      return new RegExp(pattern).test((actual as { readonly runId: string }).runId);
    },
  });
  expect(failures).toEqual([]);
});

function validation(runId: string, runType: RunType): unknown {
  try {
    checkGivenRunId(runId, runType, 'runId');
    return { accepted: true };
  } catch (error) {
    if (!isAirflowLikeError(error)) throw error;
    const reason = error.message.includes('belongs to runs')
      ? 'reservedPrefix'
      : error.message.includes('cannot have two dots')
        ? 'doubleDot'
        : 'pattern';
    return { accepted: false, reason };
  }
}
