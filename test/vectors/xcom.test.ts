import { expect, it } from '@jest/globals';
import { choosePulled, planPull } from '../../src/core/xcom/pull.js';
import type { XComQuery, XComRow } from '../../src/model/xcom.js';
import { readVectors } from './vector-file.js';
import { CALLER, dateOf, judgeXComs, pullOf, XCOM_VECTORS, type PullCase, type XComFile } from './xcom-answers.js';

it('XComs are pushed and pulled as in Airflow 3.3.2', () => {
  const file = readVectors<PullCase>(XCOM_VECTORS);
  if (!file) return;
  const world = file as unknown as XComFile;
  const pulled = file.cases
    .filter(({ kind }) => kind === 'pull')
    .map((testCase) => {
      const pull = pullOf(testCase);
      const rows = select(world, testCase.caller.run, planPull(pull, CALLER));
      return [testCase.id, choosePulled(pull, CALLER, rows)] as const;
    });
  expect(judgeXComs('core', new Map(pulled))).toEqual([]);
});

/** What `AttemptStore.pullXComs` promises, over the rows of the file. */
function select(
  { rows, runs }: XComFile,
  own: string,
  { taskIds, key, mapIndexes, runId, includePriorDates }: XComQuery,
): readonly XComRow[] {
  const at = (run: string): number => dateOf(runs[run] ?? null);
  const last = runId ?? own;
  const earlier = Object.keys(runs).filter((run) => last in runs && at(run) <= at(last));
  const candidates = includePriorDates ? earlier.sort((a, b) => at(b) - at(a)) : [last];
  return taskIds.flatMap((taskId) =>
    (mapIndexes ?? [null]).flatMap((wanted) => {
      const found = (run: string): XComRow[] =>
        rows
          .filter((row) => row[0] === run && row[1] === taskId && row[3] === key && (wanted === null || row[2] === wanted))
          .map((row) => ({ taskId, mapIndex: row[2], value: row[4] }));
      const newest = candidates.find((run) => found(run).some(({ value }) => value !== null));
      return newest === undefined ? [] : found(newest);
    }),
  );
}
