/** The recorded situations of `state/08_queueing.json` in a store, and the scheduler's own passes over them. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_PLAN_OPTIONS } from '../../src/core/dag-run/plan-options.js';
import { newTaskInstance } from '../../src/core/dag-run/new-task-instance.js';
import type { RunCommit, TaskInstanceChange } from '../../src/model/commit.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { DagSpec } from '../../src/model/dag-spec.js';
import type { DagRunState, TaskInstanceState } from '../../src/model/states.js';
import type { NewTaskInstance, TaskInstance } from '../../src/model/task-instance.js';
import type { Assignment } from '../../src/model/workload.js';
import type { Executor } from '../../src/ports/executor.js';
import type { Store } from '../../src/ports/store.js';
import { taskSpec } from '../support/dag-specs.js';
import { dateOf, nameOf, repeatPass, slotsOf, specOf, stateOf, type QueueingCase } from './queueing-cases.js';
import { ACTOR, createRun, giveRows, rowsByRun, saveSpecs, schedulerOver } from './state/stores.js';

/** What waits for this task stays in `none`, as it does in a recording, where only what is scheduled is looked at. */
const GATE = 'gate';
const FAR = 1e12;

interface GivenRun {
  run: DagRun;
  readonly spec: DagSpec;
  readonly state: DagRunState;
  readonly lengths: ReadonlyMap<string, number>;
  /** By task and map index; all others are none. */
  readonly states: ReadonlyMap<string, TaskInstanceState>;
}

/** Writes the situations of all cases into one store, side by side: their DAGs and pools have names of their own. */
export async function giveCases(store: Store, cases: readonly QueueingCase[]): Promise<ReadonlyMap<string, readonly GivenRun[]>> {
  const pools = cases.flatMap(({ id, pools: given }) =>
    Object.entries(given).map(([name, { slots, include_deferred: includeDeferred = false }]) => {
      return { name: poolOf(id, name), slots, description: null, includeDeferred };
    }),
  );
  await store.pools.save(pools, ACTOR, 0);
  const dags = cases.flatMap(({ id, dags: given, tis }) => given.map((dag) => ({ id, dag, tis, spec: storedSpecOf(id, dag) })));
  await saveSpecs(
    store,
    dags.map(({ spec }) => spec),
  );
  const byCase = new Map<string, GivenRun[]>(cases.map(({ id }) => [id, []]));
  for (const { id, dag, tis, spec } of dags) {
    for (const { id: runId, day, state = 'running' } of dag.runs) {
      const patch = { runId, logicalDate: dateOf(day), state: state === 'queued' ? 'queued' : 'running' } as const;
      const run = await createRun(store, spec.dagId, patch);
      const own = tis.filter(([dagId, ofRun]) => dagId === dag.id && ofRun === runId);
      const states = new Map(own.map(([, , task, mapIndex, taskState]) => [`${task} ${mapIndex}`, stateOf(taskState)]));
      const lengths = new Map(dag.tasks.flatMap((task) => (task.mapped === undefined ? [] : [[task.id, task.mapped]])));
      byCase.get(id)!.push({ run, spec, state, states, lengths });
    }
  }
  const all = [...byCase.values()].flat();
  await giveRows(
    store,
    all.map((given) => ({ run: given.run, rows: expandedRows(given) })),
  );
  await giveStates(store, all);
  const paused = dags.filter(({ dag }) => dag.paused).map(({ spec }) => spec.dagId);
  await store.catalog.setPaused(paused, true, null, ACTOR, 0);
  for (const given of all) given.run = (await store.runs.getRun(given.run.id))!;
  return byCase;
}

/** What the scheduler queues in pass after pass over the runs of one case. */
export async function answerOver(
  store: Store,
  testCase: QueueingCase,
  given: readonly GivenRun[],
): Promise<readonly (readonly string[])[]> {
  const started: Assignment[] = [];
  const executor: Executor = {
    workerId: randomUUID(),
    slots: slotsOf(testCase),
    freeSlots: () => slotsOf(testCase),
    start: (assignments) => void started.push(...assignments),
    cancel: () => undefined,
    running: () => [],
    onOutcome: () => undefined,
    stop: async () => undefined,
  };
  const { advancer } = schedulerOver(store, executor, DEFAULT_PLAN_OPTIONS);
  const running = given.filter(({ run }) => run.state === 'running');
  await advancer.claim(running.map(({ run }) => ({ dagRunId: run.id, revision: run.revision })));
  return repeatPass(testCase, async () => {
    await advancer.advance([], 1);
    return started.splice(0).map(({ key }) => nameOf(key.dagId.slice(testCase.id.length + 1), key.runId, key.taskId, key.mapIndex));
  });
}

function poolOf(caseId: string, name: string): string {
  return `${caseId} ${name}`;
}

function storedSpecOf(caseId: string, dag: QueueingCase['dags'][number]): DagSpec {
  const spec = specOf(dag);
  const tasks = spec.tasks.map((task) => ({ ...task, pool: poolOf(caseId, task.pool), upstream: [GATE] }));
  return { ...spec, dagId: `${caseId}.${dag.id}`, tasks: [taskSpec(GATE), ...tasks] };
}

/** Every row that the run has, in state none. */
function expandedRows({ spec, lengths }: GivenRun): readonly NewTaskInstance[] {
  return spec.tasks.flatMap(({ taskId, pool, poolSlots, priorityWeight, queue }) => {
    const length = lengths.get(taskId);
    const indexes = length === undefined ? [-1] : Array.from({ length }, (_, index) => index);
    return indexes.map((mapIndex) => newTaskInstance(0, taskId, mapIndex, { maxTries: 9, pool, poolSlots, priorityWeight, queue }));
  });
}

async function giveStates(store: Store, all: readonly GivenRun[]): Promise<void> {
  const rows = await rowsByRun(
    store,
    all.map(({ run }) => run),
  );
  const commits = all.map(({ run, state, states }): RunCommit => {
    const { queuedAt, startedAt, clearNumber, versionId } = run;
    const hasEnded = state !== 'running' && state !== 'queued';
    return {
      dagRunId: run.id,
      dagId: run.dagId,
      expectedRevision: null,
      run: hasEnded
        ? { from: 'running', path: [state], queuedAt, startedAt, endedAt: 1, clearNumber, versionId, reason: null }
        : null,
      planAt: undefined,
      changes: rows.get(run.id)!.flatMap((row) => {
        const to = row.taskId === GATE ? 'deferred' : (states.get(`${row.taskId} ${row.mapIndex}`) ?? 'none');
        return to === 'none' ? [] : [changeTo(row, to)];
      }),
      insertions: [],
      wakeNextRun: false,
      actor: ACTOR,
    };
  });
  const { staleRuns, staleTaskInstances } = await store.scheduling.commit(commits, 0);
  if (staleRuns.length + staleTaskInstances.length > 0) throw new Error('the given states could not be written');
}

function changeTo(row: TaskInstance, state: TaskInstanceState): TaskInstanceChange {
  const isLive = state === 'queued' || state === 'running';
  const isParked = state === 'deferred' || state === 'awaiting_input';
  const token = isLive ? randomUUID() : null;
  return {
    taskInstanceId: row.id,
    from: 'none',
    expectedToken: null,
    path: [state],
    next: { ...row, state, token, tryNumber: 1, deferral: isParked ? { wait: 1 } : null, wakeAt: isLive || isParked ? null : FAR },
    endAttempt: null,
    openAttempt: isLive ? { dispatchNumber: 1, createdAt: 0, startedAt: null, workerId: null } : null,
    clearXComs: false,
    xcoms: [],
    reason: null,
  };
}
