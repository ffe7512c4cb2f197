/** Runs in memory, for workloads that measure decisions alone: complete rows of tasks of which only a few fields matter. */
import { newTaskInstance } from '../dist/core/dag-run/new-task-instance.js';
import { RunView } from '../dist/core/dag-run/run-view.js';
import type { DagRun } from '../dist/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../dist/model/dag-spec.js';
import type { TaskInstance } from '../dist/model/task-instance.js';

/** Fields that no decision of these workloads asks for are left out. */
export function taskOf(taskId: string, fields: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId, upstream: [], triggerRule: 'all_success', role: 'task', retries: 0, critical: true, pool: 'default_pool', poolSlots: 1, priorityWeight: 1,
    weightRule: 'absolute', maxActiveTisPerDag: null, maxActiveTisPerDagrun: null, inputs: [], map: null, sensor: null, groupId: null, decides: null,
    dependsOnPast: false, waitForDownstream: false, startDate: null, endDate: null, outlets: [], inlets: [], ...fields,
  } as unknown as TaskSpec; // prettier-ignore
}

export function specOf(dagId: string, tasks: readonly TaskSpec[]): DagSpec {
  const dates = { startDate: null, endDate: null, catchup: false, dagrunTimeoutMs: null };
  return { dagId, tasks, groups: [], maxActiveTasks: tasks.length, failFast: false, ...dates } as unknown as DagSpec;
}

/** A running run of `spec`, one instance per task with ids from `firstId` on. */
export function viewOf(
  spec: DagSpec,
  { run = {}, instance = {}, firstId = 1 }: { run?: Partial<DagRun>; instance?: Partial<TaskInstance>; firstId?: number } = {},
): RunView {
  const dagRun = {
    id: 1, dagId: spec.dagId, runId: 'r', runType: 'scheduled', triggeredBy: 'timetable', state: 'running', logicalDate: 0, dataInterval: null,
    runAfter: 0, conf: {}, versionId: 1, backfillId: null, backfillOrdinal: null, queuedAt: 0, startedAt: 0, endedAt: null, clearNumber: 0, note: null,
    triggeringUser: null, revision: 1, ...run,
  } as DagRun; // prettier-ignore
  const taskInstances = spec.tasks.map(({ taskId, pool, poolSlots, priorityWeight, queue }, index): TaskInstance => {
    const values = { maxTries: 1, pool, poolSlots, priorityWeight, queue };
    return { id: firstId + index, ...newTaskInstance(dagRun.id, taskId, -1, values), ...instance };
  });
  return RunView.from({ run: dagRun, spec, taskInstances, previous: null });
}
