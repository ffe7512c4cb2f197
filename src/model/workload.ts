import type { TaskSpec } from './dag-spec.js';
import type { DataInterval, Instant } from './instant.js';
import type { RunType } from './states.js';
import type { TaggedJson } from './tagged-json.js';
import type { AttemptToken, TaskInstance, TaskInstanceKey } from './task-instance.js';

/** A task instance that has been given to a worker: already `running` under `token`. The supervisor makes a Workload of it. */
export interface Assignment {
  readonly token: AttemptToken;
  readonly taskInstanceId: number;
  readonly dagRunId: number;
  readonly key: TaskInstanceKey;
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly waitingSince: Instant | null;
  readonly pokeNumber: number;
  readonly startedAt: Instant;
  /** The row as it stands while this attempt runs, from which a worker without a snapshot settles the outcome. */
  readonly instance: TaskInstance;
  readonly task: TaskSpec;
  readonly versionId: number;
  readonly run: RunContext;
}

/** What a task may know about its run. */
export interface RunContext {
  readonly dagId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly logicalDate: Instant | null;
  readonly dataInterval: DataInterval | null;
  readonly runAfter: Instant;
  readonly startedAt: Instant | null;
  /** How often the run was cleared. */
  readonly clearNumber: number;
  readonly conf: Readonly<Record<string, unknown>>;
  /** Defaults of the DAG's params overlaid with `conf`. */
  readonly params: { readonly [name: string]: TaggedJson };
  readonly timezone: string;
}

/** Everything a runner needs to make one attempt: data only, no credentials. */
export interface Workload {
  readonly token: AttemptToken;
  readonly key: TaskInstanceKey;
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly task: TaskSpec;
  readonly run: RunContext;
  readonly bundle: BundleLocation;
  /** Arguments in order, refs resolved, in tagged form. */
  readonly inputs: readonly TaggedJson[];
  readonly waitingSince: Instant | null;
  readonly pokeNumber: number;
  readonly startedAt: Instant;
  /** Absolute path of the attempt's log file; the runner appends JSON lines to it. */
  readonly logFile: string;
  readonly maxXComBytes: number;
}

/** Where a runner finds the compiled code of a DagVersion. */
export interface BundleLocation {
  readonly hash: string;
  /** Folder that holds the compiled files of the bundle (`manifest.json` + files). */
  readonly directory: string;
  readonly entry: string;
  readonly exportName: string;
  readonly dagId: string;
  /** Compared with the hash of the spec that the runner wires itself (D105). */
  readonly specHash: string;
  /** The DAGs folder on the machine that parsed it, used to resolve npm packages when it exists. */
  readonly originalRoot: string;
}
