import { checkConf } from '../operations/parse-conf.js';
import { checkParams } from '../operations/check-params.js';
import type { ErrorCode } from '../model/error-table.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DagDefinition } from '../sdk/build-dag.js';
import { collectDags } from '../sdk/collect-dags.js';
import { context } from '../sdk/context.js';
import { InMemoryRun, intervalFor } from './in-memory-run.js';
import { instantOf, intervalOf, type DateInput } from './intervals.js';
import { stubBodies } from './stubs.js';
import type { Stubs, TasksOf, TestableDag } from './task-types.js';
import { TestRun, type TestLogLine } from './test-run.js';
import { VirtualClock } from './virtual-clock.js';

export interface TestDagOptions<T = object> {
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
  /** What tasks return instead of running: a value, or a function that is called with the task's inputs. */
  readonly stubs?: Stubs<T>;
}

/** Attempts at once: enough that sensors which hold their slots keep nobody from running. */
const SLOTS = 4_096;

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
  const definition = definitionOf(dag);
  const { spec } = definition;
  const { dataInterval, logicalDate } = datesOf(definition, options);
  const conf = checkConf({ ...options.conf, ...options.params }, 'conf');
  await checkParams(spec.params, conf);
  const clock = new VirtualClock(options.now ?? dataInterval?.end ?? Date.now());
  const log: TestLogLine[] = [];
  const wait = (ms: number): Promise<void> => run.executor.wait(context().token, ms);
  const bodies = stubBodies(spec, options.stubs ?? {}, wait);
  const run: InMemoryRun = await InMemoryRun.create({
    dag: { spec, createInstance: () => definition.createInstance(bodies) },
    clock,
    dataInterval,
    logicalDate,
    conf,
    slots: SLOTS,
    onLogLine: (line, { taskId, mapIndex }) => log.push({ ...line, taskId, mapIndex }),
  });
  return TestRun.start<TasksOf<D>>(run, clock, log);
}

/** Wired DAGs, kept as long as their classes. */
const definitions = new WeakMap<object, DagDefinition>();

function definitionOf(dag: TestableDag): DagDefinition {
  const known = definitions.get(dag);
  if (known) return known;
  const name = typeof dag === 'function' ? dag.name : 'dag';
  const { dags, problems } = collectDags({ [name]: dag }, 'testDag');
  const [definition] = dags;
  const [first] = problems;
  if (first) {
    const { code, message, allowed, suggestion } = first;
    throw new AirflowLikeError(code as ErrorCode, { message, ...(allowed !== null && { allowed }), suggestion });
  }
  if (!definition || dags.length > 1) {
    throw new AirflowLikeError('EXPORT_INVALID', {
      place: 'testDag',
      message: dags.length > 1 ? 'these are several DAGs; run one of them' : 'this is no DAG',
      value: dag,
      allowed: 'a class with @dag(), what defineDag(...) returned, or one of the dags of a defineDags(...)',
    });
  }
  definitions.set(dag, definition);
  return definition;
}

function datesOf({ spec }: DagDefinition, options: TestDagOptions<never>) {
  const { timezone } = spec;
  const given = options.dataInterval && intervalOf(options.dataInterval, 'dataInterval', timezone);
  if (options.logicalDate === undefined) return { dataInterval: given ?? null, logicalDate: given?.start ?? null };
  const logicalDate = instantOf(options.logicalDate, 'logicalDate', timezone);
  return { dataInterval: given ?? intervalFor(spec, logicalDate), logicalDate };
}
