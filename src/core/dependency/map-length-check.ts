import { mapLength } from '../mapping/map-length.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** A mapped task that is not expanded waits until the number of its copies is known, also where its rule is met before. */
export function mapLengthCheck({ view, node, instance }: CheckSubject): CheckResult {
  const { mapping } = node.facts;
  if (mapping === null || instance.mapIndex >= 0) return MET;
  return mapLength(view, mapping).kind === 'wait' ? notMet('wait', 'map_length') : MET;
}
