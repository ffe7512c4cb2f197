/**
 * What one task instance went through between two drains of a `RunView`. Several transitions merge into one change: guarded by
 * the state and token the store holds, written once, with every state passed through as an event.
 */
import type { AssetActivity } from '../../model/asset.js';
import type { CallbackRequest } from '../../model/callback.js';
import type { AttemptEnd, AttemptOpening, TaskInstanceChange, TaskInstanceInsertion, XComWrite } from '../../model/commit.js';
import type { TaskInstanceState } from '../../model/states.js';
import type { AttemptToken, TaskInstance } from '../../model/task-instance.js';

/** What a transition does beside changing the row. */
export interface TransitionEffects {
  readonly endAttempt?: AttemptEnd;
  readonly openAttempt?: AttemptOpening;
  readonly clearXComs?: boolean;
  readonly xcoms?: readonly XComWrite[];
  readonly assets?: AssetActivity;
  readonly callback?: CallbackRequest | null;
  /** Null takes away that of a transition before. */
  readonly reason?: string | null;
}

export interface PendingChange {
  /** True: the row is not in the store yet. */
  readonly isInsertion: boolean;
  readonly from: TaskInstanceState;
  readonly expectedToken: AttemptToken | null;
  readonly path: TaskInstanceState[];
  endAttempt: AttemptEnd | null;
  openAttempt: AttemptOpening | null;
  clearXComs: boolean;
  xcoms: readonly XComWrite[];
  assets: AssetActivity | null;
  callback: CallbackRequest | null;
  reason: string | null;
}

const NO_XCOMS: readonly XComWrite[] = [];

/** A change that starts from the row as the store holds it; of an insertion, from the row that the store does not hold yet. */
export function pendingFor(instance: TaskInstance): PendingChange {
  return {
    isInsertion: false,
    from: instance.state,
    expectedToken: instance.token,
    path: [],
    endAttempt: null,
    openAttempt: null,
    clearXComs: false,
    xcoms: NO_XCOMS,
    assets: null,
    callback: null,
    reason: null,
  };
}

/** Adds one transition to what happened already. */
export function mergeTransition(pending: PendingChange, to: TaskInstanceState, effects: TransitionEffects): void {
  pending.path.push(to);
  if (effects.endAttempt) {
    // An attempt opened since the last drain is unknown to the store: ending it means never opening it.
    if (pending.openAttempt) pending.openAttempt = null;
    else pending.endAttempt = effects.endAttempt;
  }
  if (effects.openAttempt) pending.openAttempt = effects.openAttempt;
  if (effects.clearXComs) {
    pending.clearXComs = true;
    pending.xcoms = NO_XCOMS;
  }
  if (effects.xcoms) pending.xcoms = [...pending.xcoms, ...effects.xcoms];
  if (effects.assets) pending.assets = effects.assets;
  if (effects.callback) pending.callback = effects.callback;
  if (effects.reason !== undefined) pending.reason = effects.reason;
}

export function toChange(instance: TaskInstance, pending: PendingChange): TaskInstanceChange {
  return {
    taskInstanceId: instance.id,
    from: pending.from,
    expectedToken: pending.expectedToken,
    path: pending.path,
    next: instance,
    endAttempt: pending.endAttempt,
    openAttempt: pending.openAttempt,
    clearXComs: pending.clearXComs,
    xcoms: pending.xcoms,
    ...(pending.assets && { assets: pending.assets }),
    ...(pending.callback && { callback: pending.callback }),
    reason: pending.reason,
  };
}

export function toInsertion(instance: TaskInstance, pending: PendingChange): TaskInstanceInsertion {
  const { id: _temporary, ...row } = instance;
  return { row, path: pending.path, ...(pending.callback && { callback: pending.callback }) };
}
