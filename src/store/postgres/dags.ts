/** Rows of dag: how they read, and the reads and switches that people use. What the dag processor writes is in `parsed-files.ts`. */
import type { Actor } from '../../model/commit.js';
import type { Dag, DagVersion, ImportProblem, NextRun, SourceBundle } from '../../model/dag.js';
import type { Instant } from '../../model/instant.js';
import type { DagCatalog, DagListing } from '../../ports/store.js';
import { listParameter } from './columns.js';
import { deleteDag } from './delete-dag.js';
import { retireFiles, saveFiles } from './parsed-files.js';
import type { Database, Row, Statement } from './session.js';
import type { SpecCache } from './spec-cache.js';

/** `g` is dag, `v` its current dag_version. */
export const DAG_COLUMNS =
  'g.dag_id, g.is_paused, g.paused_reason, g.is_retired, g.current_version_id, v.number as version_number, g.file, g.next_logical_date, ' +
  'g.next_interval_start, g.next_interval_end, g.next_run_after, g.last_parsed_at, g.has_import_errors';

/** Reads a row of `DAG_COLUMNS`. */
export function readDag(row: Row): Dag {
  return {
    dagId: row['dag_id'] as string,
    isPaused: row['is_paused'] as boolean,
    pausedReason: row['paused_reason'] as string | null,
    isRetired: row['is_retired'] as boolean,
    currentVersionId: row['current_version_id'] as number,
    versionNumber: row['version_number'] as number,
    file: row['file'] as string,
    nextRun: readNextRun(row),
    lastParsedAt: row['last_parsed_at'] as Instant,
    hasImportErrors: row['has_import_errors'] as boolean,
  };
}

function readNextRun(row: Row): NextRun | null {
  const {
    next_logical_date: logicalDate,
    next_interval_start: start,
    next_interval_end: end,
    next_run_after: runAfter,
  } = row as Record<string, Instant | null>;
  if (logicalDate == null || start == null || end == null || runAfter == null) return null;
  return { logicalDate, dataInterval: { start, end }, runAfter };
}

const FROM_DAGS = `select ${DAG_COLUMNS} from dag g join dag_version v on v.dag_version_id = g.current_version_id`;

const LIST: Statement = { name: 'list_dags', text: `${FROM_DAGS} where $1::boolean or not g.is_retired order by g.dag_id` };
const GET: Statement = { name: 'get_dag', text: `${FROM_DAGS} where g.dag_id = $1` };
const KNOWN_FILES: Statement = { name: 'known_files', text: 'select path, content_hash from dag_file order by path' };

const VERSION_COLUMNS = 'v.dag_version_id, v.dag_id, v.number, v.spec_hash, v.bundle_hash, v.created_at';
const GET_VERSION: Statement = {
  name: 'get_version',
  text: `select ${VERSION_COLUMNS} from dag_version v where v.dag_version_id = $1`,
};
const LIST_VERSIONS: Statement = {
  name: 'list_versions',
  text: `select ${VERSION_COLUMNS} from dag_version v where v.dag_id = $1 order by v.number desc`,
};

const GET_BUNDLE: Statement = {
  name: 'get_bundle',
  text: `select b.entry, s.path, s.hash, s.content, s.compiled from source_bundle b
    join source_bundle_file f on f.bundle_hash = b.hash join source_file s on s.hash = f.file_hash and s.path = f.path
    where b.hash = $1 order by f.position`,
};

const LIST_PROBLEMS: Statement = {
  name: 'list_import_problems',
  // Of two files that import a third, each has the mistakes of the third.
  text: `select code, message, file, line, "column", value, allowed, suggestion, stack from (
      select distinct on (file, line, "column", code, message) * from import_problem
      order by file, line, "column", code, message, import_problem_id
    ) p order by file, line nulls last, "column" nulls last, import_problem_id`,
};

const SET_PAUSED: Statement = {
  name: 'set_paused',
  text: `with changed as (
  update dag g set is_paused = $2, paused_reason = case when $2 then coalesce($3, g.paused_reason) end, check_at = case when $2 then null else to_timestamp($6::float8 / 1000) end,
    asset_check_at = case when $2 then null else to_timestamp($6::float8 / 1000) end,
    active_since = case when $2 then g.active_since else to_timestamp($6::float8 / 1000) end
  where g.dag_id = any ($1::text[]) and (g.is_paused <> $2 or g.paused_reason is distinct from case when $2 then coalesce($3, g.paused_reason) end)
  returning g.dag_id, (select o.is_paused from dag o where o.dag_id = g.dag_id) as was_paused
), events as (
  insert into event_log (entity, dag_id, from_state, to_state, actor_kind, actor_id, reason)
  select 'dag', c.dag_id, case when c.was_paused then 'paused' else 'active' end, case when $2 then 'paused' else 'active' end, $4::text, $5::text, $3
  from changed c where c.was_paused <> $2
)
select dag_id from changed where was_paused <> $2 order by dag_id`,
};

export function createCatalog(database: Database, specs: SpecCache): DagCatalog {
  const withSpecs = async (rows: readonly Row[]): Promise<readonly DagListing[]> => {
    const dags = rows.map(readDag);
    const known = await specs.load(
      database,
      dags.map((dag) => dag.currentVersionId),
    );
    return dags.map((dag) => ({ dag, spec: known.get(dag.currentVersionId)! }));
  };
  return {
    saveFiles: (files, now) => saveFiles(database, files, now),
    retireFiles: (paths) => retireFiles(database, paths),
    async knownFiles() {
      const rows = await database.run<{ path: string; content_hash: string }>(KNOWN_FILES);
      return new Map(rows.map((row) => [row.path, row.content_hash]));
    },
    async listDags(filter) {
      return withSpecs(await database.run(LIST, [filter?.includeRetired ?? false]));
    },
    async getDag(dagId) {
      return (await withSpecs(await database.run(GET, [dagId])))[0] ?? null;
    },
    async getVersion(versionId) {
      const [row] = await database.run(GET_VERSION, [versionId]);
      const spec = row && (await specs.load(database, [versionId])).get(versionId);
      return row && spec ? { version: readVersion(row), spec } : null;
    },
    async listVersions(dagId) {
      return (await database.run(LIST_VERSIONS, [dagId])).map(readVersion);
    },
    getBundle: (bundleHash) => getBundle(database, bundleHash),
    async listImportProblems() {
      return database.run<Row & ImportProblem>(LIST_PROBLEMS);
    },
    async setPaused(dagIds, isPaused, reason, actor: Actor, now) {
      const values = [listParameter(dagIds), isPaused, reason, actor.kind, actor.id, now];
      return (await database.run<{ dag_id: string }>(SET_PAUSED, values)).map((row) => row.dag_id);
    },
    deleteDag: (dagId, actor) => deleteDag(database, dagId, actor),
  };
}

async function getBundle(database: Database, hash: string): Promise<SourceBundle | null> {
  const rows = await database.run<{ entry: string; path: string; hash: string; content: string; compiled: string }>(GET_BUNDLE, [
    hash,
  ]);
  const [first] = rows;
  if (!first) return null;
  return {
    hash,
    entry: first.entry,
    files: rows.map(({ path, hash: file, content, compiled }) => ({ path, hash: file, content, compiled })),
  };
}

function readVersion(row: Row): DagVersion {
  return {
    id: row['dag_version_id'] as number,
    dagId: row['dag_id'] as string,
    number: row['number'] as number,
    specHash: row['spec_hash'] as string,
    bundleHash: row['bundle_hash'] as string,
    createdAt: row['created_at'] as Instant,
  };
}
