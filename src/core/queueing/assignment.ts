/** What a worker is given with a task instance that has just been moved to running. */
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { Assignment, RunContext } from '../../model/workload.js';
import { graphOf } from '../graph/task-graph.js';

/**
 * @param context What tasks may know of the run, for callers that make many assignments of one run. Default: made from it.
 * @returns null when the instance is not running, or the run's version does not hold its task.
 */
export function assignmentOf(
  instance: TaskInstance,
  run: DagRun,
  spec: DagSpec,
  context: RunContext = runContextOf(run, spec),
): Assignment | null {
  const task = graphOf(spec).tasks.get(instance.taskId);
  if (!task || instance.token === null || instance.startedAt === null) return null;
  return {
    token: instance.token,
    taskInstanceId: instance.id,
    dagRunId: run.id,
    key: { dagId: run.dagId, runId: run.runId, taskId: instance.taskId, mapIndex: instance.mapIndex },
    tryNumber: instance.tryNumber,
    maxTries: instance.maxTries,
    waitingSince: instance.waitingSince,
    pokeNumber: instance.pokeNumber,
    startedAt: instance.startedAt,
    instance,
    task,
    versionId: run.versionId,
    run: context,
  };
}

/** What tasks may know of their run. */
export function runContextOf(run: DagRun, spec: DagSpec): RunContext {
  return {
    dagId: run.dagId,
    runId: run.runId,
    runType: run.runType,
    logicalDate: run.logicalDate,
    dataInterval: run.dataInterval,
    runAfter: run.runAfter,
    startedAt: run.startedAt,
    clearNumber: run.clearNumber,
    conf: run.conf,
    params: { ...spec.params?.defaults, ...(run.conf as Record<string, TaggedJson>) },
    timezone: spec.timezone,
  };
}
