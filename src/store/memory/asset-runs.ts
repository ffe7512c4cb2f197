/** The asset trigger's pass in memory. */
import { assetKeyText, assetRefText } from '../../model/asset.js';
import type { Actor } from '../../model/commit.js';
import type { AssetSchedule } from '../../model/dag.js';
import type { DagRun } from '../../model/dag-run.js';
import type { Instant } from '../../model/instant.js';
import type { SchedulingStore } from '../../ports/store.js';
import { PLAN_ERROR_DELAY_MS } from '../../core/dag-run/plan-error-delay.js';
import { addLineage } from './asset-events.js';
import { readDag } from './catalog.js';
import { insertRun } from './runs.js';
import type { StoredDag, Tables } from './tables.js';

const ACTOR: Actor = { kind: 'scheduler', id: 'asset-trigger' };

export function planAssetRuns(
  tables: Tables,
  now: Instant,
  limit: number,
  plan: Parameters<SchedulingStore['planAssetRuns']>[2],
): Awaited<ReturnType<SchedulingStore['planAssetRuns']>> {
  const claimed = [...tables.dags.values()]
    .filter((dag) => dag.assetCheckAt !== null && dag.assetCheckAt <= now)
    .sort((a, b) => a.assetCheckAt! - b.assetCheckAt! || (a.dagId < b.dagId ? -1 : 1))
    .slice(0, limit);
  const errors: { dagId: string; error: unknown }[] = [];
  let createdRuns = 0;
  for (const dag of claimed) {
    let assetCheckAt: Instant | null = null;
    try {
      const { createRun, takesBacklog } = plan(readAssetSchedule(tables, dag, now));
      const created = createRun && insertRun(tables, dag.dagId, createRun, ACTOR, now);
      if (created) {
        createdRuns++;
        consume(tables, created, takesBacklog, now);
      }
    } catch (error) {
      errors.push({ dagId: dag.dagId, error });
      assetCheckAt = now + PLAN_ERROR_DELAY_MS;
    }
    tables.dags.set(dag.dagId, { ...tables.dags.get(dag.dagId)!, assetCheckAt });
  }
  return { claimed: claimed.length, createdRuns, errors };
}

/** What waits for this DAG. */
export function readAssetSchedule(tables: Tables, dag: StoredDag, now: Instant): AssetSchedule {
  const queue = tables.assetQueues.get(dag.dagId) ?? [];
  const newest = queue.at(-1);
  const runs = tables.runsOf(dag.dagId);
  return {
    dag: readDag(dag),
    spec: tables.versions.get(dag.currentVersionId)!.spec,
    present: new Set(queue.map(({ asset, alias }) => (alias === null ? `asset ${assetKeyText(asset)}` : `alias ${alias}`))),
    newest: newest ? { eventId: newest.eventId, at: newest.at } : null,
    hadAssetRuns: runs.some(({ runType }) => runType === 'asset_triggered'),
    unfinishedRuns: runs.filter(({ state, backfillId }) => backfillId === null && (state === 'queued' || state === 'running'))
      .length,
    now,
  };
}

function consume(tables: Tables, { id: dagRunId, dagId }: DagRun, takesBacklog: boolean, now: Instant): void {
  const consumed = new Set((tables.assetQueues.get(dagId) ?? []).map(({ eventId }) => eventId));
  tables.assetQueues.set(dagId, []);
  const references = (tables.assetReferences.get(dagId) ?? []).filter(({ role }) => role === 'schedule');
  const waitsFor = new Set(references.map(({ ref }) => assetRefText(ref)));
  for (const { id, asset, aliases } of takesBacklog ? tables.assetEvents.values() : []) {
    if (waitsFor.has(`asset ${assetKeyText(asset)}`) || aliases.some((alias) => waitsFor.has(`alias ${alias}`))) consumed.add(id);
  }
  for (const eventId of [...consumed].sort((a, b) => a - b)) {
    const { asset } = tables.assetEvents.get(eventId)!;
    addLineage(tables, { dagRunId, kind: 'trigger', taskId: null, mapIndex: null, asset, eventId, at: now });
  }
}
