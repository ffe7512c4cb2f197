/** A command line over fakes: a terminal that records, a configuration of defaults, and a system of which a test gives what it needs. */
import {
  dagRun as anyDagRun,
  dagSpec as anyDagSpec,
  taskInstance as anyTaskInstance,
  taskSpec as anyTaskSpec,
} from '../../support/dag-specs.js';
import { OPTIONS, type Config } from '../../../src/config/options.js';
import type { LoadedConfig } from '../../../src/config/load-config.js';
import type { Cli, ConfigOverrides } from '../../../src/cli/cli.js';
import { runCli } from '../../../src/cli/program.js';
import type { Client, System } from '../../../src/cli/system.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import type { AssetSpec } from '../../../src/model/asset.js';
import type { Backfill } from '../../../src/model/backfill.js';
import type { Component, ComponentKind } from '../../../src/model/component.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { ImportProblem } from '../../../src/model/dag.js';
import type { PoolUse } from '../../../src/model/pool.js';
import type { Attempt, TaskInstance } from '../../../src/model/task-instance.js';
import type { DagListing, RunFilter, Store } from '../../../src/ports/store.js';

export const NOW = Date.UTC(2026, 2, 1, 12);

export class FakeTerminal implements Terminal {
  stdout = '';
  stderr = '';
  readonly frames: (readonly string[])[] = [];
  outWidth: number | null = null;
  noteWidth: number | null = null;
  color = false;
  interactive = false;
  readonly questions: string[] = [];
  answer = false;
  isDiverted = false;
  readonly #closed = new AbortController();
  #interrupt: (count: number) => void = () => {};

  out(text: string): void {
    if (!this.#closed.signal.aborted) this.stdout += text;
  }
  note(line: string): void {
    this.stderr += `${line}\n`;
  }
  redraw(lines: readonly string[]): void {
    this.frames.push(lines);
  }
  async confirm(question: string): Promise<boolean> {
    this.questions.push(question);
    return this.answer;
  }
  get outClosed(): AbortSignal {
    return this.#closed.signal;
  }
  divertOut(): () => void {
    this.isDiverted = true;
    return () => (this.isDiverted = false);
  }
  onInterrupt(listener: (count: number) => void): () => void {
    this.#interrupt = listener;
    return () => (this.#interrupt = () => {});
  }

  pressCtrlC(): void {
    this.#interrupt(1);
  }
  closeOut(): void {
    this.#closed.abort();
  }
}

/** What the fake store holds. */
export interface FakeContents {
  readonly dags?: readonly DagListing[];
  readonly problems?: readonly ImportProblem[];
  readonly runs?: readonly DagRun[];
  readonly taskInstances?: readonly TaskInstance[];
  readonly attempts?: readonly Attempt[];
  /** By the id of the task instance. */
  readonly reasons?: Readonly<Record<number, string>>;
  readonly backfills?: readonly Backfill[];
  readonly pools?: readonly PoolUse[];
  readonly assets?: readonly AssetSpec[];
  readonly alive?: readonly ComponentKind[];
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: FakeTerminal;
  readonly closed: number;
  readonly overrides: ConfigOverrides | undefined;
}

/** Runs one command line. `system` gives the functions that the command is expected to call; calling another one fails the command. */
export async function runFake(
  args: readonly string[],
  contents: FakeContents = {},
  system: Partial<System> = {},
  terminal = new FakeTerminal(),
): Promise<Outcome> {
  let closed = 0;
  let seen: ConfigOverrides | undefined;
  const config = defaultConfig();
  const client = { ...fakeClient(contents, config), close: async () => void closed++ };
  const known: Partial<System> = {
    openClient: async () => client,
    findPoolProblems: async () => [],
    findAssetProblems: async () => [],
    ...system,
  };
  const cli: Cli = {
    terminal,
    version: '9.9.9',
    loadConfig: async (overrides) => {
      seen = overrides;
      return config;
    },
    importSystem: async () =>
      new Proxy(known, {
        get(target, name) {
          if (name === 'then') return undefined; // it is awaited: it must not look like a promise
          return target[name as keyof System] ?? (() => Promise.reject(new Error(`${String(name)} was not expected`)));
        },
      }) as System,
  };
  const code = await runCli(cli, args);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr, terminal, closed, overrides: seen };
}

function defaultConfig(): LoadedConfig {
  const config = Object.fromEntries(
    Object.entries(OPTIONS).map(([section, options]) => [
      section,
      Object.fromEntries(Object.entries(options).map(([key, option]) => [key, (option as { default: unknown }).default])),
    ]),
  ) as Config;
  return {
    config: { ...config, core: { ...config.core, dagsFolder: '/project/dags', home: '/project/.airflow-like' } },
    file: null,
    root: '/project',
    origins: {},
  };
}

function fakeClient(contents: FakeContents, config: LoadedConfig): Client {
  const {
    dags = [],
    problems = [],
    runs = [],
    taskInstances = [],
    attempts = [],
    backfills = [],
    pools = [],
    assets = [],
  } = contents;
  const alive = contents.alive ?? ['dag-processor', 'scheduler'];
  const store = {
    now: async () => NOW,
    catalog: {
      listDags: async (filter?: { includeRetired?: boolean }) => dags.filter(({ dag }) => filter?.includeRetired || !dag.isRetired),
      getDag: async (dagId: string) => dags.find(({ dag }) => dag.dagId === dagId) ?? null,
      listImportProblems: async () => problems,
    },
    runs: {
      findRun: async (dagId: string, runId: string) => runs.find((run) => run.dagId === dagId && run.runId === runId) ?? null,
      listRuns: async (filter: RunFilter) =>
        runs.filter(
          (run) =>
            run.dagId === filter.dagId &&
            (filter.states === undefined || filter.states.includes(run.state)) &&
            (!filter.noBackfill || run.runType !== 'backfill') &&
            (filter.from === undefined || (run.logicalDate ?? -1) >= filter.from) &&
            (filter.to === undefined || (run.logicalDate ?? Infinity) <= filter.to),
        ),
      listTaskInstances: async (ids: readonly number[]) => taskInstances.filter(({ dagRunId }) => ids.includes(dagRunId)),
      listAttempts: async (ids: readonly number[]) => attempts.filter(({ taskInstanceId }) => ids.includes(taskInstanceId)),
      findReason: async ({ id }: { id: number }) => contents.reasons?.[id] ?? null,
    },
    backfills: {
      list: async () => backfills,
      progress: async (id: number) => {
        const backfill = backfills.find((candidate) => candidate.id === id);
        return backfill
          ? { backfill, queued: 0, running: 0, success: 0, failed: 0, firstStartedAt: null, lastEndedAt: null }
          : null;
      },
    },
    pools: { list: async () => pools },
    assets: {
      list: async () => assets.map((asset, index) => ({ ...asset, id: index + 1, isActive: true, createdAt: NOW, updatedAt: NOW })),
      listAliases: async () => [],
      listReferences: async () => [],
      listEvents: async () => [],
    },
    components: { list: async () => alive.map(component) },
  } as unknown as Store;
  return {
    store,
    config,
    clock: { now: () => NOW, sleep: async () => {} },
    actor: { kind: 'user', id: 'ada' },
  } as unknown as Client;
}

function component(kind: ComponentKind): Component {
  return {
    id: kind,
    kind,
    hostname: 'box',
    pid: 7,
    version: '9.9.9',
    startedAt: NOW - 60_000,
    heartbeatAt: NOW,
    leaseUntil: NOW + 30_000,
    stoppedAt: null,
    details: {},
  };
}

export function taskSpec(taskId: string, upstream: readonly string[] = [], more: Partial<TaskSpec> = {}): TaskSpec {
  return anyTaskSpec(taskId, { upstream, retryDelayMs: 0, ignoreFirstDependsOnPast: true, ...more });
}

export function dagSpec(dagId: string, tasks: readonly TaskSpec[] = [taskSpec('extract'), taskSpec('load', ['extract'])]): DagSpec {
  return anyDagSpec(dagId, {
    owner: 'ada',
    tags: ['etl'],
    schedule: { kind: 'cron', expression: '0 2 * * *', text: '0 2 * * *' },
    timezone: 'Europe/Paris',
    startDate: Date.UTC(2026, 0, 1),
    tasks,
  });
}

export function listing(dagId: string, more: Partial<DagListing['dag']> = {}, spec: DagSpec = dagSpec(dagId)): DagListing {
  return {
    spec,
    dag: {
      dagId,
      isPaused: false,
      pausedReason: null,
      isRetired: false,
      currentVersionId: 1,
      versionNumber: 1,
      file: spec.file,
      nextRun: {
        logicalDate: Date.UTC(2026, 2, 1, 1),
        dataInterval: { start: Date.UTC(2026, 2, 1, 1), end: Date.UTC(2026, 2, 2, 1) },
        runAfter: Date.UTC(2026, 2, 2, 1),
      },
      lastParsedAt: NOW - 1_000,
      hasImportErrors: false,
      ...more,
    },
  };
}

export function dagRun(runId: string, more: Partial<DagRun> = {}): DagRun {
  return anyDagRun({
    dagId: 'sales',
    runId,
    triggeredBy: 'cli',
    state: 'queued',
    logicalDate: null,
    runAfter: NOW,
    queuedAt: NOW,
    startedAt: null,
    ...more,
  });
}

export function taskInstance(taskId: string, more: Partial<TaskInstance> = {}): TaskInstance {
  return anyTaskInstance(1, taskId, more);
}
