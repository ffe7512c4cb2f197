import type { DagRunSnapshot } from '../model/snapshot.js';
import type { Store } from '../ports/store.js';

/** Task instances that are in memory at a time, as far as the runs read so far tell. */
const ROWS_PER_READ = 20_000;
const FIRST_READ = 10;
const MOST_RUNS = 200;

/** Snapshots of these runs in their order, some at a time: many of small runs, few of large ones. Runs that are gone are left out. */
export async function* readSnapshots(store: Store, dagRunIds: readonly number[]): AsyncGenerator<readonly DagRunSnapshot[]> {
  let size = FIRST_READ;
  for (let start = 0; start < dagRunIds.length;) {
    const ids = dagRunIds.slice(start, start + size);
    const loaded = new Map((await store.scheduling.loadSnapshots(ids)).map((snapshot) => [snapshot.run.id, snapshot]));
    yield ids.flatMap((id) => loaded.get(id) ?? []);
    start += ids.length;
    const rows = [...loaded.values()].reduce((sum, { taskInstances }) => sum + taskInstances.length, 0);
    size = Math.min(MOST_RUNS, Math.max(1, Math.floor((ROWS_PER_READ * ids.length) / Math.max(1, rows))));
  }
}
