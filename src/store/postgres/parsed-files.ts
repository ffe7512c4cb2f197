/** What the dag processor writes: files, bundles, versions, DAGs, import problems. A thousand files take about ten statements. */
import type { ImportProblem, ParsedFile, SourceBundle } from '../../model/dag.js';
import type { Instant } from '../../model/instant.js';
import type { SavedFiles } from '../../ports/store.js';
import { assignDags, type Assigned } from '../assign-dags.js';
import { refreshUse, saveAssetReferences } from './asset-references.js';
import { listParameter, RowSet } from './columns.js';
import type { Database, Session, Statement } from './session.js';

/** Two processors that save at once come one after the other. */
const LOCK_CATALOG: Statement = { name: 'lock_catalog', text: 'select pg_advisory_xact_lock(1095782732, 2)' };

const KNOWN_DAGS: Statement = {
  name: 'save_known_dags',
  text: `select g.dag_id, g.file, g.is_retired, g.current_version_id from dag g
    where lower(g.dag_id) in (select lower(id) from unnest($1::text[]) id)
    union select g.dag_id, g.file, g.is_retired, g.current_version_id from dag g where g.file = any ($2::text[])`,
};

const SOURCES = new RowSet({ hash: 'text', path: 'text', content: 'text', compiled: 'text' } as const);
const SAVE_SOURCES: Statement = {
  name: 'save_sources',
  text: `insert into source_file (hash, path, content, compiled) select x.hash, x.path, x.content, x.compiled from (${SOURCES.select(1)}) x
    on conflict do nothing`,
};

const KNOWN_BUNDLES: Statement = {
  name: 'save_known_bundles',
  text: 'select hash from source_bundle where hash = any ($1::text[])',
};

const BUNDLES = new RowSet({ hash: 'text', entry: 'text' } as const);
const SAVE_BUNDLES: Statement = {
  name: 'save_bundles',
  text: `insert into source_bundle (hash, entry) select x.hash, x.entry from (${BUNDLES.select(1)}) x on conflict do nothing`,
};

const BUNDLE_FILES = new RowSet({ bundle_hash: 'text', position: 'integer', path: 'text', file_hash: 'text' } as const);
const SAVE_BUNDLE_FILES: Statement = {
  name: 'save_bundle_files',
  text: `insert into source_bundle_file (bundle_hash, position, path, file_hash)
    select x.bundle_hash, x.position, x.path, x.file_hash from (${BUNDLE_FILES.select(1)}) x on conflict do nothing`,
};

const VERSIONS = new RowSet({ dag_id: 'text', spec_hash: 'text', bundle_hash: 'text', spec: 'text' } as const);
/** A version that was there before keeps its id, also when a file goes back to it. */
const SAVE_VERSIONS: Statement = {
  name: 'save_versions',
  text: `with given as materialized (${VERSIONS.select(2)}), added as (
  insert into dag_version (dag_id, number, spec_hash, bundle_hash, created_at, spec)
  select x.dag_id, coalesce((select max(v.number) from dag_version v where v.dag_id = x.dag_id), 0) + 1, x.spec_hash, x.bundle_hash,
    to_timestamp($1::float8 / 1000), x.spec
  from given x
  where not exists (
    select 1 from dag_version v where v.dag_id = x.dag_id and v.spec_hash = x.spec_hash and v.bundle_hash = x.bundle_hash
  )
  returning dag_id, dag_version_id
)
select dag_id, dag_version_id from added
union all
select x.dag_id, v.dag_version_id from given x
  join dag_version v on v.dag_id = x.dag_id and v.spec_hash = x.spec_hash and v.bundle_hash = x.bundle_hash`,
};

const DAGS = new RowSet({
  dag_id: 'text',
  version_id: 'bigint',
  file: 'text',
  is_paused: 'boolean',
} as const);
const SAVE_DAGS: Statement = {
  name: 'save_dags',
  text: `insert into dag as g (dag_id, is_paused, current_version_id, file, check_at, last_parsed_at)
  select x.dag_id, x.is_paused, x.version_id, x.file, case when not x.is_paused then to_timestamp($1::float8 / 1000) end,
    to_timestamp($1::float8 / 1000)
  from (${DAGS.select(2)}) x order by x.dag_id
  on conflict (dag_id) do update set current_version_id = excluded.current_version_id, file = excluded.file, is_retired = false,
    last_parsed_at = excluded.last_parsed_at,
    check_at = case
      when g.is_paused then null
      when g.is_retired or g.current_version_id <> excluded.current_version_id then excluded.last_parsed_at
      else g.check_at end`,
};

const RETIRE_DAGS: Statement = {
  name: 'retire_dags',
  text: `update dag set is_retired = true, check_at = null, asset_check_at = null, next_logical_date = null, next_interval_start = null, next_interval_end = null,
    next_run_after = null where dag_id = any ($1::text[]) and not is_retired`,
};

const FILES = new RowSet({ path: 'text', content_hash: 'text', parse_ms: 'float8', has_errors: 'boolean' } as const);
const SAVE_FILES: Statement = {
  name: 'save_files',
  text: `with given as materialized (${FILES.select(2)}), flagged as (
  update dag g set has_import_errors = x.has_errors from given x where g.file = x.path and g.has_import_errors <> x.has_errors
)
insert into dag_file (path, content_hash, parsed_at, parse_ms)
select x.path, x.content_hash, to_timestamp($1::float8 / 1000), x.parse_ms from given x
on conflict (path) do update set content_hash = excluded.content_hash, parsed_at = excluded.parsed_at, parse_ms = excluded.parse_ms`,
};

const PROBLEMS = new RowSet({
  parsed_file: 'text',
  file: 'text',
  code: 'text',
  message: 'text',
  line: 'integer',
  column_number: 'integer',
  value: 'text',
  allowed: 'text',
  suggestion: 'text',
  stack: 'text',
} as const);
const DELETE_PROBLEMS: Statement = {
  name: 'delete_problems',
  text: 'delete from import_problem where parsed_file = any ($1::text[])',
};
const SAVE_PROBLEMS: Statement = {
  name: 'save_problems',
  text: `insert into import_problem (parsed_file, file, code, message, line, "column", value, allowed, suggestion, stack)
    select x.parsed_file, x.file, x.code, x.message, x.line, x.column_number, x.value, x.allowed, x.suggestion, x.stack from (${PROBLEMS.select(1)}) x order by x.n`,
};

/** Files that could not have a DAG because its owner was another file: they count as changed once the owner has let go. */
const FORGET_DUPLICATES: Statement = {
  name: 'forget_duplicates',
  text: `update dag_file f set content_hash = '' from import_problem p
    where p.parsed_file = f.path and p.code in ('DAG_DUPLICATE', 'ID_CONFUSABLE')
    and lower(p.value) in (select lower(id) from unnest($1::text[]) id)`,
};

const DELETE_FILES: Statement = { name: 'delete_files', text: 'delete from dag_file where path = any ($1::text[])' };
const DAGS_OF_FILES: Statement = {
  name: 'dags_of_files',
  text: 'select dag_id from dag where file = any ($1::text[]) and not is_retired order by dag_id',
};

/** See `DagCatalog.saveFiles`. Only errors are kept as import problems; warnings are the processor's to report. */
export function saveFiles(database: Database, files: readonly ParsedFile[], now: Instant): Promise<SavedFiles> {
  const latest = [...new Map(files.map((file) => [file.path, file])).values()];
  return database.transaction(async (session) => {
    await session.run(LOCK_CATALOG);
    const ids = [...new Set(latest.flatMap((file) => file.dags.map(({ spec }) => spec.dagId)))];
    const paths = listParameter(latest.map((file) => file.path));
    const known = (await session.run(KNOWN_DAGS, [listParameter(ids), paths])).map((row) => ({
      dagId: row['dag_id'] as string,
      file: row['file'] as string,
      isRetired: row['is_retired'] as boolean,
      versionId: row['current_version_id'] as number,
    }));
    const assigned = assignDags(latest, known);
    await saveBundles(session, assigned);
    const versions = await saveVersions(session, assigned, now);
    const before = new Map(known.map((dag) => [dag.dagId, dag]));
    const dagRows = assigned.saved.map(({ file, dag: { spec } }) => ({
      dag_id: spec.dagId,
      version_id: versions.get(spec.dagId)!,
      file: file.path,
      is_paused: spec.isPausedUponCreation ?? false,
    }));
    if (dagRows.length > 0) await session.run(SAVE_DAGS, [now, ...DAGS.values(dagRows)]);
    if (assigned.retired.length > 0) await retire(session, assigned.retired);
    await saveAssetReferences(
      session,
      assigned.saved.map(({ dag }) => dag.spec),
      now,
    );
    await session.run(DELETE_PROBLEMS, [paths]);
    const problems = [
      ...latest.flatMap((file) => file.errors.map((problem) => problemRow(file.path, problem))),
      ...assigned.duplicates.map((problem) => problemRow(problem.file, problem)),
    ];
    if (problems.length > 0) await session.run(SAVE_PROBLEMS, PROBLEMS.values(problems));
    const faulty = new Set(problems.map((problem) => problem.parsed_file));
    const fileRows = latest.map(({ path, contentHash, parseMs }) => ({
      path,
      content_hash: contentHash,
      parse_ms: parseMs,
      has_errors: faulty.has(path),
    }));
    await session.run(SAVE_FILES, [now, ...FILES.values(fileRows)]);
    const changed = dagRows
      .map((row) => row.dag_id)
      .filter((dagId, index) => {
        const old = before.get(dagId);
        return !old || old.isRetired || old.versionId !== dagRows[index]!.version_id;
      });
    return { changed: changed.sort(), retired: assigned.retired, problems: assigned.duplicates };
  });
}

/** See `DagCatalog.retireFiles`. */
export function retireFiles(database: Database, paths: readonly string[]): Promise<readonly string[]> {
  return database.transaction(async (session) => {
    await session.run(LOCK_CATALOG);
    const gone = listParameter(paths);
    const retired = (await session.run<{ dag_id: string }>(DAGS_OF_FILES, [gone])).map((row) => row.dag_id);
    await session.run(DELETE_PROBLEMS, [gone]);
    await session.run(DELETE_FILES, [gone]);
    if (retired.length > 0) await retire(session, retired);
    return retired;
  });
}

async function retire(session: Session, dagIds: readonly string[]): Promise<void> {
  const ids = listParameter(dagIds);
  await session.run(RETIRE_DAGS, [ids]);
  await session.run(FORGET_DUPLICATES, [ids]);
  await refreshUse(session);
}

async function saveBundles(session: Session, { saved }: Assigned): Promise<void> {
  const given = new Map<string, SourceBundle>();
  for (const { file } of saved) if (file.bundle) given.set(file.bundle.hash, file.bundle);
  if (given.size === 0) return;
  const known = await session.run<{ hash: string }>(KNOWN_BUNDLES, [listParameter([...given.keys()])]);
  for (const { hash } of known) given.delete(hash);
  if (given.size === 0) return;
  const bundles = [...given.values()];
  const sources = new Map(bundles.flatMap((bundle) => bundle.files.map((file) => [`${file.hash} ${file.path}`, file] as const)));
  const inOrder = [...sources.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  await session.run(
    SAVE_SOURCES,
    SOURCES.values(inOrder.map(([, { hash, path, content, compiled }]) => ({ hash, path, content, compiled }))),
  );
  await session.run(SAVE_BUNDLES, BUNDLES.values(bundles.map(({ hash, entry }) => ({ hash, entry }))));
  const rows = bundles.flatMap((bundle) =>
    bundle.files.map((file, position) => ({ bundle_hash: bundle.hash, position, path: file.path, file_hash: file.hash })),
  );
  await session.run(SAVE_BUNDLE_FILES, BUNDLE_FILES.values(rows));
}

async function saveVersions(session: Session, { saved }: Assigned, now: Instant): Promise<ReadonlyMap<string, number>> {
  if (saved.length === 0) return new Map();
  const rows = saved.map(({ dag: { spec, specHash }, bundleHash }) => ({
    dag_id: spec.dagId,
    spec_hash: specHash,
    bundle_hash: bundleHash,
    spec: JSON.stringify(spec),
  }));
  const answer = await session.run<{ dag_id: string; dag_version_id: number }>(SAVE_VERSIONS, [now, ...VERSIONS.values(rows)]);
  return new Map(answer.map((row) => [row.dag_id, row.dag_version_id]));
}

function problemRow(parsedFile: string, { column, ...problem }: ImportProblem) {
  const { file, code, message, line, value, allowed, suggestion, stack } = problem;
  return { parsed_file: parsedFile, file, code, message, line, column_number: column, value, allowed, suggestion, stack };
}
