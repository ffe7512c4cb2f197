import type { RunView } from '../core/dag-run/run-view.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { Assignment, RunContext } from '../model/workload.js';

const contexts = new WeakMap<RunView, RunContext>();

/** What an executor needs to start `instance`, which this process has just moved to running. */
export function assignmentOf(view: RunView, instance: TaskInstance, now: number): Assignment {
  return {
    token: instance.token as string,
    taskInstanceId: instance.id,
    dagRunId: view.run.id,
    key: { dagId: view.run.dagId, runId: view.run.runId, taskId: instance.taskId, mapIndex: instance.mapIndex },
    tryNumber: instance.tryNumber,
    maxTries: instance.maxTries,
    waitingSince: instance.waitingSince,
    pokeNumber: instance.pokeNumber,
    startedAt: instance.startedAt ?? now,
    instance,
    task: view.task(instance.taskId),
    versionId: view.run.versionId,
    run: runContextOf(view),
  };
}

function runContextOf(view: RunView): RunContext {
  const known = contexts.get(view);
  if (known) return known;
  const { run, spec } = view;
  const context: RunContext = {
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
  contexts.set(view, context);
  return context;
}
