/** The runs of each case are stored, and the run under test is asked as the planner would ask it: the store decides which run is the one before. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lookAtPast, holdsBack, type PastFinding } from '../../../src/core/dag-run/depends-on-past.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { newTaskInstance } from '../../../src/core/dag-run/new-task-instance.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { RunType, TaskInstanceState } from '../../../src/model/states.js';
import type { NewTaskInstance } from '../../../src/model/task-instance.js';
import type { Store } from '../../../src/ports/store.js';
import { dagSpec, taskSpec } from '../../support/dag-specs.js';
import { readVectors, runVectors } from '../vector-file.js';
import type { PastCase, PastRun } from './past-cases.js';
import { createRun, giveRows, openStore, saveSpecs, STORES, type GivenRun } from './stores.js';

const PATH = 'state/05_depends_on_past.json';
const DAY = 86_400_000;
/** Day 0 of the cases. */
const DAY_0 = Date.UTC(2024, 0, 1);
const TASKS = ['a', 'b', 'c', 'd'];

const REASONS: Readonly<Record<PastFinding, string>> = {
  not_asked: 'depends_on_past_not_set',
  first_run_of_backfill: 'first_run_of_backfill',
  no_previous_run: 'no_previous_run',
  never_ran_before: 'ignore_first_depends_on_past',
  previous_done_well: '',
  previous_missing: 'previous_ti_missing',
  previous_not_done_well: 'previous_ti_not_successful',
  children_of_previous_not_done_well: 'downstream_of_previous_ti_not_successful',
};

function leftOut({ runs }: PastCase): 'restarting' | null {
  return JSON.stringify(runs).includes('"restarting"') ? 'restarting' : null;
}

/** A run may be free of its past: ours is as the first of a backfill, an evaluation of Airflow's by a flag as well. */
function isFree({ ctx = {} }: PastCase): boolean {
  return ctx['ignore_depends_on_past'] === true;
}

describe.each(STORES)('through the %s store', (storeName) => {
  let store: Store;
  beforeAll(async () => void (store = await openStore(storeName)));
  afterAll(() => store.close());

  it('05_depends_on_past', async () => {
    const cases = (readVectors<PastCase>(PATH)?.cases ?? []).filter((testCase) => leftOut(testCase) === null);
    const findings = await ask(store, cases);
    const failures = runVectors<PastCase>({
      path: PATH,
      through: `the ${storeName} store`,
      leftOut,
      answer(testCase) {
        const finding = findings.get(testCase.id) as PastFinding;
        return { met: !holdsBack(finding), reason: isFree(testCase) ? 'ignored_by_context' : REASONS[finding] };
      },
      expected: ({ expect: { met, reason } }) => ({ met, reason }),
    });
    expect(failures).toEqual([]);
  });
});

async function ask(store: Store, cases: readonly PastCase[]): Promise<Map<string, PastFinding>> {
  const given: GivenRun[] = [];
  const asked = new Map<PastCase, DagRun>();
  for (const [index, testCase] of cases.entries()) {
    const dagId = `past-${index}`;
    // A run that has no row of a task was made when the DAG did not have the task yet.
    for (const run of testCase.runs.filter((other) => absentIn(other).length > 0)) {
      await saveSpecs(store, [specOf(dagId, testCase, absentIn(run))]);
      given.push({ run: await create(store, dagId, run), rows: rowsOf(run) });
    }
  }
  await saveSpecs(
    store,
    cases.map((testCase, index) => specOf(`past-${index}`, testCase, [])),
  );
  for (const [index, testCase] of cases.entries()) {
    const dagId = `past-${index}`;
    for (const run of testCase.runs.filter((other) => absentIn(other).length === 0)) {
      given.push({ run: await create(store, dagId, run), rows: rowsOf(run) });
    }
    asked.set(testCase, await create(store, dagId, testCase.run));
  }
  await giveRows(store, given);
  const findings = new Map<string, PastFinding>();
  for (const [testCase, run] of asked) {
    const { id } = testCase;
    const [snapshot] = await store.scheduling.loadSnapshots([run.id]);
    if (!snapshot) throw new Error(`the run of ${id} is gone`);
    const { spec, graph, previous, ignoresPast } = RunView.from(snapshot);
    const past = { spec, graph, previous, ignoresPast: ignoresPast || isFree(testCase), logicalDate: run.logicalDate };
    findings.set(id, lookAtPast(spec.tasks[0]!, past));
  }
  return findings;
}

function specOf(dagId: string, { catchup, task, mapped }: PastCase, without: readonly string[]): DagSpec {
  const parents: Readonly<Record<string, readonly string[]>> = { a: [], b: ['a'], c: ['a'], d: ['c'] };
  const present = (taskId: string): boolean => !without.includes(taskId);
  return dagSpec(dagId, {
    catchup,
    startDate: catchup ? DAY_0 - 1_000 * DAY : null,
    tasks: TASKS.filter(present).map((taskId) =>
      taskSpec(taskId, {
        upstream: (parents[taskId] ?? []).filter(present),
        ...(taskId === 'a' && {
          dependsOnPast: task.depends_on_past ?? false,
          waitForDownstream: task.wait_for_downstream ?? false,
          ignoreFirstDependsOnPast: task.ignore_first_depends_on_past ?? false,
          startDate: task.start_day === undefined ? null : DAY_0 + task.start_day * DAY,
          map:
            mapped === undefined ? null : { kind: 'each', sources: [{ kind: 'value', value: new Array<null>(mapped).fill(null) }] },
        }),
      }),
    ),
  });
}

function absentIn(run: PastRun): readonly string[] {
  return TASKS.filter((taskId) => run[taskId] === 'absent');
}

async function create(store: Store, dagId: string, { type, day, ordinal }: PastRun): Promise<DagRun> {
  const logicalDate = day === null ? null : DAY_0 + day * DAY;
  const runType: RunType = type === 'asset' ? 'asset_triggered' : type;
  return createRun(store, dagId, {
    runId: `${runType}-${day ?? crypto.randomUUID()}`,
    runType,
    logicalDate,
    dataInterval: logicalDate === null ? null : { start: logicalDate, end: logicalDate },
    ...(ordinal !== undefined && { backfillOrdinal: ordinal }),
  });
}

function rowsOf(run: PastRun): NewTaskInstance[] {
  const values = { maxTries: 1, pool: 'default_pool', poolSlots: 1, priorityWeight: 1, queue: 'default' };
  const row = (taskId: string, mapIndex: number, state: TaskInstanceState): NewTaskInstance => ({
    ...newTaskInstance(0, taskId, mapIndex, values),
    state,
    token: state === 'queued' || state === 'running' ? crypto.randomUUID() : null,
  });
  return TASKS.filter((taskId) => run[taskId] !== 'absent').flatMap((taskId) => {
    const states = (run[taskId] ?? 'success') as TaskInstanceState | readonly TaskInstanceState[];
    return typeof states === 'string' ? [row(taskId, -1, states)] : states.map((state, index) => row(taskId, index, state));
  });
}
