/** A backfill of many runs is created in several transactions; between them it can be told from one that has all its runs. */
export const incompleteBackfills = {
  version: 10,
  name: 'incomplete backfills',
  sql: `
alter table backfill add column is_incomplete boolean not null default false;
`,
} as const;
