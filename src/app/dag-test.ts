/**
 * `dags test` and `tasks test`: one run or one task in this process, in memory, with no database, so that a debugger stops at breakpoints.
 * The same core, scheduler and attempt code as in production; only store and executor are the in-process ones.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { environmentSettings } from '../config/environment-settings.js';
import type { Config } from '../config/index.js';
import { compileBundle } from '../dag-processor/compile-bundle.js';
import { scanFolder } from '../dag-processor/scan-folder.js';
import { evaluateBundle } from '../loading/evaluate-bundle.js';
import { installSourceMaps } from '../loading/source-maps.js';
import { createLogger } from '../logging/logger.js';
import { decodeTagged } from '../model/codec.js';
import type { DagRun } from '../model/dag-run.js';
import type { ImportProblem } from '../model/dag.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import type { TaskInstanceState } from '../model/states.js';
import type { FlowDecision, TaskError, TaskInstance } from '../model/task-instance.js';
import type { Clock } from '../ports/clock.js';
import { checkParams } from '../operations/check-params.js';
import { loadPlugins } from '../plugins/load-plugins.js';
import type { DagDefinition } from '../sdk/build-dag.js';
import { collectDags } from '../sdk/collect-dags.js';
import { InMemoryRun, intervalFor } from '../testing/in-memory-run.js';
import { sleep } from './database-clock.js';
import type { ProcessOptions } from './options.js';
import { taskAlone, tasksNeeded } from './task-alone.js';

/** What happens while it runs. */
export type TestEvent =
  | { readonly kind: 'log'; readonly taskId: string; readonly mapIndex: number; readonly line: string }
  | {
      readonly kind: 'task';
      readonly taskId: string;
      readonly mapIndex: number;
      readonly tryNumber: number;
      readonly state: TaskInstanceState;
      readonly message: string | null;
    };

export interface TestOptions extends ProcessOptions {
  readonly dagId: string;
  readonly logicalDate: Instant | null;
  /** The file that holds the DAG; null: it is looked for in the DAGs folder. */
  readonly file: string | null;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly onEvent: (event: TestEvent) => void;
}

/** How often the run is looked at while its tasks are under way. */
const STEP_MS = 20;

const systemClock: Clock = { now: () => Date.now(), sleep };

/** Runs one interval to its end. */
export async function runDagTest(options: TestOptions): Promise<{ run: DagRun; taskInstances: readonly TaskInstance[] }> {
  const dag = await findDag(options.config.config, options.dagId, options.file);
  await checkParams(dag.spec.params, options.conf);
  const run = await startRun(options, dag);
  const seen = new Map<number, string>();
  for (;;) {
    await run.step();
    await reportChanges(run, seen, options.onEvent);
    if (await run.isOver()) break;
    await sleep(STEP_MS);
  }
  return { run: await run.run(), taskInstances: await run.taskInstances() };
}

export interface TaskTestOptions extends TestOptions {
  readonly taskId: string;
  /** The arguments of the task, in order; null: those of the wiring, in which values of other tasks are undefined. */
  readonly inputs: readonly unknown[] | null;
}

export interface TaskTestResult {
  readonly state: TaskInstanceState;
  readonly value: unknown;
  readonly message: string | null;
  /** Tasks whose values were undefined because nothing was given for them. */
  readonly missingInputs: readonly string[];
}

/** Runs one task of a DAG alone: its dependencies are not checked, nothing is recorded, and of a mapped task one copy runs. */
export async function runTaskTest(options: TaskTestOptions): Promise<TaskTestResult> {
  const dag = await findDag(options.config.config, options.dagId, options.file);
  const task = dag.spec.tasks.find(({ taskId }) => taskId === options.taskId);
  if (!task) {
    const taskIds = dag.spec.tasks.map(({ taskId }) => taskId);
    throw new AirflowLikeError('NOT_FOUND', {
      place: options.dagId,
      message: 'the DAG has no such task',
      value: options.taskId,
      allowed: taskIds.join(', '),
      suggestion: nearestName(options.taskId, taskIds),
    });
  }
  await checkParams(dag.spec.params, options.conf);
  const alone = taskAlone(dag.spec, task, options.inputs);
  const run = await startRun(options, { spec: alone, createInstance: () => dag.createInstance() });
  do {
    await run.step();
    await sleep(STEP_MS);
  } while (!(await run.isOver()));
  const instances = await run.taskInstances();
  const instance = instances.find(({ taskId }) => taskId === task.taskId);
  const [attempt] = instance ? (await run.attempts([instance.id])).slice(-1) : [];
  const [output] = await run.outputs(task.taskId);
  return {
    state: instance?.state ?? 'none',
    value: output === undefined ? undefined : decodeTagged(output.value),
    message: attempt?.error ? describeFailure(attempt.error) : (attempt?.endReason ?? describeDecision(instance?.decision ?? null)),
    missingInputs: options.inputs === null ? tasksNeeded(dag.spec, task) : [],
  };
}

function describeDecision(decision: FlowDecision | null): string | null {
  if (decision === null) return null;
  if ('followed' in decision) return `goes on with ${decision.followed.join(', ') || 'nothing'}`;
  return decision.skipped.length === 0 ? 'skips nothing' : `skips ${decision.skipped.join(', ')}`;
}

/** The author's stack leads to the mistake; one of ours would only hide the sentence that names it. */
function describeFailure({ code, message, stack }: TaskError): string {
  return code === 'TASK_ERROR' ? (stack ?? message) : message;
}

async function startRun(options: TestOptions, dag: Pick<DagDefinition, 'spec' | 'createInstance'>): Promise<InMemoryRun> {
  const { timetables } = await loadPlugins(options.config.config.core.pluginsFolder);
  const { logicalDate, conf, onEvent } = options;
  return InMemoryRun.create({
    dag,
    clock: systemClock,
    logicalDate,
    dataInterval: logicalDate === null ? null : intervalFor(dag.spec, logicalDate, timetables),
    conf,
    settings: environmentSettings(),
    logger: await createLogger({ level: options.verbose ? 'debug' : 'warn', format: options.config.config.logging.format }),
    onLogLine(line, { taskId, mapIndex }) {
      // The system's own lines (started, ended) say what the state lines say.
      if (line.source !== 'system' || line.level !== 'info') onEvent({ kind: 'log', taskId, mapIndex, line: line.message });
    },
  });
}

async function reportChanges(run: InMemoryRun, seen: Map<number, string>, onEvent: TestOptions['onEvent']): Promise<void> {
  for (const instance of await run.taskInstances()) {
    const { id, taskId, mapIndex, tryNumber, state } = instance;
    const key = `${state} ${tryNumber}`;
    if (seen.get(id) === key || state === 'none') continue;
    seen.set(id, key);
    const [attempt] = (await run.attempts([id])).slice(-1);
    onEvent({ kind: 'task', taskId, mapIndex, tryNumber, state, message: attempt?.error?.message ?? null });
  }
}

/** Imports DAG files in this process until one defines `dagId`: those that name it in their text first. */
async function findDag(config: Config, dagId: string, file: string | null): Promise<DagDefinition> {
  installSourceMaps();
  const root = file === null ? config.core.dagsFolder : resolve(dirname(file));
  const entries = file === null ? await likelyFiles(root, dagId) : [relative(root, resolve(file))];
  const known = new Set<string>();
  const problems: ImportProblem[] = [];
  for (const entry of entries) {
    const compiled = await compileBundle(root, entry, { pluginsFolder: config.core.pluginsFolder });
    if ('problems' in compiled) {
      problems.push(...compiled.problems);
      continue;
    }
    const { cronDataIntervals } = config.scheduler;
    const exports = await evaluateBundle(compiled.bundle, { originalRoot: root });
    const collected = collectDags(exports, entry, null, { cronDataIntervals });
    const found = collected.dags.find(({ spec }) => spec.dagId === dagId);
    if (found) return found;
    for (const { spec } of collected.dags) known.add(spec.dagId);
    problems.push(...collected.problems);
  }
  const first = problems[0];
  throw new AirflowLikeError('NOT_FOUND', {
    place: file ?? config.core.dagsFolder,
    message: first
      ? `no file here defines this DAG; ${first.file} cannot be imported (${first.message})`
      : 'no file here defines this DAG',
    value: dagId,
    suggestion: nearestName(dagId, known),
  });
}

async function likelyFiles(root: string, dagId: string): Promise<readonly string[]> {
  const wanted = letters(dagId);
  const paths = [...(await scanFolder(root)).files.keys()];
  const texts = await Promise.all(paths.map((path) => readFile(join(root, path), 'utf8').catch(() => '')));
  const rank = (index: number) => (letters(texts[index] as string).includes(wanted) ? 0 : 1);
  return paths
    .map((path, index) => ({ path, rank: rank(index) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ path }) => path);
}

/** Class names and ids of one DAG agree in their letters and digits: `DailySales`, `daily_sales`. */
function letters(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}
