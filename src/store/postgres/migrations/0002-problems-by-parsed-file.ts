/**
 * A mistake may stand in a file that the parsed one imports. What is parsed again takes its own problems away, so they are kept by the
 * parsed file. And: ids that differ only by case are looked up whenever files are saved.
 */
export const problemsByParsedFile = {
  version: 2,
  name: 'import problems by parsed file',
  sql: `
alter table import_problem add column parsed_file text collate "C";
update import_problem set parsed_file = file;
alter table import_problem alter column parsed_file set not null;
drop index import_problem_file_idx;
create index import_problem_parsed_file_idx on import_problem (parsed_file);
create index dag_lower_id_idx on dag (lower(dag_id));
`,
};
