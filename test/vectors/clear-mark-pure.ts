/** The recorded cases of clear and mark, answered by core alone: snapshots in, commits out. */
import { runsAround, runsToMark } from '../../src/core/dag-run/choose-runs.js';
import type { RunMarkTarget } from '../../src/core/dag-run/mark-run.js';
import { planMark, planRunMark } from '../../src/core/dag-run/plan-mark.js';
import { planRerun } from '../../src/core/dag-run/plan-rerun.js';
import type { MarkTarget } from '../../src/core/task-instance/mark.js';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import type { RunCommit } from '../../src/model/commit.js';
import type { DagRunSnapshot } from '../../src/model/snapshot.js';
import { FINISHED_RUN_STATES } from '../../src/model/states.js';
import { dagRun, taskInstance } from '../support/dag-specs.js';
import { USER } from '../unit/core/factories.js';
import {
  answerOf,
  countedTwice,
  dateOf,
  instancesOf,
  keyOf,
  specOf,
  T0,
  type ClearMarkCase,
  type Graph,
  type PlainRun,
  type Step,
} from './clear-mark-cases.js';

const NOW = T0 + 1_000 * 86_400_000;

export function pureAnswer(testCase: ClearMarkCase, graphs: Readonly<Record<string, Graph>>): unknown {
  const before = snapshotsOf(testCase, graphs[testCase.graph]!);
  const { action, options } = testCase;
  const run = before.find((snapshot) => snapshot.run.runId === options.dag_run_id)!.run;
  const runs = before.map((snapshot) => snapshot.run);
  const span = { past: options.include_past ?? false, future: options.include_future ?? false };
  const relatives = { upstream: options.include_upstream ?? false, downstream: options.include_downstream ?? false };
  const commits: RunCommit[] = [];
  let affected = 0;
  if (action === 'clear' || action === 'clear_run') {
    if ((span.past || span.future) && run.logicalDate === null) return { error: 400 };
    const tasks = options.task_ids?.map((chosen) =>
      typeof chosen === 'string' ? { taskId: chosen, mapIndexes: null } : { taskId: chosen[0], mapIndexes: [chosen[1]] },
    );
    const states = { onlyFailed: options.only_failed ?? false, onlyRunning: options.only_running ?? false };
    const ids = new Set(runsAround(runs, run, span).map(({ id }) => id));
    for (const snapshot of before.filter((candidate) => ids.has(candidate.run.id))) {
      const rerun = {
        selection: options.only_new ? null : { tasks: tasks ?? null, ...relatives, downstreamOf: 'upstream' as const, ...states },
        version: null,
        resetRun: options.reset_dag_runs ?? true,
      };
      const { commit, effects } = planRerun(snapshot, rerun, USER, NOW);
      if (options.prevent_running_task && !options.dry_run && effects.some(({ state }) => state === 'running'))
        return { error: 409 };
      if (commit) commits.push(commit);
      affected += effects.length;
    }
    if (options.dry_run) commits.length = 0;
  } else if (action === 'mark') {
    const { spec } = before[0]!;
    const marks = new Set(runsToMark(runs, run, span, timetableFor(spec), spec.schedule.kind !== 'none').map(({ id }) => id));
    const resumes = new Set(runsAround(runs, run, span).map(({ id }) => id));
    for (const snapshot of before) {
      const plan = planMark(
        snapshot,
        {
          task: { taskId: options.task_id!, mapIndexes: options.map_indexes ?? null },
          relatives,
          target: options.new_state as MarkTarget,
          marks: marks.has(snapshot.run.id),
          resumes: resumes.has(snapshot.run.id),
        },
        USER,
        NOW,
      );
      if (plan.commit) commits.push(plan.commit);
      affected += plan.marked.length;
    }
  } else {
    const target = options.new_state as RunMarkTarget;
    const snapshot = before.find((candidate) => candidate.run.id === run.id)!;
    const { commit } = planRunMark(snapshot, target, USER, NOW);
    if (commit) commits.push(commit);
    const changes = (commit?.changes ?? []).map(({ from, next }) => ({ from, to: next.state as string }));
    affected = changes.length + countedTwice(changes, target);
  }
  const applied = before.map((snapshot) =>
    apply(
      snapshot,
      commits.find(({ dagRunId }) => dagRunId === snapshot.run.id),
    ),
  );
  return answerOf(
    before.map(plain),
    applied.map(({ snapshot }) => plain(snapshot)),
    applied.flatMap(({ steps }) => steps),
    affected,
  );
}

function snapshotsOf(testCase: ClearMarkCase, graph: Graph): readonly DagRunSnapshot[] {
  const spec = specOf(graph, testCase, 'd');
  let nextId = 1;
  return testCase.runs.map((recorded, index) => {
    const id = index + 1;
    const isEnded = FINISHED_RUN_STATES.has(recorded.state);
    const run = dagRun({
      id,
      runId: recorded.id,
      runType: recorded.type ?? 'scheduled',
      state: recorded.state,
      logicalDate: dateOf(recorded),
      startedAt: T0,
      endedAt: isEnded ? T0 : null,
    });
    const taskInstances = instancesOf(graph, recorded).map(({ taskId, ...fields }) => {
      const token = fields.state === 'queued' || fields.state === 'running' ? `token-${nextId}` : null;
      return taskInstance(nextId++, taskId, { ...fields, dagRunId: id, token });
    });
    return { run, spec, taskInstances, previous: null };
  });
}

function plain({ run, taskInstances }: DagRunSnapshot): PlainRun {
  return {
    runId: run.runId,
    state: run.state,
    clearNumber: run.clearNumber,
    isStarted: run.startedAt !== null,
    isEnded: run.endedAt !== null,
    instances: taskInstances,
  };
}

function apply(snapshot: DagRunSnapshot, commit: RunCommit | undefined): { snapshot: DagRunSnapshot; steps: readonly Step[] } {
  if (!commit) return { snapshot, steps: [] };
  const changes = new Map(commit.changes.map((change) => [change.taskInstanceId, change]));
  const steps = commit.changes.flatMap((change) => {
    const { taskId, mapIndex, tryNumber } = change.next;
    const key = keyOf(taskId, mapIndex);
    return change.path.map((to, index) => ({
      runId: snapshot.run.runId,
      key,
      from: change.path[index - 1] ?? change.from,
      to,
      tryNumber,
    }));
  });
  const { run: runChange } = commit;
  const run = runChange
    ? { ...snapshot.run, ...runChange, queuedAt: runChange.queuedAt ?? 0, state: runChange.path.at(-1) ?? snapshot.run.state }
    : snapshot.run;
  const taskInstances = snapshot.taskInstances.map((instance) => changes.get(instance.id)?.next ?? instance);
  return { snapshot: { ...snapshot, run, taskInstances }, steps };
}
