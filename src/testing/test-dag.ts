import { checkConf } from '../operations/parse-conf.js';
import { checkParams } from '../operations/check-params.js';
import { runIdFor } from '../core/dag-run/run-id.js';
import type { DagSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DagDefinition } from '../sdk/build-dag.js';
import { checkEnough, conditionOf, reportEvents, type TestAssetEvent } from './asset-events.js';
import { intervalFor } from './in-memory-run.js';
import { instantOf, intervalOf, type DateInput } from './intervals.js';
import type { Stubs, TasksOf, TestableDag } from './task-types.js';
import { TestRun } from './test-run.js';
import { definitionOf, TestWorld, type TestSurroundings } from './test-world.js';
import { VirtualClock } from './virtual-clock.js';

export interface TestDagOptions<T = object> extends TestSurroundings {
  /** The span of time that the run covers: `day('2026-03-29')`. Default: what the schedule says for `logicalDate`; without that, none. */
  readonly dataInterval?: { readonly start: DateInput; readonly end: DateInput };
  /** Default: the start of the interval; without that, none, as for a run that is triggered without a date. */
  readonly logicalDate?: DateInput;
  /** What the clock shows at the start. Default: the end of the interval, when a scheduled run would start; without that, the real time. */
  readonly now?: DateInput;
  /** What the run is triggered with: a JSON object. Checked against the DAG's params. */
  readonly conf?: Readonly<Record<string, unknown>>;
  /** Values of the DAG's params; the same as in `conf`, and stronger. */
  readonly params?: Readonly<Record<string, unknown>>;
  /**
   * Events for which the run is made, of a DAG that waits for assets: it has no dates and no conf then, and its tasks find them in
   * `context().triggeringAssetEvents`. They must be enough for the DAG's condition.
   */
  readonly assetEvents?: readonly TestAssetEvent[];
  /** What tasks return instead of running: a value, or a function that is called with the task's inputs. */
  readonly stubs?: Stubs<T>;
}

/**
 * Runs a whole DAG in this process, in memory, with the real planning code, until only time could change anything: a run whose tasks need
 * neither retries nor waiting is over when this resolves. `advance` on the answer moves the clock on.
 *
 * Code that waits in real time is waited for. What tasks print goes where this process prints.
 * @throws AirflowLikeError the first mistake of the DAG; PARAM_INVALID; UNKNOWN_NAME for a stub of no task.
 */
export async function testDag<D extends TestableDag>(
  dag: D,
  options: TestDagOptions<TasksOf<D>> = {},
): Promise<TestRun<TasksOf<D>>> {
  const definition = definitionOf(dag, 'testDag');
  const { spec } = definition;
  const { dataInterval, logicalDate } = datesOf(definition, options);
  const conf = checkConf({ ...options.conf, ...options.params }, 'conf');
  await checkParams(spec.params, conf);
  const clock = new VirtualClock(options.now ?? dataInterval?.end ?? Date.now());
  if (options.assetEvents !== undefined) return runForAssets<D>(definition, options, clock);
  // Only this run is wanted.
  const unscheduled: DagSpec = { ...spec, schedule: { kind: 'none' } };
  const world = await TestWorld.create(definition, unscheduled, options.stubs ?? {}, clock, options);
  const now = clock.now();
  const runId = runIdFor('manual', logicalDate ?? now);
  const run = await world.inner.createRun({ runId, runType: 'manual', logicalDate, dataInterval, runAfter: now, conf });
  await world.inner.drive();
  return TestRun.of<TasksOf<D>>(world, run.id);
}

/** The run is made by the real trigger, from events in the store. */
async function runForAssets<D extends TestableDag>(
  definition: DagDefinition,
  { assetEvents = [], stubs, conf, params, dataInterval, logicalDate, ...surroundings }: TestDagOptions<TasksOf<D>>,
  clock: VirtualClock,
): Promise<TestRun<TasksOf<D>>> {
  const place = 'assetEvents';
  if ([conf, params, dataInterval, logicalDate].some((option) => option !== undefined))
    throw new AirflowLikeError('REQUEST_INVALID', { place, message: 'a run for assets has no conf, no params and no dates' });
  const condition = conditionOf(definition.spec, place);
  const waiting: DagSpec = { ...definition.spec, schedule: { kind: 'assets', condition, text: '' } };
  const world = await TestWorld.create(definition, waiting, stubs ?? {}, clock, surroundings);
  await reportEvents(world.inner, assetEvents, place);
  await checkEnough(world.inner, place);
  await world.inner.drive();
  const [run] = await world.inner.store.runs.listRuns({ dagId: waiting.dagId });
  if (run) return TestRun.of<TasksOf<D>>(world, run.id);
  throw new AirflowLikeError('REQUEST_INVALID', { place, message: 'there are no events' });
}

function datesOf({ spec }: DagDefinition, options: TestDagOptions<never>) {
  const { timezone } = spec;
  const given = options.dataInterval && intervalOf(options.dataInterval, 'dataInterval', timezone);
  if (options.logicalDate === undefined) return { dataInterval: given ?? null, logicalDate: given?.start ?? null };
  const logicalDate = instantOf(options.logicalDate, 'logicalDate', timezone);
  const known = new Map(Object.entries(options.timetables ?? {}));
  return { dataInterval: given ?? intervalFor(spec, logicalDate, known), logicalDate };
}
