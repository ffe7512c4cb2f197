import { planBackfill, type ExistingRun } from '../../src/core/backfill/plan-backfill.js';
import type { ReprocessBehavior } from '../../src/model/backfill.js';
import type { NewDagRun } from '../../src/model/dag.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import type { DagRunState } from '../../src/model/states.js';
import { taskSpec } from '../unit/core/factories.js';
import type { VectorCase } from './vector-file.js';
import { instantOf, specOf, textOf, type VectorInstant, type VectorTimetable } from './vector-timetable.js';

export interface BackfillCase extends VectorCase {
  readonly op: 'backfill' | 'existing';
  readonly dag: { readonly timetable: VectorTimetable; readonly tasks?: readonly { readonly dependsOnPast?: boolean }[] };
  readonly from: VectorInstant;
  readonly to: VectorInstant;
  readonly now: VectorInstant;
  readonly runBackwards: boolean;
  readonly reprocessBehavior?: ReprocessBehavior | null;
  readonly existingRunState: DagRunState;
}

const MAX_RUNS = 100_000;

/** Airflow has a class for each of these; we have one code, and a sentence. */
const ERRORS: readonly (readonly [RegExp, string])[] = [
  [/yields no runs over a range/, 'DagNonPeriodicScheduleException'],
  [/the range is reversed/, 'InvalidBackfillDateRange'],
  [/lies in the future/, 'InvalidBackfillDate'],
  [/cannot run backwards/, 'InvalidBackfillDirection'],
  [/would wait for a failed run/, 'InvalidReprocessBehavior'],
  [/no interval of .* lies in the range/, 'NoBackfillRunsToCreate'],
];

export function backfillAnswer(testCase: BackfillCase): unknown {
  return testCase.op === 'existing' ? existingAnswer(testCase) : plannedRuns(testCase);
}

function plannedRuns(testCase: BackfillCase): unknown {
  const { dag, from, to, now, runBackwards, reprocessBehavior } = testCase;
  const tasks = (dag.tasks ?? []).map(({ dependsOnPast = false }, index) => taskSpec(`t${index}`, { dependsOnPast }));
  try {
    const plan = planBackfill({
      spec: specOf(dag.timetable, {}, tasks),
      from: instantOf(from),
      to: instantOf(to),
      now: instantOf(now),
      existing: [],
      reprocessBehavior: reprocessBehavior ?? 'none',
      runBackwards,
      maxRuns: MAX_RUNS,
    });
    return { runs: plan.create.map(runRecord) };
  } catch (error) {
    if (!isAirflowLikeError(error) || error.code !== 'BACKFILL_RANGE') throw error;
    return { error: ERRORS.find(([sentence]) => sentence.test(error.message))?.[1] };
  }
}

function runRecord({ logicalDate, dataInterval, runAfter, runId, backfillOrdinal }: NewDagRun): unknown {
  return {
    logicalDate: textOf(logicalDate ?? Number.NaN),
    dataIntervalStart: textOf(dataInterval?.start ?? Number.NaN),
    dataIntervalEnd: textOf(dataInterval?.end ?? Number.NaN),
    runAfter: textOf(runAfter),
    sortOrdinal: backfillOrdinal,
    runId,
  };
}

/** One day of a daily DAG, which has a run already. */
function existingAnswer({ existingRunState, reprocessBehavior }: BackfillCase): unknown {
  const day = instantOf('2026-01-03T00:00:00Z');
  const existing: ExistingRun = { logicalDate: day, state: existingRunState };
  const { create, reprocess, skipped } = planBackfill({
    spec: specOf({ type: 'CronDataInterval', cron: '@daily' }),
    from: day,
    to: day,
    now: instantOf('2026-02-01T00:00:00Z'),
    existing: [existing],
    reprocessBehavior: reprocessBehavior ?? 'none',
    runBackwards: false,
    maxRuns: MAX_RUNS,
  });
  if (create.length > 0) return { action: 'create', reason: null };
  if (reprocess.length > 0) return { action: 'clearAndAdopt', reason: null };
  return { action: 'skip', reason: skipped[0]?.reason.replaceAll('_', ' ') };
}
