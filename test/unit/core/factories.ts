import type { Actor, CommitResult, RunCommit } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { Dag, DagSchedule } from '../../../src/model/dag.js';
import type { DagRunSnapshot } from '../../../src/model/snapshot.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun, dagSpec as specNamed, taskInstance, taskSpec } from '../../support/dag-specs.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';

export const SCHEDULER: Actor = { kind: 'scheduler', id: '00000000-0000-4000-8000-000000000001' };
export const USER: Actor = { kind: 'user', id: 'ada' };

export const utc = (text: string): number => {
  const instant = Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);
  if (Number.isNaN(instant)) throw new Error(`not a date: ${text}`);
  return instant;
};

export { dagRun, taskInstance, taskSpec };

export function dagSpec(tasks: readonly TaskSpec[], changes: Partial<DagSpec> = {}): DagSpec {
  return specNamed('d', { owner: 'ada', tasks, exportName: 'D', ...changes });
}

/** A view of a run with one instance per task, ids 1, 2, 3... in the order of the tasks; `states` changes some of them. */
export function viewOf(
  tasks: readonly TaskSpec[],
  states: { readonly [taskId: string]: Partial<TaskInstance> } = {},
  changes: { spec?: Partial<DagSpec>; run?: Partial<DagRun>; snapshot?: Partial<DagRunSnapshot> } = {},
): RunView {
  return RunView.from({
    run: dagRun(changes.run),
    spec: dagSpec(tasks, changes.spec),
    taskInstances: tasks.map((task, index) =>
      taskInstance(index + 1, task.taskId, { maxTries: task.retries + 1, ...states[task.taskId] }),
    ),
    previous: null,
    ...changes.snapshot,
  });
}

/** State of every instance, by task id or `taskId[mapIndex]`. */
export function statesOf(view: RunView): Record<string, string> {
  return Object.fromEntries(
    [...view.allInstances()].map((instance) => [
      instance.mapIndex < 0 ? instance.taskId : `${instance.taskId}[${instance.mapIndex}]`,
      instance.state,
    ]),
  );
}

/** What a store answers when every guard held; inserted rows get ids from `firstId` on. */
export function accepted(commit: RunCommit, revision: number, firstId = 1_000): CommitResult {
  return {
    staleRuns: [],
    staleTaskInstances: [],
    revisions: new Map([[commit.dagRunId, revision]]),
    inserted: commit.insertions.map(({ row }, index) => ({
      id: firstId + index,
      dagRunId: commit.dagRunId,
      taskId: row.taskId,
      mapIndex: row.mapIndex,
    })),
  };
}

export function dagSchedule(
  spec: DagSpec,
  now: number,
  changes: Partial<DagSchedule> & { dagChanges?: Partial<Dag> } = {},
): DagSchedule {
  const { dagChanges, ...rest } = changes;
  return {
    dag: {
      dagId: spec.dagId,
      isPaused: false,
      pausedReason: null,
      isRetired: false,
      currentVersionId: 1,
      versionNumber: 1,
      file: spec.file,
      nextRun: null,
      lastParsedAt: 0,
      hasImportErrors: false,
      ...dagChanges,
    },
    spec,
    versionId: 1,
    lastAutomated: null,
    unfinishedRuns: 0,
    runningRuns: 0,
    queuedRuns: [],
    backfills: [],
    newestRuns: [],
    activeSince: null,
    now,
    ...rest,
  };
}
