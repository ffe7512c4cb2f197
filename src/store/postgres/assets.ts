/** Assets, where DAGs name them, what waits for whom, and what runs read and wrote: the reads that people use. */
import type { Asset, AssetAlias, AssetExtra, AssetKey, AssetLineage, AssetReference, QueuedAssetEvent } from '../../model/asset.js';
import type { Instant } from '../../model/instant.js';
import type { AssetStore } from '../../ports/store.js';
import { createEvent, listEvents } from './asset-events.js';
import { listParameter } from './columns.js';
import type { Database, Row, Session, Statement } from './session.js';

const LIST: Statement = {
  name: 'list_assets',
  text: 'select * from asset a where a.is_active or $1::boolean order by a.name, a.uri',
};

const LIKE: Statement = {
  name: 'find_assets_like',
  text: 'select * from asset a where a.name = any ($1::text[]) or a.uri = any ($2::text[]) order by a.asset_id',
};

const LIST_ALIASES: Statement = {
  name: 'list_asset_aliases',
  text: `select a.*, coalesce(
      (select json_agg(json_build_array(m.asset_name, m.asset_uri) order by m.asset_name, m.asset_uri)
       from asset_alias_member m where m.alias_name = a.name), '[]') as members
    from asset_alias a order by a.name`,
};

const LIST_REFERENCES: Statement = {
  name: 'list_asset_references',
  text: `select r.*, coalesce(a.group_name, l.group_name) as group_name, a.extra from asset_reference r
      join dag g on g.dag_id = r.dag_id and not g.is_retired
      left join asset a on r.alias_name = '' and a.name = r.asset_name and a.uri = r.asset_uri
      left join asset_alias l on r.alias_name <> '' and l.name = r.alias_name
    order by r.dag_id, r.role desc, r.task_id, r.asset_name, r.asset_uri, r.alias_name`,
};

const LIST_QUEUED: Statement = {
  name: 'list_queued_asset_events',
  text: `select q.* from asset_queue q
    where ($1::text is null or q.dag_id = $1) and ($2::text is null or (q.asset_name = $2 and q.asset_uri = $3))
    order by q.dag_id, q.asset_event_id, q.alias_name`,
};

const DELETE_QUEUED: Statement = {
  name: 'delete_queued_asset_events',
  text: `delete from asset_queue q
    where ($1::text is null or q.dag_id = $1) and ($2::text is null or (q.asset_name = $2 and q.asset_uri = $3)) returning 1`,
};

const LIST_LINEAGE: Statement = {
  name: 'list_asset_lineage',
  text: `select l.* from asset_lineage l where l.dag_run_id = any ($1::bigint[]) order by l.dag_run_id, l.asset_lineage_id`,
};

const TRIGGERED_RUNS: Statement = {
  name: 'list_runs_of_asset_events',
  text: `select l.asset_event_id, l.dag_run_id from asset_lineage l where l.asset_event_id = any ($1::bigint[]) and l.kind = 'trigger'
    order by l.asset_event_id, l.dag_run_id`,
};

export function createAssetStore(database: Database): AssetStore {
  return {
    async list(filter) {
      return (await database.run(LIST, [filter?.includeInactive ?? false])).map(readAsset);
    },
    async listAliases() {
      return (await database.run(LIST_ALIASES)).map(readAlias);
    },
    async listReferences() {
      return (await database.run(LIST_REFERENCES)).map(readReference);
    },
    createEvent: (asset, event) => createEvent(database, asset, event),
    listEvents: (filter) => listEvents(database, filter),
    async listQueued(filter) {
      return (await database.run(LIST_QUEUED, queueFilter(filter))).map(readQueued);
    },
    async deleteQueued(filter) {
      return (await database.run(DELETE_QUEUED, queueFilter(filter))).length;
    },
    async listLineage(dagRunIds) {
      return (await database.run(LIST_LINEAGE, [listParameter(dagRunIds)])).map(readLineage);
    },
    async findTriggeredRuns(eventIds) {
      const runs = new Map<number, number[]>(eventIds.map((id) => [id, []]));
      for (const row of await database.run<{ asset_event_id: number; dag_run_id: number }>(TRIGGERED_RUNS, [
        listParameter(eventIds),
      ]))
        runs.get(row.asset_event_id)!.push(row.dag_run_id);
      return runs;
    },
  };
}

/** Assets of these names or URIs. */
export async function findAssetsLike(session: Session, keys: readonly AssetKey[]): Promise<readonly Asset[]> {
  const rows = await session.run(LIKE, [listParameter(keys.map(({ name }) => name)), listParameter(keys.map(({ uri }) => uri))]);
  return rows.map(readAsset);
}

function queueFilter({ dagId, asset }: Parameters<AssetStore['listQueued']>[0]): unknown[] {
  return [dagId ?? null, asset?.name ?? null, asset?.uri ?? null];
}

function readAsset(row: Row): Asset {
  return {
    id: row['asset_id'] as number,
    name: row['name'] as string,
    uri: row['uri'] as string,
    group: row['group_name'] as string,
    extra: JSON.parse(row['extra'] as string) as AssetExtra,
    isActive: row['is_active'] as boolean,
    createdAt: row['created_at'] as Instant,
    updatedAt: row['updated_at'] as Instant,
  };
}

function readAlias(row: Row): AssetAlias {
  const members = row['members'] as readonly (readonly [string, string])[];
  return {
    id: row['asset_alias_id'] as number,
    name: row['name'] as string,
    group: row['group_name'] as string,
    assets: members.map(([name, uri]) => ({ name, uri })),
  };
}

function readReference(row: Row): AssetReference {
  const alias = row['alias_name'] as string;
  const group = row['group_name'] as string;
  return {
    dagId: row['dag_id'] as string,
    role: row['role'] as AssetReference['role'],
    taskId: (row['task_id'] as string) || null,
    ref:
      alias !== ''
        ? { kind: 'alias', alias: { name: alias, group } }
        : {
            kind: 'asset',
            asset: {
              name: row['asset_name'] as string,
              uri: row['asset_uri'] as string,
              group,
              extra: JSON.parse(row['extra'] as string) as AssetExtra,
            },
          },
  };
}

function readQueued(row: Row): QueuedAssetEvent {
  return {
    dagId: row['dag_id'] as string,
    eventId: row['asset_event_id'] as number,
    asset: { name: row['asset_name'] as string, uri: row['asset_uri'] as string },
    alias: (row['alias_name'] as string) || null,
    at: row['at'] as Instant,
  };
}

function readLineage(row: Row): AssetLineage {
  return {
    dagRunId: row['dag_run_id'] as number,
    kind: row['kind'] as AssetLineage['kind'],
    taskId: row['task_id'] as string | null,
    mapIndex: row['map_index'] as number | null,
    asset: { name: row['asset_name'] as string, uri: row['asset_uri'] as string },
    eventId: row['asset_event_id'] as number | null,
    at: row['at'] as Instant,
  };
}
