import type { TaskError } from '../../model/task-instance.js';
import type { RunnableDag } from '../attempt/load-dag.js';
import type { AttemptLog } from '../attempt/run-attempt.js';
import { describeThrown } from '../attempt/task-error.js';
import { callbackContext, type CallbackWork } from './callback-context.js';

/**
 * Makes one call of an author's callback. Shared by the runner's threads and tests in memory.
 * @param loadDag Gives the DAG; what it throws fails the call.
 * @returns Why it failed; null when it did not. Never rejects.
 */
export async function runCallback(
  work: CallbackWork,
  loadDag: () => Promise<RunnableDag> | RunnableDag,
  log: AttemptLog,
): Promise<TaskError | null> {
  const { event } = work.request;
  log.note('info', 'system', `call ${work.callNumber} of the callback for ${event}`);
  try {
    const dag = await loadDag();
    await dag.createInstance().callBack(callbackContext(work));
    return null;
  } catch (thrown) {
    const error = describeThrown(thrown);
    const { code, message, stack } = error;
    log.write('error', 'system', `the callback for ${event} failed: ${message}`, { code, ...(stack === null ? {} : { stack }) });
    return error;
  }
}
