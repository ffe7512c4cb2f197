/** What a callback is told, from what was stored when it was decided. */
import type { CallbackAssignment } from '../../model/callback.js';
import type { RunContext } from '../../model/workload.js';
import type { DagCallbackContext, TaskCallbackContext } from '../../sdk/callback.js';
import { decodedParams } from '../attempt/attempt-templates.js';
import type { AttemptWork } from '../attempt/run-attempt.js';

/** A callback as it travels to the author's code. */
export type CallbackWork = Pick<CallbackAssignment, 'request' | 'callNumber' | 'run'>;

/** For a callback that a commit has decided. */
export function callbackContext({ request, callNumber, run }: CallbackWork): TaskCallbackContext | DagCallbackContext {
  const { key: callbackId, event, task, state, error, reason } = request;
  const told = { ...runFacts(run), callbackId, callNumber, event, state, reason };
  return (task ? { ...told, ...task, error } : told) as TaskCallbackContext | DagCallbackContext;
}

/** For `onExecute`, which an attempt calls before its task. */
export function executeContext({ key, run, token, tryNumber, maxTries }: AttemptWork): TaskCallbackContext {
  return {
    ...runFacts(run),
    callbackId: `${token}/execute`,
    callNumber: 1,
    event: 'execute',
    taskId: key.taskId,
    mapIndex: key.mapIndex,
    tryNumber,
    maxTries,
    state: 'running',
    error: null,
    reason: null,
  };
}

function runFacts({ dagId, runId, runType, logicalDate, dataInterval, params, conf }: RunContext) {
  return {
    dagId,
    runId,
    runType,
    logicalDate: logicalDate === null ? null : new Date(logicalDate),
    dataInterval: dataInterval && { start: new Date(dataInterval.start), end: new Date(dataInterval.end) },
    params: decodedParams(params),
    conf,
  };
}
