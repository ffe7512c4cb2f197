/**
 * One recorded run: what its script makes of every attempt, and the trace of what happened, tick by tick. Who settles, plans and starts is up to the
 * caller: the pure core, or a scheduler over a store. It calls `endings`, settles, `settled` (unless it settles and plans in
 * one), plans, `planned`, and starts what is scheduled.
 */
import { decideBranch, decideShortCircuit } from '../../../src/core/task-instance/decision.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { Instant } from '../../../src/model/instant.js';
import type { Outcome } from '../../../src/model/outcome.js';
import type { AttemptToken, FlowDecision, NewTaskInstance, TaskInstance } from '../../../src/model/task-instance.js';
import type { VectorCase } from '../vector-file.js';
import { nameOf, outputLengthOf, rowsOf, sourceOf, specOf, TICK_MS, type RecordedGraph, type RecordedTask } from './state-world.js';
import type { TaskInstanceState } from '../../../src/model/states.js';

type Step = readonly [result: 's' | 'f' | 'F' | 'k' | 'e' | 'd', duration: number, extra?: number];

export interface RunCase extends VectorCase, RecordedGraph {
  readonly script?: Readonly<Record<string, readonly Step[]>>;
  readonly init?: Readonly<Record<string, TaskInstanceState>>;
  readonly init_xcom_skip?: Readonly<Record<string, FlowDecision>>;
  readonly expect: RecordedRun;
  readonly alt?: readonly RecordedRun[];
}

export interface TraceEntry {
  readonly t: number;
  /** States after attempts ended, of the tasks whose attempts these were. */
  readonly done?: Readonly<Record<string, string>>;
  /** Other tasks that these ends changed. */
  readonly also?: Readonly<Record<string, string>>;
  /** Attempts that ended when their task had been taken away. */
  readonly lost?: readonly string[];
  /** Deferred tasks whose trigger came. */
  readonly fired?: readonly string[];
  readonly expanded?: Readonly<Record<string, number>>;
  readonly go?: readonly string[];
  readonly instant?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
}

export interface RecordedRun {
  readonly trace: readonly TraceEntry[];
  readonly run: string;
  readonly reason: string;
  readonly end: number;
  readonly states: Readonly<Record<string, string>>;
  readonly tries: Readonly<Record<string, number>>;
  /** Names of what looks like an accident in the recorded answer. */
  readonly quirks?: readonly string[];
}

interface Flight {
  readonly taskInstanceId: number;
  readonly name: string;
  readonly token: AttemptToken;
  readonly step: Step;
  readonly endsAt: number;
}

export interface Ending {
  readonly taskInstanceId: number;
  readonly token: AttemptToken;
  readonly outcome: Outcome;
  readonly endedAt: Instant;
}

/** Ticks without anything under way or waiting for time after which a run is taken for one that never ends. */
const IDLE_TICKS = 3;

export class ScriptedRun {
  readonly spec: DagSpec;
  readonly #case: RunCase;
  readonly #tasks: ReadonlyMap<string, RecordedTask>;
  readonly #taken = new Map<string, number>();
  readonly #trace: TraceEntry[] = [];
  #flights: Flight[] = [];
  #triggers: { readonly taskInstanceId: number; readonly name: string; readonly firesAt: number }[] = [];
  #rows = new Map<string, TaskInstance>();
  #entry: { -readonly [Field in keyof TraceEntry]: TraceEntry[Field] } = { t: 0 };
  #ended: Flight[] = [];
  #lastEvent = 0;
  #result: RecordedRun | null = null;

  constructor(testCase: RunCase, dagId: string) {
    this.#case = testCase;
    this.spec = specOf(dagId, testCase);
    this.#tasks = new Map(testCase.tasks.map((task) => [task.id, task]));
  }

  get id(): string {
    return this.#case.id;
  }

  /** Null until the run is over. */
  get result(): RecordedRun | null {
    return this.#result;
  }

  /** Whether it begins with something other than a new run. */
  get hasInitialStates(): boolean {
    return this.#case.init !== undefined;
  }

  /** The rows before the first pass. */
  initialRows(dagRunId: number): NewTaskInstance[] {
    return rowsOf(this.#case, { states: this.#case.init ?? {} }, dagRunId).map((row) => ({
      ...row,
      decision: this.#case.init_xcom_skip?.[nameOf(row.taskId, row.mapIndex)] ?? null,
    }));
  }

  /** What ends at tick `t`, half a tick before its pass, and the deferred tasks whose trigger comes. */
  endings(t: number, rows: readonly TaskInstance[]): { readonly endings: readonly Ending[]; readonly fired: readonly number[] } {
    this.#rows = byName(rows);
    this.#entry = { t };
    this.#ended = this.#flights.filter(({ endsAt }) => endsAt === t).sort(this.#inOrder);
    this.#flights = this.#flights.filter(({ endsAt }) => endsAt !== t);
    const endedAt = (t - 0.5) * TICK_MS;
    const endings = this.#ended.map(({ taskInstanceId, token, name, step }) => {
      return { taskInstanceId, token, endedAt, outcome: this.#outcomeOf(name, step, endedAt) };
    });
    const fired = this.#triggers.filter(({ firesAt, name }) => firesAt === t && this.#rows.get(name)?.state === 'deferred');
    this.#triggers = this.#triggers.filter(({ firesAt }) => firesAt > t);
    if (fired.length > 0) this.#entry.fired = fired.map(({ name }) => name).sort();
    return { endings, fired: fired.map(({ taskInstanceId }) => taskInstanceId) };
  }

  /**
   * The rows after the endings were settled and the triggers have fired.
   * @param dropped Attempts whose end no longer counted.
   */
  settled(rows: readonly TaskInstance[], dropped: ReadonlySet<AttemptToken>): void {
    const after = byName(rows);
    const done: Record<string, string> = {};
    const lost: string[] = [];
    for (const flight of this.#ended) {
      const { name } = flight;
      if (dropped.has(flight.token)) lost.push(name);
      else done[name] = after.get(name)?.state ?? '';
    }
    const also: Record<string, string> = {};
    for (const [name, row] of after) {
      const before = this.#rows.get(name)?.state;
      if (before === row.state || name in done || this.#entry.fired?.includes(name)) continue;
      also[name] = row.state;
    }
    if (lost.length > 0) this.#entry.lost = lost.sort();
    if (Object.keys(done).length > 0) this.#entry.done = done;
    if (Object.keys(also).length > 0) this.#entry.also = also;
    this.#rows = after;
  }

  /** The rows after the pass; what is scheduled starts now. */
  planned(rows: readonly TaskInstance[], run: { readonly state: string; readonly reason: string | null }): void {
    const after = byName(rows);
    const [go, instant]: [string[], string[]] = [[], []];
    const set: Record<string, string> = {};
    const expanded: Record<string, number> = {};
    for (const { taskInstanceId, name, step } of this.#ended) {
      if (after.get(name)?.state !== 'deferred') continue;
      this.#triggers.push({ taskInstanceId, name, firesAt: this.#entry.t + (step[2] ?? 0) });
    }
    for (const [name, row] of after) {
      const unexpanded = this.#isExpandedAtRunTime(row) ? this.#rows.get(row.taskId) : undefined;
      const { state: before = 'none', token = null } = this.#rows.get(name) ?? {};
      if (unexpanded && row.mapIndex >= 0) expanded[row.taskId] = (expanded[row.taskId] ?? 0) + 1;
      const isStarted = (row.state === 'queued' || row.state === 'running') && row.token !== token;
      if (before === row.state && !isStarted) continue;
      if (row.state === 'scheduled' || isStarted) go.push(name);
      else if (row.state === 'success') {
        go.push(name);
        instant.push(name);
      } else set[name] = row.state;
    }
    if (Object.keys(expanded).length > 0) this.#entry.expanded = expanded;
    if (go.length > 0) this.#entry.go = go.sort();
    if (instant.length > 0) this.#entry.instant = instant.sort();
    if (Object.keys(set).length > 0) this.#entry.set = set;
    this.#rows = after;
    const { t } = this.#entry;
    const isOver = run.state !== 'running';
    const isEvent = Object.keys(this.#entry).length > 1;
    if (isEvent) this.#lastEvent = t;
    if (isEvent || isOver) this.#trace.push(this.#entry);
    if (isOver || (this.#isIdle() && t - this.#lastEvent > IDLE_TICKS))
      this.#result = this.#resultOf(run, isOver ? t : this.#lastEvent);
  }

  #isIdle(): boolean {
    const waits = [...this.#rows.values()].some(({ state }) => state === 'up_for_retry' || state === 'up_for_reschedule');
    return !waits && this.#flights.length === 0 && this.#triggers.length === 0;
  }

  /** Of a literal the length is known from the start. */
  #isExpandedAtRunTime({ taskId }: TaskInstance): boolean {
    return sourceOf(this.#tasks.get(taskId) as RecordedTask, this.#case) !== undefined;
  }

  /** An attempt of an instance has started at tick `t`. */
  started(t: number, taskInstanceId: number, name: string, token: AttemptToken): void {
    const steps = this.#case.script?.[name] ?? this.#case.script?.[name.replace(/\[\d+\]$/, '')] ?? [['s', 1] as const];
    const taken = this.#taken.get(name) ?? 0;
    this.#taken.set(name, taken + 1);
    const step = steps[Math.min(taken, steps.length - 1)] as Step;
    this.#flights.push({ taskInstanceId, name, token, step, endsAt: t + step[1] });
  }

  readonly #inOrder = (a: Flight, b: Flight): number => {
    const position = ({ name }: Flight): number => this.#case.tasks.findIndex(({ id }) => id === this.#rows.get(name)?.taskId);
    return position(a) - position(b) || (this.#rows.get(a.name)?.mapIndex ?? 0) - (this.#rows.get(b.name)?.mapIndex ?? 0);
  };

  #outcomeOf(name: string, [result, , extra = 0]: Step, endedAt: Instant): Outcome {
    const task = this.#tasks.get(name.replace(/\[\d+\]$/, '')) as RecordedTask;
    switch (result) {
      case 's':
        return this.#successOf(task);
      case 'f':
      case 'F':
        return {
          kind: 'failed',
          error: { code: 'TASK_ERROR', name: 'Error', message: 'as the script says', stack: null },
          retryable: result === 'f',
        };
      case 'k':
        return { kind: 'skipped', message: null };
      case 'e':
        return { kind: 'reschedule', at: endedAt + extra * TICK_MS };
      case 'd':
        return { kind: 'defer', deferral: { trigger: 'scripted' }, timeoutAt: null };
    }
  }

  #successOf(task: RecordedTask): Outcome {
    const length = outputLengthOf(task);
    const output = length === null ? null : { value: Array.from({ length: Math.max(length, 0) }, (_, index) => index), length };
    const decision = this.#decisionOf(task);
    return { kind: 'success', output, ...(decision && { decision }) };
  }

  #decisionOf({
    id,
    kind,
    choose = null,
    ignore_rules: ignoresRules = true,
    cond = false,
    is_latest: isLatest = false,
  }: RecordedTask) {
    if (kind === 'branch') return decideBranch(this.spec, id, choose);
    if (kind === 'short') return decideShortCircuit(this.spec, id, ignoresRules, cond);
    if (kind === 'latest') return decideShortCircuit(this.spec, id, false, isLatest);
    return null;
  }

  #resultOf(run: { readonly state: string; readonly reason: string | null }, end: number): RecordedRun {
    const rows = [...this.#rows];
    return {
      trace: this.#trace,
      run: run.state,
      reason: run.state === 'running' ? 'stalled' : run.state === 'success' ? 'success' : String(run.reason),
      end,
      states: Object.fromEntries(rows.map(([name, { state }]) => [name, state])),
      tries: Object.fromEntries(
        rows.filter(([, { tryNumber }]) => tryNumber > 0).map(([name, { tryNumber }]) => [name, tryNumber]),
      ),
    };
  }
}

function byName(rows: readonly TaskInstance[]): Map<string, TaskInstance> {
  return new Map(rows.map((row) => [nameOf(row.taskId, row.mapIndex), row]));
}
