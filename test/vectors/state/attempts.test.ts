import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { queueInstance, startInstance } from '../../../src/core/queueing/dispatch.js';
import { resumeDeferred } from '../../../src/core/task-instance/resume.js';
import { settleAttempt } from '../../../src/core/task-instance/settle-attempt.js';
import { runVectors } from '../vector-file.js';
import { attemptAnswer, attemptView, ENDED_AT, leftOutFor, recordedAttempt, reportOf, type AttemptCase } from './attempt-cases.js';

const PATH = 'state/07a_attempts.json';

it('07a_attempts, by the settlement alone', () => {
  const failures = runVectors<AttemptCase>({
    path: PATH,
    leftOut: leftOutFor,
    answer(testCase) {
      const view = attemptView(testCase);
      const report = reportOf(testCase);
      if (testCase.state === 'deferred' && report) {
        resumeDeferred(view, 1, { kind: 'error', message: 'boom' }, ENDED_AT);
        queueInstance(view, 1, randomUUID(), ENDED_AT);
        startInstance(view, 1, 'worker', ENDED_AT);
      }
      if (report) settleAttempt(view, 1, report, ENDED_AT, ENDED_AT);
      const change = view
        .drain({ kind: 'test', id: 'test' }, undefined)
        ?.changes.find(({ taskInstanceId }) => taskInstanceId === 1);
      return attemptAnswer(testCase, [...view.allInstances()], {
        ends: change?.endAttempt ? [change.endAttempt.state] : [],
        hasOutput: change?.xcoms.some(({ key }) => key === 'return_value') ?? false,
      });
    },
    expected: recordedAttempt,
  });
  expect(failures).toEqual([]);
});
