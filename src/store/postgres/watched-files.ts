/** The memory of schedules that watch a folder. */
import { fileVersion, type FoundFile, type RememberedFiles } from '../../model/found-file.js';
import type { Instant } from '../../model/instant.js';
import { RowSet } from './columns.js';
import type { RunToCreate } from './new-runs.js';
import type { Database, Session, Statement } from './session.js';

const FILES = new RowSet({ dag_id: 'text', path: 'text', version: 'text', run_id: 'text' } as const);

const REMEMBER: Statement = {
  name: 'remember_files',
  text: `insert into watched_file (dag_id, path, version, run_id, seen_at)
    select x.dag_id, x.path, x.version, x.run_id, to_timestamp($1::float8 / 1000) from (${FILES.select(2)}) x order by x.dag_id, x.path, x.version
    on conflict do nothing returning dag_id, path, version`,
};

const READ: Statement = { name: 'read_watched_files', text: 'select path, version from watched_file where dag_id = $1' };

/** Files for which there is no run, from the time before the DAG watched its folder. */
export async function rememberFiles(database: Database, dagId: string, files: readonly FoundFile[], now: Instant): Promise<void> {
  const rows = files.map((file) => ({ dag_id: dagId, path: file.path, version: fileVersion(file), run_id: null }));
  if (rows.length > 0) await database.run(REMEMBER, [now, ...FILES.values(rows)]);
}

export async function rememberedFiles(database: Database, dagId: string): Promise<RememberedFiles> {
  const remembered = new Map<string, string[]>();
  for (const { path, version } of await database.run<{ path: string; version: string }>(READ, [dagId])) {
    const versions = remembered.get(path);
    if (versions) versions.push(version);
    else remembered.set(path, [version]);
  }
  return remembered;
}

/** Remembers the files that these runs are for, and leaves out the runs of those that are remembered already. In the transaction of their creation. */
export async function withoutRemembered(
  session: Session,
  runs: readonly RunToCreate[],
  now: Instant,
): Promise<readonly RunToCreate[]> {
  const rows = runs.flatMap(({ dagId, run: { file, runId } }) =>
    file ? [{ dag_id: dagId, path: file.path, version: fileVersion(file), run_id: runId }] : [],
  );
  if (rows.length === 0) return runs;
  const key = (dagId: string, path: string, version: string) => `${dagId}\0${path}\0${version}`;
  const added = await session.run<{ dag_id: string; path: string; version: string }>(REMEMBER, [now, ...FILES.values(rows)]);
  const isNew = new Set(added.map((row) => key(row.dag_id, row.path, row.version)));
  return runs.filter(({ dagId, run: { file } }) => !file || isNew.has(key(dagId, file.path, fileVersion(file))));
}
