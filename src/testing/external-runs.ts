/** Runs of other DAGs as tests give them, for tasks that wait for them. */
import type { ExternalCount, ExternalDate, ExternalQuery, ExternalStates, ExternalTarget } from '../model/external-states.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import type { DagRunState, TaskInstanceState } from '../model/states.js';
import { instantOf, type DateInput } from './intervals.js';

/** How a run of another DAG stands. */
export interface TestExternalRun {
  readonly dagId: string;
  /** Text without a zone is UTC. */
  readonly logicalDate: DateInput;
  /** Default `'success'`. */
  readonly state?: DagRunState;
  /** States of its tasks by id, of a mapped task those of its copies. Tasks that are not named stand as the run does. */
  readonly tasks?: Readonly<Record<string, TaskInstanceState | readonly TaskInstanceState[]>>;
}

/** The runs there are, or a function that says which there are by what the clock shows. */
export type TestExternalRuns = readonly TestExternalRun[] | ((now: Date) => readonly TestExternalRun[]);

/** Answers a question about other DAGs at `now`. @throws AirflowLikeError NOT_FOUND where nothing was given. */
export function answerFromGiven(given: TestExternalRuns | undefined, query: ExternalQuery, now: Instant): ExternalStates {
  const { dagId, target, logicalDates, countsRemoved = false } = query;
  if (given === undefined) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: 'externalRuns',
      message:
        `only the DAG under test is known here, so nobody can say how "${dagId}" stands: testDag and testSchedule take ` +
        `{ externalRuns: [{ dagId: '${dagId}', logicalDate, state }] }, or { stubs: { <the sensor>: true } } in place of the sensor`,
    });
  }
  const all = typeof given === 'function' ? given(new Date(now)) : given;
  const runs = new Map<Instant, TestExternalRun>();
  for (const [index, run] of all.entries()) {
    if (run.dagId === dagId) runs.set(instantOf(run.logicalDate, `externalRuns[${index}].logicalDate`), run);
  }
  const nearest = (date: Instant, side: 1 | -1): Instant | null => {
    const beyond = [...runs.keys()].filter((other) => (other - date) * side > 0);
    return beyond.length === 0 ? null : beyond.reduce((a, b) => (Math.abs(b - date) < Math.abs(a - date) ? b : a));
  };
  const dates = logicalDates.map((logicalDate): ExternalDate => {
    const run = runs.get(logicalDate);
    if (!run) return { logicalDate, run: null, counts: [], before: nearest(logicalDate, -1), after: nearest(logicalDate, 1) };
    const runId = `external__${new Date(logicalDate).toISOString()}`;
    const counts = countsOf(run, target, countsRemoved);
    return { logicalDate, run: { runId, state: run.state ?? 'success' }, counts, before: null, after: null };
  });
  return { dag: 'active', unknown: [], dates };
}

function countsOf(run: TestExternalRun, target: ExternalTarget, countsRemoved: boolean): readonly ExternalCount[] {
  const tasks = run.tasks ?? {};
  const { state: runState = 'success' } = run;
  const asRun: TaskInstanceState = runState === 'partial' ? 'success' : runState;
  return taskIdsOf(tasks, target).flatMap((taskId): readonly ExternalCount[] => {
    const given = Object.hasOwn(tasks, taskId) ? tasks[taskId]! : asRun;
    const states = (typeof given === 'string' ? [given] : given).filter((state) => countsRemoved || state !== 'removed');
    if (states.length === 0) return [{ state: null, instances: 0, tasks: 1, taskId }];
    return [...new Set(states)].map((state) => {
      return { state, instances: states.filter((other) => other === state).length, tasks: 1, taskId };
    });
  });
}

/** Ids of tasks in a group begin with that of the group. Of a group without a task the group itself stands for one. */
function taskIdsOf(tasks: NonNullable<TestExternalRun['tasks']>, target: ExternalTarget): readonly string[] {
  if (target.kind === 'run') return [];
  if (target.kind === 'tasks') return target.taskIds;
  const inGroup = Object.keys(tasks).filter((taskId) => taskId.startsWith(`${target.groupId}.`));
  return inGroup.length === 0 ? [target.groupId] : inGroup;
}
