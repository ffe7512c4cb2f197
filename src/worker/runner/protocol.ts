/**
 * What supervisor, runner process and its threads say to each other. Between the processes an array of messages travels per turn of the
 * event loop. What only the far end reads (a workload, an outcome) travels as JSON text, so that those in between do not parse it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { TaskFact } from '../../model/task-fact.js';
import type { Workload } from '../../model/workload.js';
import type { XComPull } from '../../model/xcom.js';
import type { AssetEventQuery, RenderedFields } from '../../ports/task-channel.js';
import type { CallbackWork } from '../callbacks/callback-context.js';

/**
 * A Workload as it travels: the runner takes the TaskSpec from the DAG it wires itself, whose hash it compares. Arguments that are
 * undefined (an upstream without output) are listed apart, because JSON has no word for them.
 */
export interface WireWorkload extends Omit<Workload, 'task'> {
  readonly taskId: string;
  /** Whether the thread says when it takes the attempt up. */
  readonly hasTimeLimit: boolean;
  readonly absentInputs: readonly number[];
  /** File that holds the registered DagSpec; read only when the hashes differ, to name what differs. */
  readonly specFile: string;
  /** Must be writable before the task begins. */
  readonly logFolder: string;
  /** Most bytes the task may write into its log. */
  readonly maxLogBytes: number;
}

/** A callback as it travels; to the runner it is an attempt like any other, with the callback's lease as token. It has no channel. */
export interface WireCallback
  extends
    CallbackWork,
    Pick<WireWorkload, 'token' | 'tryNumber' | 'bundle' | 'specFile' | 'logFile' | 'logFolder' | 'maxLogBytes'> {}

export type SupervisorMessage =
  | StartMessage
  /** Abort the attempt's signal; end its thread after `graceMs`, or at once when it is deaf. Answered by `ended`. */
  | { readonly kind: 'abort'; readonly token: AttemptToken; readonly reason: string; readonly graceMs: number }
  | { readonly kind: 'reply'; readonly id: number; readonly value?: TaggedJson; readonly error?: string };

export interface StartMessage {
  readonly kind: 'start';
  readonly token: AttemptToken;
  readonly logFile: string;
  readonly tryNumber: number;
  /** The supervisor's database-corrected clock; the runner counts on from it. */
  readonly sentAt: number;
  /** JSON of a WireWorkload or a WireCallback. */
  readonly workload: string;
}

export type RunnerMessage =
  | { readonly kind: 'ready' }
  /** The attempt's log file begins to exist. */
  | { readonly kind: 'logged'; readonly token: AttemptToken }
  /** A thread has taken up an attempt with a time limit: its time runs from here. */
  | { readonly kind: 'began'; readonly token: AttemptToken }
  /** This runner is idle and has grown: it may be replaced by a fresh one. */
  | { readonly kind: 'worn' }
  /** `outcome` is the JSON of an Outcome. */
  | { readonly kind: 'outcome'; readonly token: AttemptToken; readonly outcome: string }
  /** An aborted attempt is over. `blockedMs`: for how long its event loop did not turn at the end. */
  | { readonly kind: 'ended'; readonly token: AttemptToken; readonly blockedMs: number; readonly blockedIn: string | null }
  | { readonly kind: 'request'; readonly id: number; readonly token: AttemptToken; readonly request: ChannelRequest }
  /** The runner must be killed now: `token` is to blame for `error`. */
  | { readonly kind: 'doomed'; readonly token: AttemptToken | null; readonly message: string };

export type ChannelRequest =
  | { readonly kind: 'push'; readonly key: string; readonly value: TaggedJson }
  | { readonly kind: 'pull'; readonly pull: XComPull }
  | { readonly kind: 'lookUp'; readonly fact: TaskFact }
  | { readonly kind: 'rendered'; readonly fields: RenderedFields }
  | { readonly kind: 'copies'; readonly taskId: string; readonly from: number; readonly to: number }
  | { readonly kind: 'assetEvents'; readonly query: AssetEventQuery };

/** Settings of a runner, handed over in its environment variable `RUNNER_SETTINGS_VARIABLE`. */
export interface RunnerSettings {
  readonly threads: number;
  readonly maxHeapMb: number;
  readonly maxRssMb: number;
  readonly blockedLoopWarnMs: number;
  /** Idle for this long and grown, the runner asks to be replaced, in milliseconds. */
  readonly wornAfterMs: number;
  /** Where npm packages of the DAGs are resolved when the folder of the machine that parsed them does not exist. */
  readonly originalRoot: string;
}

export const RUNNER_SETTINGS_VARIABLE = 'AIRFLOW_LIKE_RUNNER_SETTINGS';

/** What a thread answers. */
export interface ThreadAnswer {
  /** JSON of an Outcome. */
  readonly outcome: string;
  /** True if the attempt has a log file. */
  readonly isLogged: boolean;
}

/** One attempt as a thread gets it. */
export interface ThreadTask {
  /** Counts attempts within the runner; the thread shows it in its shared cells while it works on it. */
  readonly sequence: number;
  /** The database-corrected clock when this was sent; the thread counts on from it. */
  readonly sentAt: number;
  readonly workload: string;
}

/** Int32 cells that a thread shares with the runner. `startedChildren` is 1 once it has started a process. */
export const CELLS = { beats: 0, sequence: 1, externalMb: 2, heapMb: 3, startedChildren: 4, count: 5 } as const;

/** A thread's first word: its port and its cells. */
export interface ThreadHello {
  readonly kind: 'hello';
  readonly threadId: number;
  readonly cells: Int32Array;
  readonly port: MessagePort;
}

export type ThreadMessage =
  | { readonly kind: 'logged'; readonly sequence: number }
  | { readonly kind: 'began'; readonly sequence: number }
  | { readonly kind: 'request'; readonly id: number; readonly sequence: number; readonly request: ChannelRequest }
  /** The attempt is over and the thread must not be used again; `outcome` is JSON. */
  | { readonly kind: 'final'; readonly sequence: number; readonly outcome: string };

export type MessageToThread =
  | { readonly kind: 'abort'; readonly sequence: number; readonly reason: string }
  | { readonly kind: 'reply'; readonly id: number; readonly value?: TaggedJson; readonly error?: string };

// Taken before user code is loaded, which may replace it.
const { stringify } = JSON;

export const encodeOutcome = (outcome: Outcome): string => stringify(outcome);
