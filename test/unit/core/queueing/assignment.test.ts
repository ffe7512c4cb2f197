import { expect, it } from '@jest/globals';
import { assignmentOf, runContextOf } from '../../../../src/core/queueing/assignment.js';
import { dagRun, dagSpec, taskInstance, taskSpec } from '../factories.js';

const SPEC = dagSpec([taskSpec('a'), taskSpec('b')], {
  timezone: 'Europe/Berlin',
  params: { jsonSchema: {}, defaults: { day: 'mon', limit: 1 } },
});
const RUN = dagRun({ conf: { limit: 2 }, versionId: 7 });
const RUNNING = taskInstance(2, 'b', { state: 'running', token: 'token', startedAt: 0, tryNumber: 2, mapIndex: 3 });

it('says which task is to run, in which try, of which version', () => {
  expect(assignmentOf(RUNNING, RUN, SPEC)).toMatchObject({
    token: 'token',
    taskInstanceId: 2,
    dagRunId: RUN.id,
    key: { dagId: RUN.dagId, runId: RUN.runId, taskId: 'b', mapIndex: 3 },
    tryNumber: 2,
    startedAt: 0,
    instance: RUNNING,
    task: SPEC.tasks[1],
    versionId: 7,
  });
});

it('tells a task its params: the defaults, and over them what the run was started with', () => {
  expect(runContextOf(RUN, SPEC)).toMatchObject({
    params: { day: 'mon', limit: 2 },
    conf: { limit: 2 },
    timezone: 'Europe/Berlin',
  });
  expect(runContextOf(dagRun(), dagSpec([])).params).toEqual({});
});

it.each([
  ['has no token', { token: null }],
  ['has not been started', { startedAt: null }],
  ['is of a task that the version of its run does not have', { taskId: 'gone' }],
])('gives nothing for an instance that %s', (_title, changes) => {
  expect(assignmentOf({ ...RUNNING, ...changes }, RUN, SPEC)).toBeNull();
});
