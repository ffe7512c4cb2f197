/** How runs stand at exact logical dates, in memory. */
import type { ExternalCount, ExternalDate, ExternalQuery, ExternalStates } from '../../model/external-states.js';
import type { Instant } from '../../model/instant.js';
import type { TaskInstanceState } from '../../model/states.js';
import { tasksAskedFor, unknownTargets } from '../external-states.js';
import type { StoredRun, Tables } from './tables.js';

export function readExternalStates(tables: Tables, query: ExternalQuery): ExternalStates {
  const { dagId, target, logicalDates } = query;
  const dag = tables.dags.get(dagId);
  const runs = new Map(tables.runsOf(dagId).flatMap((run) => (run.logicalDate === null ? [] : [[run.logicalDate, run]])));
  const found = logicalDates.flatMap((date) => runs.get(date) ?? []);
  const versionIds = new Set([...found.map(({ versionId }) => versionId), ...(dag ? [dag.currentVersionId] : [])]);
  return {
    dag: !dag ? 'missing' : dag.isRetired ? 'retired' : dag.isPaused ? 'paused' : 'active',
    unknown: unknownTargets(
      target,
      [...versionIds].map((id) => tables.versions.get(id)!.spec),
    ),
    dates: logicalDates.map((logicalDate) => dateOf(tables, query, logicalDate, runs)),
  };
}

function dateOf(tables: Tables, query: ExternalQuery, logicalDate: Instant, runs: ReadonlyMap<Instant, StoredRun>): ExternalDate {
  const run = runs.get(logicalDate);
  if (run) {
    const { runId, state } = run;
    return { logicalDate, run: { runId, state }, counts: countsOf(tables, query, run), before: null, after: null };
  }
  const dates = [...runs.keys()];
  const before = dates.filter((date) => date < logicalDate);
  const after = dates.filter((date) => date > logicalDate);
  return {
    logicalDate,
    run: null,
    counts: [],
    before: before.length === 0 ? null : Math.max(...before),
    after: after.length === 0 ? null : Math.min(...after),
  };
}

function countsOf(tables: Tables, { target, countsRemoved = false }: ExternalQuery, run: StoredRun): readonly ExternalCount[] {
  const instances = tables.instancesOf(run.id).filter(({ state }) => countsRemoved || state !== 'removed');
  const counts = new Map<TaskInstanceState | null, ExternalCount>();
  for (const taskId of [...tasksAskedFor(target, tables.versions.get(run.versionId)!.spec)].sort()) {
    const states = instances.filter((instance) => instance.taskId === taskId).map(({ state }) => state);
    for (const state of states.length === 0 ? [null] : new Set(states)) {
      const count = counts.get(state) ?? { state, instances: 0, tasks: 0, taskId };
      const more = states.filter((other) => other === state).length;
      counts.set(state, { ...count, instances: count.instances + more, tasks: count.tasks + 1 });
    }
  }
  return [...counts.values()].sort((a, b) => ((a.state ?? '') < (b.state ?? '') ? -1 : 1));
}
