/** Backfills in memory. */
import type { Backfill } from '../../model/backfill.js';
import type { Actor } from '../../model/commit.js';
import type { BackfillStore } from '../../ports/backfill-store.js';
import { completeBackfill, isStale, writeCommits } from './commits.js';
import { checkDag, insertRun, requireDag } from './runs.js';
import type { Tables } from './tables.js';

export function createBackfillStore(tables: Tables): BackfillStore {
  const put = (backfill: Backfill): Backfill => {
    tables.backfills.set(backfill.id, Object.freeze(backfill));
    return backfill;
  };
  const record = ({ id }: Backfill, from: string | null, to: string, actor: Actor): void =>
    tables.record({ entity: 'backfill', entityId: id, dagRunId: null, from, to, token: null, actor, reason: null });
  return {
    async create(backfill, runs, actor, now, adopt = []) {
      const { dagId } = backfill;
      requireDag(tables, dagId);
      if ([...tables.backfills.values()].some((other) => other.dagId === dagId && other.completedAt === null)) return 'conflict';
      if (adopt.some(({ commit }) => isStale(tables, commit))) return 'stale';
      const id = tables.nextId();
      const created = runs.filter((run) => insertRun(tables, dagId, { ...run, backfillId: id }, actor, now) !== null);
      writeCommits(
        tables,
        adopt.map(({ commit }) => commit),
        now,
      );
      for (const { commit, ordinal } of adopt) {
        const run = tables.runs.get(commit.dagRunId)!;
        tables.putRun({ ...run, backfillId: id, backfillOrdinal: ordinal, runType: 'backfill', triggeredBy: 'backfill' });
      }
      const expectedRuns = created.length + adopt.length;
      const completedAt = expectedRuns === 0 ? now : null;
      const stored = Object.freeze({ ...backfill, id, expectedRuns, isIncomplete: false, createdAt: now, completedAt });
      tables.backfills.set(id, stored);
      record(stored, null, stored.isPaused ? 'paused' : 'active', actor);
      checkDag(tables, dagId, now);
      return stored;
    },
    async complete(backfillId, runs, actor, now) {
      const backfill = tables.backfills.get(backfillId);
      if (!backfill || backfill.completedAt !== null) return backfill ?? null;
      for (const run of runs) insertRun(tables, backfill.dagId, { ...run, backfillId }, actor, now);
      const expectedRuns = tables.runsOf(backfill.dagId).filter((run) => run.backfillId === backfillId).length;
      checkDag(tables, backfill.dagId, now);
      return put({ ...backfill, expectedRuns, isIncomplete: false, isPaused: false });
    },
    async setPaused(backfillId, isPaused, actor, now) {
      const backfill = tables.backfills.get(backfillId);
      if (!backfill) return null;
      if (backfill.completedAt !== null || backfill.isPaused === isPaused) return { backfill, isChanged: false };
      const changed = put({ ...backfill, isPaused });
      record(changed, isPaused ? 'active' : 'paused', isPaused ? 'paused' : 'active', actor);
      checkDag(tables, backfill.dagId, now);
      return { backfill: changed, isChanged: true };
    },
    async cancel(backfillId, actor, now) {
      const backfill = tables.backfills.get(backfillId);
      if (!backfill) return null;
      if (backfill.completedAt !== null) return { backfill, isChanged: false, failedRuns: 0 };
      const changed = put({ ...backfill, isPaused: true, isCancelled: true, completedAt: now });
      record(changed, backfill.isPaused ? 'paused' : 'active', 'cancelled', actor);
      const queued = tables.runsOf(backfill.dagId).filter((run) => run.backfillId === backfillId && run.state === 'queued');
      for (const run of queued) {
        tables.putRun({ ...run, state: 'failed', endedAt: now, planAt: null, revision: run.revision + 1 });
        const step = { from: 'queued', to: 'failed', token: null, actor, reason: 'backfill_cancelled' } as const;
        tables.record({ entity: 'dag_run', entityId: run.id, dagRunId: run.id, ...step });
      }
      checkDag(tables, backfill.dagId, now);
      return { backfill: changed, isChanged: true, failedRuns: queued.length };
    },
    async progress(backfillId) {
      const backfill = tables.backfills.get(backfillId);
      if (!backfill) return null;
      const runs = tables.runsOf(backfill.dagId).filter((run) => run.backfillId === backfillId);
      const count = (state: string) => runs.filter((run) => run.state === state).length;
      const started = runs.flatMap((run) => run.startedAt ?? []);
      const ended = runs.flatMap((run) => run.endedAt ?? []);
      return {
        backfill,
        queued: count('queued'),
        running: count('running'),
        success: count('success'),
        partial: count('partial'),
        failed: count('failed'),
        firstStartedAt: started.length > 0 ? Math.min(...started) : null,
        lastEndedAt: ended.length > 0 ? Math.max(...ended) : null,
      };
    },
    async list(dagId) {
      const all = [...tables.backfills.values()].filter((backfill) => dagId === undefined || backfill.dagId === dagId);
      return all.sort((a, b) => b.id - a.id);
    },
    async completeFinished(now) {
      return [...tables.backfills.keys()].filter((id) => completeBackfill(tables, id, now));
    },
  };
}
