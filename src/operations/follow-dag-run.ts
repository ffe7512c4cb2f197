import type { DagRun } from '../model/dag-run.js';
import { AirflowLikeError } from '../model/errors.js';
import { FINISHED_RUN_STATES, type TaskInstanceState } from '../model/states.js';
import type { TaskInstance } from '../model/task-instance.js';
import { followHints } from './follow-hints.js';
import type { OperationDeps } from './operation-deps.js';

/** Where a run stands. */
export interface RunProgress {
  readonly run: DagRun;
  readonly taskInstances: readonly TaskInstance[];
  /** Those whose state differs from the last progress that was given; at first all. */
  readonly changed: readonly TaskInstance[];
}

/**
 * Follows a run: yields where it stands, then again at every change, to its end. States that come and go between two looks are not seen.
 * Ends early when `signal` aborts; the run goes on.
 * @throws AirflowLikeError NOT_FOUND when there is no such run, or it is deleted meanwhile.
 */
export async function* followDagRun(
  deps: Pick<OperationDeps, 'store' | 'bus' | 'clock'>,
  dagRunId: number,
  signal?: AbortSignal,
): AsyncGenerator<RunProgress> {
  const { store } = deps;
  const known = new Map<number, TaskInstanceState>();
  let revision = -1;
  for await (const _hint of followHints(deps, ['runs', 'tasks'], signal)) {
    const run = await store.runs.getRun(dagRunId);
    if (!run)
      throw new AirflowLikeError('NOT_FOUND', { place: 'dagRunId', message: 'there is no run with this number', value: dagRunId });
    if (run.revision === revision) continue;
    revision = run.revision;
    const taskInstances = await store.runs.listTaskInstances([dagRunId]);
    const changed = taskInstances.filter(({ id, state }) => known.get(id) !== state);
    for (const { id, state } of changed) known.set(id, state);
    yield { run, taskInstances, changed };
    if (FINISHED_RUN_STATES.has(run.state)) return;
  }
}
