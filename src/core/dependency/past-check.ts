import { holdsBack, lookAtPast } from '../dag-run/depends-on-past.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** What `dependsOnPast` and `waitForDownstream` ask of the run before. */
export function pastCheck({ view, node: { task } }: CheckSubject): CheckResult {
  const { spec, graph, previous, ignoresPast } = view;
  const finding = lookAtPast(task, { spec, graph, previous, ignoresPast, logicalDate: view.run.logicalDate });
  return holdsBack(finding) ? notMet('wait', 'past', { finding }) : MET;
}
