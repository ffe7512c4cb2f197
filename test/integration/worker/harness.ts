/**
 * A supervisor with real runner processes (the built ones), over a store that is a few maps. DAGs are written as TypeScript text and go
 * through the real compiler and loader.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { environmentSettings } from '../../../src/config/environment-settings.js';
import { compileBundle } from '../../../src/dag-processor/compile-bundle.js';
import { evaluateBundle } from '../../../src/loading/evaluate-bundle.js';
import { readAttemptLog, type AttemptLogLine } from '../../../src/logging/attempt-log.js';
import { outputLength } from '../../../src/model/codec.js';
import type { CallbackAssignment, CallbackRequest } from '../../../src/model/callback.js';
import type { SourceBundle } from '../../../src/model/dag.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { AttemptOutcome } from '../../../src/model/outcome.js';
import type { TaggedJson } from '../../../src/model/tagged-json.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { Assignment } from '../../../src/model/workload.js';
import type { Logger } from '../../../src/ports/logger.js';
import type { AttemptStore, DagCatalog, XComRequest } from '../../../src/ports/store.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { hashSpec } from '../../../src/sdk/spec-hash.js';
import { CallbackRunner } from '../../../src/worker/callbacks/callback-runner.js';
import { Supervisor, type RunnerSetup, type SupervisorOptions } from '../../../src/worker/supervisor/supervisor.js';

const ENTRY = resolve('dist/worker/runner/main.js');

export interface XComRow {
  readonly dagRunId: number;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
  readonly value: TaggedJson;
}

export class WorkerHarness {
  readonly home = mkdtempSync(join(tmpdir(), 'worker-'));
  readonly supervisor: Supervisor;
  readonly xcoms: XComRow[] = [];
  readonly logPaths = new Map<string, string>();
  readonly rendered = new Map<string, TaggedJson>();
  readonly revoked = new Set<string>();
  readonly reported: AttemptOutcome[] = [];
  /** Messages of the supervisor's own log, warnings and errors only. */
  readonly warnings: string[] = [];
  xcomQueries = 0;
  private readonly versions = new Map<number, { spec: DagSpec; specHash: string; bundle: SourceBundle }>();
  private readonly waiting = new Map<string, (outcome: AttemptOutcome) => void>();
  private readonly started = new Map<string, Assignment>();
  private readonly runnerOptions: RunnerSetup;
  private count = 0;

  constructor(runner: Partial<RunnerSetup> = {}, more: Partial<SupervisorOptions> = {}) {
    const runnerOptions: RunnerSetup = {
      entry: ENTRY,
      executionGraceMs: 1_000,
      maxRssMb: 1_500,
      blockedLoopWarnMs: 2_000,
      maxXComBytes: 262_144,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.home },
      originalRoot: this.home,
      ...runner,
    };
    this.runnerOptions = runnerOptions;
    this.supervisor = new Supervisor({
      workerId: 'worker-1',
      slots: 8,
      queues: ['default'],
      attempts: this.attemptStore(),
      catalog: this.catalog(),
      clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
      settings: environmentSettings({}),
      maxRenderedLength: 4_096,
      logger: this.logger(),
      home: this.home,
      runnerOptions,
      ...more,
    });
    this.supervisor.onOutcome((outcome) => {
      this.reported.push(outcome);
      this.waiting.get(outcome.token)?.(outcome);
    });
  }

  /** Compiles and registers a DAG file; gives the id of its version. `wrong` is laid over the spec that is registered. */
  async addDag(source: string, wrong: Partial<DagSpec> = {}): Promise<number> {
    const versionId = this.versions.size + 1;
    const file = `dag_${versionId}.ts`;
    writeFileSync(join(this.home, file), source);
    const compiled = await compileBundle(this.home, file);
    if (!('bundle' in compiled)) throw new Error(JSON.stringify(compiled.problems));
    const { dags, problems } = collectDags(await evaluateBundle(compiled.bundle, { originalRoot: this.home }), file);
    const dag = dags[0];
    if (!dag) throw new Error(JSON.stringify(problems));
    const spec = { ...dag.spec, ...wrong };
    this.versions.set(versionId, { spec, specHash: hashSpec(spec), bundle: compiled.bundle });
    return versionId;
  }

  assignment(versionId: number, taskId: string, more: Partial<Assignment> & { mapIndex?: number } = {}): Assignment {
    const { spec } = this.versions.get(versionId) as { spec: DagSpec };
    const task = spec.tasks.find((one) => one.taskId === taskId);
    if (!task) throw new Error(`no task ${taskId}`);
    const id = ++this.count;
    const { mapIndex = -1, ...rest } = more;
    return {
      token: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
      taskInstanceId: id,
      dagRunId: 1,
      key: { dagId: spec.dagId, runId: 'manual__1', taskId, mapIndex },
      tryNumber: 1,
      maxTries: 1,
      waitingSince: null,
      pokeNumber: 0,
      startedAt: Date.now(),
      task,
      versionId,
      run: {
        dagId: spec.dagId,
        runId: 'manual__1',
        runType: 'manual',
        logicalDate: Date.UTC(2024, 0, 1),
        dataInterval: { start: Date.UTC(2024, 0, 1), end: Date.UTC(2024, 0, 2) },
        runAfter: Date.UTC(2024, 0, 2),
        startedAt: Date.now(),
        clearNumber: 0,
        conf: {},
        params: {},
        timezone: 'UTC',
      },
      // The worker hands it on to whoever settles and reads nothing of it.
      instance: {} as TaskInstance,
      ...rest,
    };
  }

  /** A runner for callbacks of the DAGs that were added. */
  callbackRunner(timeLimitMs: number): CallbackRunner {
    const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
    const { home, runnerOptions } = this;
    return new CallbackRunner({
      slots: 4,
      timeLimitMs,
      catalog: this.catalog(),
      clock,
      logger: this.logger(),
      home,
      runnerOptions,
    });
  }

  /** A call of the callback for the failure of a task or, without one, of the run. */
  callback(versionId: number, taskId: string | null, callNumber = 1): CallbackAssignment {
    const { spec } = this.versions.get(versionId) as { spec: DagSpec };
    const request: CallbackRequest = {
      key: `k/${taskId}`,
      event: 'failure',
      task: taskId === null ? null : { taskId, mapIndex: -1, tryNumber: 1, maxTries: 1 },
      state: 'failed',
      error: null,
      reason: null,
    };
    const { run, token } = this.assignment(versionId, taskId ?? spec.tasks[0]!.taskId);
    return { lease: token, request, callNumber, versionId, run };
  }

  /** Writes what `lone-supervisor.mjs` needs to make this attempt in a process of its own. */
  writeForLoneSupervisor(assignment: Assignment): void {
    const version = this.versions.get(assignment.versionId);
    writeFileSync(join(this.home, 'bundle.json'), JSON.stringify({ ...version, assignment }));
  }

  /** Starts all at once; resolves with their outcomes in order. */
  run(...assignments: Assignment[]): Promise<AttemptOutcome[]> {
    const outcomes = assignments.map(
      (assignment) =>
        new Promise<AttemptOutcome>((resolve) => {
          this.waiting.set(assignment.token, (outcome) => {
            this.remember(assignment, outcome);
            resolve(outcome);
          });
        }),
    );
    for (const assignment of assignments) this.started.set(assignment.token, assignment);
    this.supervisor.start(assignments);
    return Promise.all(outcomes);
  }

  async runTask(
    versionId: number,
    taskId: string,
    more: Parameters<WorkerHarness['assignment']>[2] = {},
  ): Promise<AttemptOutcome['outcome']> {
    const [outcome] = await this.run(this.assignment(versionId, taskId, more));
    return (outcome as AttemptOutcome).outcome;
  }

  async log(assignment: Assignment): Promise<AttemptLogLine[]> {
    const lines: AttemptLogLine[] = [];
    const { key, tryNumber, token } = assignment;
    const folder = join(this.home, 'logs', `dag_id=${key.dagId}`, `run_id=${key.runId}`, `task_id=${key.taskId}`);
    const path = join(
      folder,
      ...(key.mapIndex < 0 ? [] : [`map_index=${key.mapIndex}`]),
      `attempt=${tryNumber}-${token.slice(-8)}.jsonl`,
    );
    for await (const line of readAttemptLog(path)) lines.push(line);
    return lines;
  }

  /** Resolves once a line of the attempt's log matches. */
  async logged(assignment: Assignment, pattern: RegExp): Promise<AttemptLogLine> {
    let found: AttemptLogLine | undefined;
    await until(async () => {
      found = (await this.log(assignment).catch(() => [])).find(({ message }) => pattern.test(message));
      return found !== undefined;
    }, `a line ${pattern} in the log of ${assignment.key.taskId}`);
    return found as unknown as AttemptLogLine;
  }

  async close(): Promise<void> {
    await this.supervisor.stop(2_000);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10 });
  }

  private remember(assignment: Assignment, { outcome }: AttemptOutcome): void {
    if (outcome.kind !== 'success' || !outcome.output) return;
    const { taskId, mapIndex } = assignment.key;
    this.xcoms.push({ dagRunId: assignment.dagRunId, taskId, mapIndex, key: 'return_value', value: outcome.output.value });
  }

  private xcomsFor({ dagRunId, taskId, key, copies = { from: -1, to: Infinity }, positions }: XComRequest): readonly XComRow[] {
    return this.xcoms
      .filter((row) => row.dagRunId === dagRunId && row.taskId === taskId && row.key === key)
      .filter(({ mapIndex }) => mapIndex >= copies.from && mapIndex < copies.to)
      .sort((a, b) => a.mapIndex - b.mapIndex)
      .slice(positions?.from, positions?.to);
  }

  private attemptStore(): AttemptStore {
    return {
      readExternalStates: () => Promise.resolve({ dag: 'missing', unknown: [], dates: [] }),
      claimQueued: () => Promise.resolve([]),
      findForgotten: () => Promise.resolve([]),
      readXComs: (requests) => {
        this.xcomQueries += 1;
        return Promise.resolve(requests.map((request) => this.xcomsFor(request)));
      },
      countXComs: (requests) => {
        this.xcomQueries += 1;
        return Promise.resolve(
          requests.map((request) => {
            const rows = this.xcomsFor(request);
            const elements = rows.reduce((sum, { value }) => sum + Math.max(0, outputLength(value)), 0);
            return { values: rows.length, elements, end: (rows.at(-1)?.mapIndex ?? -1) + 1 };
          }),
        );
      },
      pushXCom: (token, key, value) => {
        const assignment = this.started.get(token);
        if (!assignment || this.revoked.has(token)) return Promise.resolve(false);
        const { taskId, mapIndex } = assignment.key;
        this.xcoms.push({ dagRunId: assignment.dagRunId, taskId, mapIndex, key, value });
        return Promise.resolve(true);
      },
      readAssetEvents: () => Promise.resolve([]),
      findAssetsLike: () => Promise.resolve([]),
      pullXComs: (dagRunId, { taskIds, key }) =>
        Promise.resolve(this.xcoms.filter((row) => row.dagRunId === dagRunId && taskIds.includes(row.taskId) && row.key === key)),
      setRendered: (token, rendered) => {
        this.rendered.set(token, rendered);
        return Promise.resolve(true);
      },
      countCopies: () => Promise.resolve(0),
      previousSuccess: () => Promise.resolve(null),
      findRevoked: (tokens) => Promise.resolve(tokens.filter((token) => this.revoked.has(token))),
      setLogPaths: (paths) => {
        for (const { token, logPath } of paths) this.logPaths.set(token, logPath);
        return Promise.resolve();
      },
    };
  }

  private catalog(): Pick<DagCatalog, 'getVersion' | 'getBundle'> {
    return {
      getVersion: (versionId) => {
        const found = this.versions.get(versionId);
        if (!found) return Promise.resolve(null);
        const { spec, specHash, bundle } = found;
        return Promise.resolve({
          version: { id: versionId, dagId: spec.dagId, number: 1, specHash, bundleHash: bundle.hash, createdAt: 0 },
          spec,
        });
      },
      getBundle: (hash) => Promise.resolve([...this.versions.values()].find(({ bundle }) => bundle.hash === hash)?.bundle ?? null),
    };
  }

  private logger(): Logger {
    const keep = (fields: object, message: string): void => void this.warnings.push(`${message} ${JSON.stringify(fields)}`);
    const logger: Logger = { debug: () => undefined, info: () => undefined, warn: keep, error: keep, child: () => logger };
    return logger;
  }
}

/** Resolves once the condition holds. Gives up long after it should: a test that waits for ever would keep its process alive. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + 100_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Processes of this machine whose environment carries the mark of an attempt, zombies left out. */
export function markedProcesses(token: string): number[] {
  return pids().filter((pid) => readText(`/proc/${pid}/environ`).includes(`AIRFLOW_LIKE_ATTEMPT=${token}`) && isAlive(pid));
}

/** Command lines of all processes, words separated by NUL. */
export function commandLines(): string[] {
  return pids().map((pid) => readText(`/proc/${pid}/cmdline`));
}

export function childrenOf(parent: number): number[] {
  return pids().filter((pid) => readText(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1] === String(parent));
}

export function isAlive(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== '' && !/\) Z /.test(stat);
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
