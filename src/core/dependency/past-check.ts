import { isPastMet } from '../dag-run/depends-on-past.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** What `dependsOnPast` and `waitForDownstream` ask of the run before. The first run of a backfill is free. */
export function pastCheck({ view, node }: CheckSubject): CheckResult {
  const { task } = node;
  if (!task.dependsOnPast && !task.waitForDownstream) return MET;
  if (view.ignoresPast || isPastMet(task, view.spec, view.graph, view.run.logicalDate, view.previous)) return MET;
  return notMet('wait', 'past', { previousRun: view.previous?.dagRunId ?? null, states: view.previous?.states[task.taskId] ?? [] });
}
