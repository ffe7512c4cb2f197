import type { Blocker } from '../../model/explanation.js';
import type { OpenBlocker } from './explain-run.js';

/** The first blocker is the one that has to give way first. */
export function bind(blockers: readonly OpenBlocker[]): readonly Blocker[] {
  return blockers.map((open, index) => ({ ...open, isBinding: index === 0 }));
}
