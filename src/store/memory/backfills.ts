/** Backfills in memory. */
import type { BackfillStore } from '../../ports/store.js';
import { completeBackfill, isStale, writeCommits } from './commits.js';
import { checkDag, insertRun, requireDag } from './runs.js';
import type { Tables } from './tables.js';

export function createBackfillStore(tables: Tables): BackfillStore {
  return {
    async create(backfill, runs, actor, now, adopt = []) {
      const { dagId } = backfill;
      requireDag(tables, dagId);
      if ([...tables.backfills.values()].some((other) => other.dagId === dagId && other.completedAt === null)) return 'conflict';
      if (adopt.some((commit) => isStale(tables, commit))) return 'stale';
      const id = tables.nextId();
      const created = runs.filter((run) => insertRun(tables, dagId, { ...run, backfillId: id }, actor, now) !== null);
      writeCommits(tables, adopt, now);
      for (const { dagRunId } of adopt) {
        tables.putRun({ ...tables.runs.get(dagRunId)!, backfillId: id, runType: 'backfill', triggeredBy: 'backfill' });
      }
      const expectedRuns = created.length + adopt.length;
      const stored = Object.freeze({ ...backfill, id, expectedRuns, createdAt: now, completedAt: expectedRuns === 0 ? now : null });
      tables.backfills.set(id, stored);
      checkDag(tables, dagId, now);
      return stored;
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
