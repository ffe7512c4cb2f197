/** Assets in memory: the reads that people use. */
import { assetKeyText, type AssetRef, type QueuedAssetEvent } from '../../model/asset.js';
import type { AssetStore, QueuedEventFilter } from '../../ports/store.js';
import { addEvent, listEvents, saveFound } from './asset-events.js';
import type { Tables } from './tables.js';

const ROLES = ['schedule', 'outlet', 'inlet'];

export function createAssetStore(tables: Tables): AssetStore {
  return {
    async list(filter) {
      const assets = [...tables.assets.values()].filter(({ isActive }) => isActive || filter?.includeInactive);
      return assets.sort((a, b) => byText(a.name, b.name) || byText(a.uri, b.uri));
    },
    async listAliases() {
      const aliases = [...tables.aliases.values()].sort((a, b) => byText(a.name, b.name));
      return aliases.map(({ members, ...alias }) => ({
        ...alias,
        assets: [...members.values()].sort((a, b) => byText(a.name, b.name) || byText(a.uri, b.uri)),
      }));
    },
    async listReferences() {
      const live = [...tables.assetReferences].filter(([dagId]) => tables.dags.get(dagId)?.isRetired === false);
      const key = ({ ref }: (typeof live)[number][1][number]) =>
        ref.kind === 'asset' ? `${assetKeyText(ref.asset)}\n` : `\n\n${ref.alias.name}`;
      return live
        .flatMap(([, references]) => references.map((reference) => ({ ...reference, ref: asStored(tables, reference.ref) })))
        .sort(
          (a, b) =>
            byText(a.dagId, b.dagId) ||
            ROLES.indexOf(a.role) - ROLES.indexOf(b.role) ||
            byText(a.taskId ?? '', b.taskId ?? '') ||
            byText(key(a), key(b)),
        );
    },
    async createEvent(asset, { at, extra, aliases = [] }) {
      saveFound(tables, { asset, extra, aliases }, at);
      if (!tables.assets.has(assetKeyText(asset))) return null;
      return addEvent(tables, { asset: { name: asset.name, uri: asset.uri }, at, extra, aliases, source: null });
    },
    async listEvents(filter) {
      return listEvents(tables, filter);
    },
    async listQueued(filter) {
      const queues = [...tables.assetQueues].sort(([a], [b]) => byText(a, b));
      return queues.flatMap(([, queue]) => queue.filter(isMeant(filter)));
    },
    async deleteQueued(filter) {
      let deleted = 0;
      for (const [dagId, queue] of tables.assetQueues) {
        const kept = queue.filter((entry) => !isMeant(filter)(entry));
        deleted += queue.length - kept.length;
        tables.assetQueues.set(dagId, kept);
      }
      return deleted;
    },
    async listLineage(dagRunIds) {
      return [...new Set(dagRunIds)].sort((a, b) => a - b).flatMap((id) => tables.assetLineage.get(id) ?? []);
    },
    async findTriggeredRuns(eventIds) {
      const runs = new Map<number, number[]>(eventIds.map((id) => [id, []]));
      for (const { kind, eventId, dagRunId } of [...tables.assetLineage.values()].flat()) {
        if (kind === 'trigger' && eventId !== null) runs.get(eventId)?.push(dagRunId);
      }
      return runs;
    },
  };
}

function isMeant({ dagId, asset }: QueuedEventFilter): (entry: QueuedAssetEvent) => boolean {
  return (entry) =>
    (dagId === undefined || entry.dagId === dagId) && (asset === undefined || assetKeyText(entry.asset) === assetKeyText(asset));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Group and extra are those that stand with the asset or the alias. */
function asStored(tables: Tables, ref: AssetRef): AssetRef {
  if (ref.kind === 'alias') return { kind: 'alias', alias: { ...ref.alias, group: tables.aliases.get(ref.alias.name)!.group } };
  const { name, uri, group, extra } = tables.assets.get(assetKeyText(ref.asset))!;
  return { kind: 'asset', asset: { name, uri, group, extra } };
}
