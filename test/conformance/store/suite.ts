/** What every part of the store's suite works with: two sessions on one store, and short words for the usual steps. */
import type { CommitResult, RunCommit } from '../../../src/model/commit.js';
import type { DagSchedulePlan, NewDagRun } from '../../../src/model/dag.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import type { NewBackfill } from '../../../src/ports/backfill-store.js';
import type { SavedFiles, Store } from '../../../src/ports/store.js';
import { dagSpec, newRun, parsedFile } from '../../support/dag-specs.js';

/** One implementation under test. */
export interface StoreHarness {
  /** Two sessions on the same data. */
  readonly store: Store;
  readonly other: Store;
  /** Empties everything but the pools of the first migration. */
  reset(): Promise<void>;
  events(): Promise<readonly StoredEvent[]>;
  setPool(name: string, slots: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoredEvent {
  readonly entity: string;
  readonly entityId: string | number;
  readonly from: string | null;
  readonly to: string;
  readonly token: string | null;
  readonly actorKind: string;
}

export const T0 = Date.UTC(2024, 0, 1);
export const DAY = 86_400_000;
export const USER = { kind: 'user', id: 'ada' } as const;
export const NOTHING: DagSchedulePlan = { createRuns: [], startRuns: [], nextRun: null, checkAt: null };

export interface StoreSuite {
  readonly harness: StoreHarness;
  readonly store: Store;
  readonly other: Store;
  /** Each DAG in a file of its own. */
  save(...specs: readonly DagSpec[]): Promise<SavedFiles>;
  create(dagId: string, run: NewDagRun): Promise<DagRun>;
  read(run: DagRun): Promise<DagRun>;
  instancesOf(run: DagRun): Promise<readonly TaskInstance[]>;
  instance(run: DagRun, taskId: string, mapIndex?: number): Promise<TaskInstance>;
  commit(...commits: readonly RunCommit[]): Promise<CommitResult>;
  /** A saved DAG (`d` with tasks a and b unless given) with one running run. */
  oneRun(spec?: DagSpec): Promise<DagRun>;
  backfill(dagId: string): NewBackfill;
}

export function createSuite(harness: StoreHarness): StoreSuite {
  const { store, other } = harness;
  const suite: StoreSuite = {
    harness,
    store,
    other,
    save: (...specs) =>
      store.catalog.saveFiles(
        specs.map((spec) => parsedFile(spec.file, [spec])),
        T0,
      ),
    async create(dagId, run) {
      const answer = await store.runs.createRun(dagId, run, USER, T0);
      if (!('run' in answer)) throw new Error(`run ${run.runId} exists`);
      return answer.run;
    },
    read: async (run) => (await store.runs.getRun(run.id))!,
    instancesOf: (run) => store.runs.listTaskInstances([run.id]),
    instance: async (run, taskId, mapIndex = -1) =>
      (await suite.instancesOf(run)).find((row) => row.taskId === taskId && row.mapIndex === mapIndex)!,
    commit: (...commits) => store.scheduling.commit(commits, T0),
    async oneRun(spec = dagSpec('d')) {
      await suite.save(spec);
      return suite.create(spec.dagId, newRun('r1', T0));
    },
    backfill: (dagId) => ({
      dagId,
      fromDate: T0,
      toDate: T0 + 5 * DAY,
      maxActiveRuns: 2,
      conf: { a: 1 },
      reprocessBehavior: 'none',
      runBackwards: false,
      isCancelled: false,
      runOnLatestVersion: true,
      isPaused: false,
      expectedRuns: 3,
    }),
  };
  return suite;
}
