/** The recorded cases of clear and mark, answered by the operations over a store that holds the runs. */
import { randomUUID } from 'node:crypto';
import type { RunCommit } from '../../src/model/commit.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import { FINISHED_RUN_STATES, type TaskInstanceState } from '../../src/model/states.js';
import { clearTaskInstances } from '../../src/operations/clear-task-instances.js';
import { markDagRuns } from '../../src/operations/mark-dag-runs.js';
import { markTaskInstances } from '../../src/operations/mark-task-instances.js';
import type { OperationDeps } from '../../src/operations/operation-deps.js';
import type { Store } from '../../src/ports/store.js';
import { createMemoryEventBus } from '../../src/store/memory/index.js';
import { newRun, parsedFile } from '../support/dag-specs.js';
import { change, runCommit } from '../conformance/commits.js';
import { USER } from '../unit/core/factories.js';
import {
  answerOf,
  countedTwice,
  dateOf,
  instancesOf,
  keyOf,
  specOf,
  T0,
  type ClearMarkCase,
  type Graph,
  type PlainRun,
  type Step,
} from './clear-mark-cases.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** The steps of task instances so far, in order. */
  events(): Promise<readonly { readonly entityId: number; readonly from: string; readonly to: string }[]>;
}

const NOW = T0 + 1_000 * 86_400_000;
/** States through which a state is reached; what lies between is not shown. */
const PATHS: Partial<Record<TaskInstanceState, readonly TaskInstanceState[]>> = {
  none: [],
  queued: ['scheduled', 'queued'],
  running: ['scheduled', 'queued', 'running'],
};

export async function storeAnswer(
  { store, events }: StoreUnderTest,
  testCase: ClearMarkCase,
  graphs: Readonly<Record<string, Graph>>,
): Promise<unknown> {
  const dagId = testCase.id.replace(/[^\w.-]/g, '_');
  await fill(store, dagId, testCase, graphs[testCase.graph]!);
  const before = await read(store, dagId);
  const seen = (await events()).length;
  const clock = { now: () => NOW, sleep: async () => {} };
  const deps: OperationDeps = { store, bus: createMemoryEventBus(), clock, actor: USER };
  let affected: number;
  try {
    affected = await act(deps, dagId, testCase);
  } catch (error) {
    if (!isAirflowLikeError(error)) throw error;
    // Where nothing would be marked, the user is told so; what is recorded is how many were: none.
    const isMark = testCase.action === 'mark' || testCase.action === 'mark_run';
    if (!isMark || error.code !== 'STATE_CONFLICT') return { error: error.definition.httpStatus };
    affected = 0;
  }
  const after = await read(store, dagId);
  const byId = new Map(after.flatMap((run) => run.instances.map((instance) => [instance.id, { run, instance }] as const)));
  const steps = (await events()).slice(seen).flatMap(({ entityId, from, to }): readonly Step[] => {
    const found = byId.get(entityId);
    if (!found) return [];
    const { taskId, mapIndex, tryNumber } = found.instance;
    return [{ runId: found.run.runId, key: keyOf(taskId, mapIndex), from, to, tryNumber }];
  });
  return answerOf(before, after, steps, affected);
}

async function act(deps: OperationDeps, dagId: string, { action, options }: ClearMarkCase): Promise<number> {
  const past = options.include_past ?? false;
  const future = options.include_future ?? false;
  const upstream = options.include_upstream ?? false;
  const downstream = options.include_downstream ?? false;
  const dryRun = options.dry_run ?? false;
  const runId = options.dag_run_id;
  switch (action) {
    case 'clear':
    case 'clear_run': {
      const tasks = options.task_ids?.map((chosen) =>
        typeof chosen === 'string' ? { taskId: chosen, mapIndexes: null } : { taskId: chosen[0], mapIndexes: [chosen[1]] },
      );
      const request = {
        dagId,
        runIds: [runId],
        tasks: tasks ?? null,
        past,
        future,
        upstream,
        downstream,
        onlyFailed: options.only_failed ?? false,
        onlyRunning: options.only_running ?? false,
        onlyNew: options.only_new ?? false,
        preventRunning: options.prevent_running_task ?? false,
        resetRuns: options.reset_dag_runs ?? true,
      };
      const shown = await clearTaskInstances(deps, { ...request, dryRun: true });
      if (dryRun) return shown.instances.length;
      const done = await clearTaskInstances(deps, { ...request, token: shown.token });
      if (JSON.stringify(done) !== JSON.stringify(shown)) throw new Error('the dry run showed something else');
      return done.instances.length;
    }
    case 'mark': {
      const request = {
        dagId,
        runId,
        taskId: options.task_id!,
        mapIndexes: options.map_indexes ?? null,
        past,
        future,
        upstream,
        downstream,
      };
      const state = options.new_state as 'success' | 'failed' | 'skipped';
      const shown = await markTaskInstances(deps, { ...request, state, dryRun: true });
      const done = await markTaskInstances(deps, { ...request, state });
      if (JSON.stringify(done) !== JSON.stringify(shown)) throw new Error('the dry run showed something else');
      return done.marked.length;
    }
    case 'mark_run': {
      const state = options.new_state as 'success' | 'failed' | 'queued';
      const [marked] = await markDagRuns(deps, { dagId, runIds: [runId], state });
      const changes = marked?.instances ?? [];
      return changes.length + countedTwice(changes, state);
    }
  }
}

async function fill(store: Store, dagId: string, testCase: ClearMarkCase, graph: Graph): Promise<void> {
  const spec = specOf(graph, testCase, dagId);
  await store.catalog.saveFiles([parsedFile(spec.file, [spec])], T0);
  for (const recorded of testCase.runs) {
    const type = recorded.type ?? 'scheduled';
    const state = recorded.state === 'queued' ? 'queued' : 'running';
    const created = await store.runs.createRun(dagId, newRun(recorded.id, dateOf(recorded), { runType: type, state }), USER, T0);
    if (!('run' in created)) throw new Error(`run ${recorded.id} exists`);
    const { run } = created;
    const wanted = instancesOf(graph, recorded);
    const rows = new Map((await store.runs.listTaskInstances([run.id])).map((row) => [row.taskId, row]));
    const [copies, others] = [wanted.filter(({ mapIndex }) => mapIndex >= 0), wanted.filter(({ mapIndex }) => mapIndex > 0)];
    await write(store, {
      ...runCommit(run),
      changes: copies.filter(({ mapIndex }) => mapIndex === 0).map(({ taskId }) => change(rows.get(taskId)!, [], { mapIndex: 0 })),
      insertions: others.map(({ taskId, mapIndex }) => ({ row: { ...rows.get(taskId)!, mapIndex }, path: [] })),
    });
    const made = new Map((await store.runs.listTaskInstances([run.id])).map((row) => [keyOf(row.taskId, row.mapIndex), row]));
    const changes = wanted.map(({ taskId, ...fields }) => {
      const isLive = fields.state === 'queued' || fields.state === 'running';
      const startedAt = fields.state === 'running' ? T0 : null;
      return {
        ...change(made.get(keyOf(taskId, fields.mapIndex))!, PATHS[fields.state] ?? [fields.state], {
          ...fields,
          token: isLive ? randomUUID() : null,
          startedAt,
        }),
        openAttempt: isLive ? { dispatchNumber: 1, createdAt: T0, startedAt, workerId: null } : null,
      };
    });
    const { versionId } = run;
    const end = {
      from: run.state,
      path: [recorded.state],
      queuedAt: T0,
      startedAt: T0,
      endedAt: T0,
      clearNumber: 0,
      versionId,
      reason: null,
    };
    await write(store, {
      ...runCommit((await store.runs.getRun(run.id))!, { planAt: null, changes }),
      run: FINISHED_RUN_STATES.has(recorded.state) ? end : null,
    });
  }
}

async function write(store: Store, commit: RunCommit): Promise<void> {
  const { staleRuns, staleTaskInstances } = await store.scheduling.commit([commit], T0);
  if (staleRuns.length + staleTaskInstances.length > 0) throw new Error('the case could not be made');
}

async function read(store: Store, dagId: string) {
  const runs = await store.runs.listRuns({ dagId, order: 'logical_date' });
  return Promise.all(
    runs.map(async (run) => {
      const plain = {
        runId: run.runId,
        state: run.state,
        clearNumber: run.clearNumber,
        isStarted: run.startedAt !== null,
        isEnded: run.endedAt !== null,
        instances: await store.runs.listTaskInstances([run.id]),
      };
      return plain satisfies PlainRun;
    }),
  );
}
