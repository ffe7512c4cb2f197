/** Callbacks that wait to be called, in memory. */
import { randomUUID } from 'node:crypto';
import { runContextOf } from '../../core/queueing/assignment.js';
import type { CallbackRequest } from '../../model/callback.js';
import type { DagRun } from '../../model/dag-run.js';
import type { Instant } from '../../model/instant.js';
import type { CallbackStore } from '../../ports/callback-store.js';
import { readRun } from './runs.js';
import type { CallbackRow, Tables } from './tables.js';

/** Stores a callback that a commit has decided; one with a known key is there already. */
export function writeCallback(tables: Tables, run: DagRun, request: CallbackRequest | undefined, now: Instant): void {
  if (!request || tables.callbacks.has(request.key)) return;
  const { id: dagRunId, versionId } = run;
  tables.callbacks.set(request.key, { dagRunId, versionId, request, calls: 0, dueAt: now, lease: null, failure: null });
}

export function createCallbackStore(tables: Tables): CallbackStore {
  const holderOf = (lease: string): CallbackRow | undefined => [...tables.callbacks.values()].find((row) => row.lease === lease);
  return {
    async claimDue(now, limit, leaseMs) {
      const due = [...tables.callbacks.values()].filter(({ dueAt }) => dueAt !== null && dueAt <= now);
      due.sort((a, b) => (a.dueAt as Instant) - (b.dueAt as Instant));
      return due.slice(0, Math.max(0, limit)).map((row) => {
        const lease = randomUUID();
        const calls = row.calls + 1;
        tables.callbacks.set(row.request.key, { ...row, calls, lease, dueAt: now + leaseMs });
        const { dagRunId, versionId, request } = row;
        const run = runContextOf(readRun(tables.runs.get(dagRunId)!), tables.versions.get(versionId)!.spec);
        return { lease, request, callNumber: calls, versionId, run };
      });
    },
    async finish(lease) {
      const row = holderOf(lease);
      return row !== undefined && tables.callbacks.delete(row.request.key);
    },
    async fail(lease, failure, nextAt) {
      const row = holderOf(lease);
      if (!row) return false;
      tables.callbacks.set(row.request.key, { ...row, lease: null, failure, dueAt: nextAt });
      return true;
    },
    async list(dagRunIds) {
      return [...tables.callbacks.values()]
        .filter(({ dagRunId }) => dagRunIds.includes(dagRunId))
        .map(({ dagRunId, request, calls, dueAt, failure }) => ({ dagRunId, request, calls, dueAt, failure }));
    },
  };
}
