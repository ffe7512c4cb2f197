/** What a look found, in sentences for the log: a date that no run has is the usual reason why such a sensor waits in vain. */
import type { ExternalDate, ExternalStates, ExternalTarget } from '../../../model/external-states.js';
import { standingsOf, type Standing } from './decide.js';
import type { StateRules } from './options.js';

/** A line of the log. */
export interface Note {
  readonly level: 'info' | 'warn';
  readonly message: string;
}

/** Dates, and ids, that are named one by one. */
const MOST_NAMED = 5;
/** Nobody but a person leaves these: what is in one of them and was not expected stays so. */
const FINISHED: ReadonlySet<string> = new Set(['success', 'partial', 'failed', 'skipped', 'upstream_failed', 'removed']);

/** `tasks "a" and "b" of DAG "x"`. */
export function describeTarget(target: ExternalTarget, dagId: string): string {
  switch (target.kind) {
    case 'run':
      return `the run of DAG "${dagId}"`;
    case 'group':
      return `the tasks of group "${target.groupId}" of DAG "${dagId}"`;
    case 'tasks': {
      const ids = namedOf(target.taskIds.map((id) => `"${id}"`));
      return `${target.taskIds.length === 1 ? 'task' : 'tasks'} ${ids} of DAG "${dagId}"`;
    }
  }
}

export function describeDates(dates: readonly Date[]): string {
  return namedOf(dates.map((date) => date.toISOString()));
}

/** `task "load" is failed`, with its run. */
export function describeStanding({ run }: ExternalDate<Date>, standing: Standing): string {
  const { state, taskId, tasks } = standing;
  const runId = run?.runId ?? '';
  if (taskId === null) return `run ${runId} is ${state}`;
  const more = tasks > 1 ? ` and ${tasks - 1} more` : '';
  const verb = tasks > 1 ? 'are' : 'is';
  return state === null ? `run ${runId} has no task "${taskId}"${more}` : `"${taskId}"${more} in run ${runId} ${verb} ${state}`;
}

/** What is wrong with the DAG and the names; none for a DAG that runs. */
export function describeProblems({ dag, unknown }: ExternalStates<Date>, target: ExternalTarget, dagId: string): readonly string[] {
  if (dag === 'missing') return [`there is no DAG "${dagId}"`];
  const problems = unknown.map(({ id, suggestion }) => {
    const hint = suggestion === null ? '' : `; did you mean "${suggestion}"?`;
    return `DAG "${dagId}" has no ${target.kind === 'group' ? 'group' : 'task'} "${id}"${hint}`;
  });
  return dag === 'retired' ? [`DAG "${dagId}" was deleted: no file holds it any more`, ...problems] : problems;
}

/** Why it is not done yet: a line for each of the first dates. */
export function describeOpenDates(
  dates: readonly ExternalDate<Date>[],
  { dag }: ExternalStates<Date>,
  isRun: boolean,
  rules: StateRules,
  dagId: string,
): readonly Note[] {
  // What has no DAG has no runs: that is said already.
  if (dag === 'missing') return [];
  const notes = dates.slice(0, MOST_NAMED).flatMap((date): readonly Note[] => {
    if (!date.run) return [{ level: 'warn', message: describeMissingRun(date, dag, dagId) }];
    return standingsOf(date, isRun)
      .filter(({ state }) => state === null || !rules.allowed.has(state))
      .map((standing) => describeOpen(date, standing));
  });
  if (dates.length <= MOST_NAMED) return notes;
  return [...notes, { level: 'info', message: `${dates.length - MOST_NAMED} more dates are not there yet` }];
}

function describeOpen(date: ExternalDate<Date>, standing: Standing): Note {
  const message = describeStanding(date, standing);
  if (standing.state === null || !FINISHED.has(standing.state)) return { level: 'info', message };
  return {
    level: 'warn',
    message: `${message}, which is in none of allowedStates, skippedStates and failedStates: it waits until that is cleared, or for its timeout`,
  };
}

function describeMissingRun(
  { logicalDate, before, after }: ExternalDate<Date>,
  dag: ExternalStates<Date>['dag'],
  dagId: string,
): string {
  const none = `DAG "${dagId}" has no run at ${logicalDate.toISOString()}`;
  const why = dag === 'paused' ? ' and is paused' : '';
  const nearest = [before, after].flatMap((date) => (date ? [date.toISOString()] : []));
  if (nearest.length === 0) return `${none}${why}; it has no run with a logical date near it`;
  return (
    `${none}${why}; the nearest ${nearest.length === 1 ? 'run is' : 'runs are'} at ${nearest.join(' and ')}. Only the very date counts: ` +
    'if the schedules differ, say by how much with executionDelta or executionDateFn'
  );
}

function namedOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return more > 0 ? `${names.slice(0, MOST_NAMED).join(', ')} and ${more} more` : names.join(', ');
}
