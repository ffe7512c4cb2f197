import type { DagRun } from '../model/dag-run.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { Assignment } from '../model/workload.js';

/** What a worker needs to run a task instance that it has just claimed; null when the run's version does not hold the task. */
export function assignmentOf(instance: TaskInstance, run: DagRun, spec: DagSpec): Assignment | null {
  const task = spec.tasks.find(({ taskId }) => taskId === instance.taskId);
  if (!task || instance.token === null || instance.startedAt === null) return null;
  const { dagId, runId, runType, logicalDate, dataInterval, runAfter, startedAt, clearNumber, conf, versionId } = run;
  return {
    token: instance.token,
    taskInstanceId: instance.id,
    dagRunId: run.id,
    key: { dagId, runId, taskId: instance.taskId, mapIndex: instance.mapIndex },
    tryNumber: instance.tryNumber,
    maxTries: instance.maxTries,
    waitingSince: instance.waitingSince,
    pokeNumber: instance.pokeNumber,
    startedAt: instance.startedAt,
    instance,
    task,
    versionId,
    run: {
      dagId,
      runId,
      runType,
      logicalDate,
      dataInterval,
      runAfter,
      startedAt,
      clearNumber,
      conf,
      params: { ...spec.params?.defaults, ...(conf as { readonly [name: string]: TaggedJson }) },
      timezone: spec.timezone,
    },
  };
}
