/** Which versions of which files a DAG that watches a folder has had its run for, so that none has two, whoever looks and whenever. */
export const watchedFiles = {
  version: 6,
  name: 'watched files',
  sql: `
create table watched_file (
  dag_id  text collate "C" not null,
  path    text collate "C" not null,
  version text collate "C" not null,
  run_id  text collate "C",
  seen_at timestamptz(3) not null,
  primary key (dag_id, path, version)
);
`,
} as const;
