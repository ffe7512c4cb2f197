import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AttemptOutcome, Outcome } from '../../../src/model/outcome.js';
import type { CommitResult } from '../../../src/model/commit.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { AttemptToken } from '../../../src/model/task-instance.js';
import type { Assignment } from '../../../src/model/workload.js';
import type { Logger } from '../../../src/ports/logger.js';
import type { SchedulingStore } from '../../../src/ports/store.js';
import { RemoteSettler } from '../../../src/scheduler/remote-settler.js';
import { createMemoryStore, type MemoryStore } from '../../../src/store/memory/index.js';
import { change, runCommit, SCHEDULER } from '../../conformance/commits.js';
import { dagSpec, newRun, parsedFile, taskSpec } from '../../support/dag-specs.js';

const WORKER = '00000000-0000-4000-8000-0000000000aa';
const BRANCH: DagSpec = dagSpec('d', {
  isPausedUponCreation: false,
  tasks: [
    taskSpec('br', { decides: { kind: 'branch' } }),
    taskSpec('l', { upstream: ['br'] }),
    taskSpec('r', { upstream: ['br'] }),
    taskSpec('other'),
  ],
});

describe('the settler of a worker process', () => {
  let store: MemoryStore;
  let run: DagRun;
  let assignments: Map<AttemptToken, Assignment>;
  let warnings: unknown[];

  /** A run whose tasks `br` and `other` are running on the worker. */
  async function begin(spec: DagSpec): Promise<void> {
    store = createMemoryStore({ now: () => 0, sleep: async () => undefined });
    await store.catalog.saveFiles([parsedFile('d.ts', [spec])], 0);
    const created = await store.runs.createRun('d', newRun('r', null, { runType: 'manual' }), SCHEDULER, 0);
    if (!('run' in created)) throw new Error('there is such a run');
    run = created.run;
    const rows = await store.runs.listTaskInstances([run.id]);
    const changes = rows
      .filter(({ taskId }) => taskId === 'br' || taskId === 'other')
      .map((row) => ({
        ...change(row, ['scheduled', 'queued'], { token: crypto.randomUUID(), tryNumber: 1, queuedAt: 0 }),
        openAttempt: { dispatchNumber: 1, createdAt: 0, startedAt: null, workerId: null },
      }));
    await store.scheduling.commit([runCommit(run, { changes })], 0);
    const claimed = await store.attempts.claimQueued(WORKER, ['default'], 10, 0);
    assignments = new Map(claimed.map((assignment) => [assignment.token, assignment]));
  }

  beforeEach(() => begin(BRANCH));

  function settlerOver(scheduling: SchedulingStore): RemoteSettler {
    warnings = [];
    const quiet = () => undefined;
    const logger: Logger = {
      debug: quiet,
      info: quiet,
      warn: (fields) => void warnings.push(fields),
      error: quiet,
      child: () => logger,
    };
    return new RemoteSettler({
      store: scheduling,
      catalog: store.catalog,
      bus: { publish: quiet, subscribe: () => quiet, close: async () => undefined },
      clock: { now: () => 10, sleep: async () => undefined },
      actor: { kind: 'worker', id: WORKER },
      logger,
    });
  }

  function outcomeOf(taskId: string, outcome: Outcome): AttemptOutcome {
    const assignment = [...assignments.values()].find(({ instance }) => instance.taskId === taskId) as Assignment;
    return { token: assignment.token, taskInstanceId: assignment.instance.id, dagRunId: run.id, outcome, endedAt: 9 };
  }

  async function states(): Promise<Record<string, string>> {
    const rows = await store.runs.listTaskInstances([run.id]);
    return Object.fromEntries(rows.map(({ taskId, state }) => [taskId, state]));
  }

  const decided: Outcome = { kind: 'success', output: null, decision: { followed: ['l'] } };
  const success: Outcome = { kind: 'success', output: null };
  const failed: Outcome = {
    kind: 'failed',
    error: { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null },
    retryable: false,
  };

  it('skips what a branch leaves out in the commit that ends the branch', async () => {
    await settlerOver(store.scheduling).settle([outcomeOf('br', decided), outcomeOf('other', success)], assignments);
    expect(await states()).toEqual({ br: 'success', l: 'none', r: 'skipped', other: 'success' });
    expect(await store.scheduling.claimRunsToPlan(10, 10, 1_000)).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('stops the others when a task fails in a DAG that fails fast', async () => {
    await begin({ ...BRANCH, failFast: true });
    await settlerOver(store.scheduling).settle([outcomeOf('other', failed)], assignments);
    expect(await states()).toEqual({ br: 'failed', l: 'skipped', r: 'skipped', other: 'failed' });
  });

  it('reads the run again as long as somebody else changes it, and gives up in the end', async () => {
    let stale = 3;
    const loaded: number[] = [];
    const busy: SchedulingStore = {
      ...store.scheduling,
      loadSnapshots: (ids) => (loaded.push(...ids), store.scheduling.loadSnapshots(ids)),
      commit: async (commits, now): Promise<CommitResult> =>
        stale-- > 0
          ? { staleRuns: [run.id], staleTaskInstances: [], revisions: new Map(), inserted: [] }
          : store.scheduling.commit(commits, now),
    };
    await settlerOver(busy).settle([outcomeOf('br', decided)], assignments);
    expect(loaded).toHaveLength(4);
    expect((await states())['r']).toBe('skipped');

    await begin(BRANCH);
    stale = Number.POSITIVE_INFINITY;
    const never: SchedulingStore = { ...busy, loadSnapshots: (ids) => store.scheduling.loadSnapshots(ids) };
    await expect(settlerOver(never).settle([outcomeOf('br', decided)], assignments)).rejects.toThrow('changed 20 times');
    expect((await states())['br']).toBe('running');
  });

  it('pitfall 35: drops what an attempt reports that no longer counts', async () => {
    const settler = settlerOver(store.scheduling);
    await settler.settle([outcomeOf('br', decided)], assignments);
    await settler.settle([outcomeOf('br', { kind: 'success', output: null, decision: { followed: ['r'] } })], assignments);
    expect(await states()).toMatchObject({ br: 'success', l: 'none', r: 'skipped' });
    expect(warnings).toHaveLength(1);
  });
});
