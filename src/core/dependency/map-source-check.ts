import { unexpandedSlot } from '../dag-run/task-node.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/**
 * Without the value that it is mapped over (or that its group is) an instance cannot run, whatever its trigger rule: it takes over how the
 * source ended. A source that is mapped itself, and expanded, has the values of those of its copies that succeeded.
 */
export function mapSourceCheck({ node }: CheckSubject): CheckResult {
  let skipped: string | null = null;
  for (const source of node.mapSources) {
    const slot = unexpandedSlot(source);
    if (!slot) continue;
    const { state } = slot.instance;
    if (state === 'failed' || state === 'upstream_failed')
      return notMet('upstream_failed', 'map_source', { source: source.task.taskId, state });
    if (state === 'skipped') skipped ??= source.task.taskId;
  }
  return skipped === null ? MET : notMet('skipped', 'map_source', { source: skipped, state: 'skipped' });
}
