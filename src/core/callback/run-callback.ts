import type { CallbackRequest, DagCallbackEvent } from '../../model/callback.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { DagRunState } from '../../model/states.js';

/** The call that the end of a run in `state` asks for; null where the author wants none. A partial run has succeeded. */
export function runCallback(
  spec: DagSpec,
  { id, clearNumber }: DagRun,
  state: Extract<DagRunState, 'success' | 'partial' | 'failed'>,
  reason: string | null,
): CallbackRequest | null {
  const event: DagCallbackEvent = state === 'failed' ? 'failure' : 'success';
  if (!spec.callbacks?.includes(event)) return null;
  return { key: `${id}/${clearNumber}/${event}`, event, task: null, state, error: null, reason };
}
