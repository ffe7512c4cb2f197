import type { CallbackRequest } from '../../model/callback.js';
import type { RunChange } from '../../model/commit.js';
import type { DagRun } from '../../model/dag-run.js';
import type { DagRunState } from '../../model/states.js';

/** What happened to the run itself since the last drain of its view: one change from the state that the store holds. */
export class PendingRun {
  #from: DagRunState | null = null;
  #path: DagRunState[] = [];
  #reason: string | null = null;
  #callback: CallbackRequest | null = null;

  get isEmpty(): boolean {
    return this.#from === null;
  }

  /** Fields of a run in state `from` change. */
  change(from: DagRunState, reason: string | null): void {
    this.#from ??= from;
    this.#reason = reason;
  }

  /** It goes from one state to another, and only what the last step asks for is told. */
  step(from: DagRunState, to: DagRunState, reason: string | null, callback: CallbackRequest | null): void {
    this.change(from, reason);
    this.#path.push(to);
    this.#callback = callback;
  }

  /** The change that leads to `run`, and begins anew; null: there is none. */
  take(run: DagRun): RunChange | null {
    const [from, path, reason, callback] = [this.#from, this.#path, this.#reason, this.#callback];
    if (from === null) return null;
    this.#from = null;
    this.#path = [];
    this.#reason = null;
    this.#callback = null;
    const { queuedAt, startedAt, endedAt, clearNumber, versionId } = run;
    return { from, path, queuedAt, startedAt, endedAt, clearNumber, versionId, reason, ...(callback && { callback }) };
  }
}
