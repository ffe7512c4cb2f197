/** Since when a DAG is active: runs that failed before somebody unpaused it do not pause it again. Null: it never was paused. */
export const activeSince = {
  version: 7,
  name: 'active since',
  sql: `
alter table dag add column active_since timestamptz;
`,
} as const;
