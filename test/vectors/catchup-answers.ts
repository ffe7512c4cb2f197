import { planDagSchedule } from '../../src/core/dag-run/plan-schedule.js';
import { needsStartDate } from '../../src/core/timetable/start-date.js';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import { restrictionOf } from '../../src/core/timetable/timetable.js';
import type { DagSpec } from '../../src/model/dag-spec.js';
import type { DagSchedule, NextRun } from '../../src/model/dag.js';
import type { DataInterval, Instant } from '../../src/model/instant.js';
import { dagSchedule, taskSpec } from '../unit/core/factories.js';
import type { VectorCase } from './vector-file.js';
import { instantOf, instantOrNull, specOf, textOf, type VectorInstant, type VectorTimetable } from './vector-timetable.js';

interface TaskDates {
  readonly startDate?: VectorInstant | null;
  readonly endDate?: VectorInstant | null;
}

export interface CatchupCase extends VectorCase {
  readonly op: 'materialise' | 'ticks';
  readonly dag: {
    readonly timetable: VectorTimetable;
    readonly startDate: VectorInstant | null;
    readonly endDate: VectorInstant | null;
    readonly catchup: boolean;
    readonly tasks?: readonly TaskDates[];
    readonly maxActiveRuns?: number;
  };
  readonly now: VectorInstant;
  readonly ticks: readonly VectorInstant[];
  readonly replanAtTick: boolean;
}

/** In the recorded cases runs do not block one another. */
const NO_LIMIT = 100_000;

export function catchupAnswer(testCase: CatchupCase): unknown {
  const { timetable, catchup, startDate, endDate, tasks = [{}] } = testCase.dag;
  const changes = { startDate: instantOrNull(startDate), endDate: instantOrNull(endDate), catchup, maxActiveRuns: NO_LIMIT };
  const dates = (task: TaskDates) => ({ startDate: instantOrNull(task.startDate), endDate: instantOrNull(task.endDate) });
  const spec = specOf(
    timetable,
    changes,
    tasks.map((task, index) => taskSpec(`t${index}`, dates(task))),
  );
  if (spec.startDate === null && catchup && needsStartDate(spec.schedule, catchup)) {
    return { rejected: 'start_date is required when catchup=True' };
  }
  if (testCase.op === 'materialise') return materialise(spec, instantOf(testCase.now), testCase.dag.maxActiveRuns);
  const ticks = testCase.ticks.map(instantOf);
  return testCase.replanAtTick ? plannedAnew(spec, ticks) : plannedAhead(spec, ticks);
}

function materialise(spec: DagSpec, now: Instant, maxActiveRuns: number | undefined): unknown {
  const { runs, planned } = createDue(spec, now, null);
  const answer = { runs: runs.map(runText), planned: planned && runText(planned) };
  if (maxActiveRuns === undefined) return answer;
  return { ...answer, createdBeforeAnyFinishes: planDagSchedule(dagSchedule({ ...spec, maxActiveRuns }, now)).createRuns.length };
}

/** Our scheduler plans at every pass. */
function plannedAnew(spec: DagSpec, ticks: readonly Instant[]): unknown {
  let last: DataInterval | null = null;
  return ticks.map((now) => {
    const { runs, planned } = createDue(spec, now, last);
    last = runs.at(-1)?.dataInterval ?? last;
    return { now: textOf(now), created: runs.map(runText), planned: planned && runText(planned) };
  });
}

/** Passes of the scheduler until nothing is due. */
function createDue(spec: DagSpec, now: Instant, from: DataInterval | null): { runs: readonly NextRun[]; planned: NextRun | null } {
  const runs: NextRun[] = [];
  for (let last = from; ; last = runs.at(-1)?.dataInterval ?? null) {
    const lastAutomated: DagSchedule['lastAutomated'] = last && { logicalDate: last.start, dataInterval: last };
    const plan = planDagSchedule(dagSchedule(spec, now, { lastAutomated }));
    if (plan.createRuns.length === 0) return { runs, planned: plan.nextRun };
    for (const { dataInterval, runAfter } of plan.createRuns) {
      if (!dataInterval) throw new Error('a scheduled run has a data interval');
      runs.push({ logicalDate: dataInterval.start, dataInterval, runAfter });
    }
  }
}

/** What the timetables answer to a scheduler that keeps a plan until it is due; ours does not, so they are asked directly. */
function plannedAhead(spec: DagSpec, ticks: readonly Instant[]): unknown {
  const timetable = timetableFor(spec);
  const restriction = restrictionOf(spec);
  let planned = timetable.next(null, restriction, ticks[0] as Instant);
  return ticks.map((now) => {
    const created: NextRun[] = [];
    while (planned !== null && planned.runAfter <= now && created.length < (timetable.maxActiveRuns ?? NO_LIMIT)) {
      created.push(planned);
      planned = timetable.next(planned.dataInterval, restriction, now);
    }
    return { now: textOf(now), created: created.map(runText), planned: planned && runText(planned) };
  });
}

function runText({ dataInterval, runAfter }: NextRun): readonly string[] {
  return [textOf(dataInterval.start), textOf(dataInterval.end), textOf(runAfter)];
}
