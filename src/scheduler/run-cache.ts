import type { RunView } from '../core/dag-run/run-view.js';

/**
 * The runs this process has planned lately, by `DagRun.id`. A cached view is only a guess: every commit made from it is guarded by
 * the run's revision, and a stale answer drops it. Least recently used runs leave first, counted by their task instances.
 */
export class RunCache {
  readonly #entries = new Map<number, { readonly view: RunView; readonly size: number }>();
  readonly #maxInstances: number;
  #instances = 0;

  constructor(maxInstances = 200_000) {
    this.#maxInstances = maxInstances;
  }

  get(dagRunId: number): RunView | undefined {
    const entry = this.#entries.get(dagRunId);
    if (!entry) return undefined;
    this.#entries.delete(dagRunId);
    this.#entries.set(dagRunId, entry);
    return entry.view;
  }

  put(view: RunView): void {
    this.drop(view.run.id);
    const size = Object.values(view.counts).reduce((sum, count) => sum + count, 0);
    this.#entries.set(view.run.id, { view, size });
    this.#instances += size;
    for (const [id, oldest] of this.#entries) {
      if (this.#instances <= this.#maxInstances || oldest.view === view) break;
      this.drop(id);
    }
  }

  drop(dagRunId: number): void {
    const entry = this.#entries.get(dagRunId);
    if (!entry) return;
    this.#entries.delete(dagRunId);
    this.#instances -= entry.size;
  }
}
