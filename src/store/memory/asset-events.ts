/** Events of assets in memory. */
import { assetKeyText, type AssetEmission, type AssetEvent, type AssetKey, type AssetLineage } from '../../model/asset.js';
import type { RunCommit, TaskInstanceChange } from '../../model/commit.js';
import type { Instant } from '../../model/instant.js';
import type { AssetEventFilter } from '../../ports/store.js';
import type { Tables } from './tables.js';

/** What a change that was written says of assets. */
export function writeActivity(tables: Tables, commit: RunCommit, { next, assets }: TaskInstanceChange, now: Instant): void {
  if (!assets) return;
  const { dagId, dagRunId } = commit;
  const { taskId, mapIndex } = next;
  const line = { dagRunId, taskId, mapIndex, at: now };
  for (const { name, uri } of assets.read) addLineage(tables, { ...line, kind: 'input', asset: { name, uri }, eventId: null });
  for (const emission of assets.written) {
    saveFound(tables, emission, now);
    const { name, uri } = emission.asset;
    const { runId } = tables.runs.get(dagRunId)!;
    const event = addEvent(tables, {
      asset: { name, uri },
      at: now,
      extra: emission.extra,
      aliases: emission.aliases,
      source: { dagId, runId, taskId, mapIndex },
    });
    addLineage(tables, { ...line, kind: 'output', asset: { name, uri }, eventId: event.id });
  }
}

/** Stores an event and queues it for the DAGs that wait for it, unless they are paused. */
export function addEvent(tables: Tables, fields: Omit<AssetEvent, 'id'>): AssetEvent {
  const event: AssetEvent = Object.freeze({ ...fields, id: tables.nextId() });
  tables.assetEvents.set(event.id, event);
  for (const [dagId, references] of tables.assetReferences) {
    const dag = tables.dags.get(dagId);
    if (!dag || dag.isPaused || dag.isRetired) continue;
    const queue = tables.assetQueues.get(dagId) ?? [];
    const added = references.flatMap(({ role, ref }) => {
      if (role !== 'schedule') return [];
      const isMeant =
        ref.kind === 'alias' ? event.aliases.includes(ref.alias.name) : assetKeyText(ref.asset) === assetKeyText(event.asset);
      const alias = ref.kind === 'alias' ? ref.alias.name : null;
      return isMeant ? [Object.freeze({ dagId, eventId: event.id, asset: event.asset, alias, at: event.at })] : [];
    });
    if (added.length === 0) continue;
    tables.assetQueues.set(dagId, [...queue, ...added]);
    tables.dags.set(dagId, { ...dag, assetCheckAt: event.at });
  }
  return event;
}

export function addLineage(tables: Tables, line: AssetLineage): void {
  const lines = tables.assetLineage.get(line.dagRunId);
  if (lines) lines.push(Object.freeze(line));
  else tables.assetLineage.set(line.dagRunId, [Object.freeze(line)]);
}

export function listEvents(tables: Tables, filter: AssetEventFilter): readonly AssetEvent[] {
  const { asset, alias, triggeredRun, source, after, before, newestFirst, limit } = filter;
  const consumed = new Set(
    (triggeredRun === undefined ? [] : (tables.assetLineage.get(triggeredRun) ?? [])).map((line) =>
      line.kind === 'trigger' ? line.eventId : null,
    ),
  );
  const isKey = (key: AssetKey): boolean => asset === undefined || assetKeyText(key) === assetKeyText(asset);
  const found = [...tables.assetEvents.values()].filter(
    (event) =>
      isKey(event.asset) &&
      (alias === undefined || event.aliases.includes(alias)) &&
      (triggeredRun === undefined || consumed.has(event.id)) &&
      (source?.dagId === undefined || event.source?.dagId === source.dagId) &&
      (source?.runId === undefined || event.source?.runId === source.runId) &&
      (source?.taskId === undefined || event.source?.taskId === source.taskId) &&
      (after === undefined || event.at >= after) &&
      (before === undefined || event.at <= before),
  );
  const direction = newestFirst ? -1 : 1;
  return found.sort((a, b) => direction * (a.at - b.at || a.id - b.id)).slice(0, limit);
}

/** An asset that a task found out about is known from then on. */
export function saveFound(tables: Tables, { asset, aliases }: AssetEmission, now: Instant): void {
  const key = assetKeyText(asset);
  for (const name of aliases) tables.aliases.get(name)?.members.set(key, { name: asset.name, uri: asset.uri });
  if (aliases.length === 0 || tables.assets.has(key)) return;
  const isTaken = [...tables.assets.values()].some((one) => one.isActive && (one.name === asset.name || one.uri === asset.uri));
  tables.assets.set(key, Object.freeze({ ...asset, id: tables.nextId(), isActive: !isTaken, createdAt: now, updatedAt: now }));
}
