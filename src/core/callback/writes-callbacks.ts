import type { RunCommit } from '../../model/commit.js';

/** Whether somebody has to be told that there are callbacks to deliver. */
export function writesCallbacks(commits: readonly RunCommit[]): boolean {
  return commits.some(
    ({ run, changes, insertions }) =>
      run?.callback !== undefined ||
      changes.some(({ callback }) => callback !== undefined) ||
      insertions.some(({ callback }) => callback !== undefined),
  );
}
