/**
 * The template fields of a task instance: as its last attempt got them, or, before the first, rendered now with the code of the run's version.
 * That evaluates the author's file in this process, as `tasks test` does.
 */
import { environmentSettings } from '../config/environment-settings.js';
import { evaluateBundle } from '../loading/evaluate-bundle.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DagRun } from '../model/dag-run.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { TaskInstance } from '../model/task-instance.js';
import type { RenderedFields } from '../ports/task-channel.js';
import type { DagDefinition } from '../sdk/build-dag.js';
import { collectDags } from '../sdk/collect-dags.js';
import { assignmentOf } from '../core/queueing/assignment.js';
import { OutletRecorder } from '../worker/attempt/asset-events.js';
import { AttemptTemplates, templateFacts } from '../worker/attempt/attempt-templates.js';
import { contextOf } from '../worker/attempt/task-context.js';
import { OutputShapes } from '../worker/inputs/output-shapes.js';
import { StoreTaskChannel, type AttemptScope } from '../worker/inputs/store-task-channel.js';
import type { Client } from './client.js';

export interface RenderedTask {
  /** Whether an attempt got these values, or they were made now. */
  readonly source: 'attempt' | 'now';
  /** Names of the operator's template fields, in its order. */
  readonly fields: readonly string[];
  /** By name; a field that was not given is missing. */
  readonly values: RenderedFields;
}

/** Nothing of it is stored. @throws AirflowLikeError TEMPLATE_ERROR, and what the author's module throws. */
export async function renderTask(client: Client, run: DagRun, instance: TaskInstance): Promise<RenderedTask> {
  const { store } = client;
  const found = await store.catalog.getVersion(run.versionId);
  const task = found?.spec.tasks.find(({ taskId }) => taskId === instance.taskId);
  if (!found || !task) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: run.runId,
      message: "the run's version of the DAG has no such task",
      value: instance.taskId,
    });
  }
  const fields = task.templateFields;
  if (fields.length === 0) return { source: 'now', fields, values: {} };
  const attempts = await store.runs.listAttempts([instance.id]);
  const last = attempts.findLast(({ rendered }) => rendered !== null);
  if (last) return { source: 'attempt', fields, values: last.rendered as RenderedFields };
  return {
    source: 'now',
    fields,
    values: await renderNow(client, run, instance, await loadDag(client, run, found.version.bundleHash)),
  };
}

async function loadDag(client: Client, { dagId, versionId }: DagRun, bundleHash: string): Promise<DagDefinition> {
  const bundle = await client.store.catalog.getBundle(bundleHash);
  if (!bundle) throw new AirflowLikeError('NOT_FOUND', { place: dagId, message: `the code of DAG version ${versionId} is gone` });
  const exports = await evaluateBundle(bundle, { originalRoot: client.config.config.core.dagsFolder });
  const { dags, problems } = collectDags(exports, bundle.entry);
  const dag = dags.find(({ spec }) => spec.dagId === dagId);
  if (dag) return dag;
  throw new AirflowLikeError('NOT_FOUND', {
    place: bundle.entry,
    message: problems[0]?.message ?? `it does not define the DAG ${dagId} here`,
  });
}

async function renderNow(client: Client, run: DagRun, instance: TaskInstance, dag: DagDefinition): Promise<RenderedFields> {
  const { store, clock, config } = client;
  const token = instance.token ?? '';
  const startedAt = instance.startedAt ?? clock.now();
  const assignment = assignmentOf({ ...instance, token, startedAt, tryNumber: Math.max(1, instance.tryNumber) }, run, dag.spec);
  if (!assignment) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: dag.spec.file,
      message: 'the DAG as wired here has no such task',
      value: instance.taskId,
    });
  }
  const { task } = assignment;
  const shapes = new OutputShapes(dag.spec);
  const scope: AttemptScope = {
    dagRunId: run.id,
    taskId: task.taskId,
    shapes,
    inlets: task.inlets,
    outlets: task.outlets,
    secrets: new Set(),
  };
  let kept: TaggedJson = {};
  const refuse = (): Promise<never> => Promise.reject(new Error('nothing is stored while fields are only shown'));
  const channel = new StoreTaskChannel({
    attempts: {
      ...store.attempts,
      pushXCom: refuse,
      setRendered: async (_token, rendered) => {
        kept = rendered;
        return true;
      },
    },
    settings: environmentSettings(),
    maxRenderedLength: config.config.core.maxTemplatedFieldLength,
    scopeOf: () => scope,
  });
  // What an attempt would be given as arguments is not known before its upstream tasks have ended.
  const work = { ...assignment, taskId: task.taskId, inputs: [], maxXComBytes: config.config.core.maxXComBytes };
  const templates = new AttemptTemplates(templateFacts(work, dag.spec, task, [], false), {
    token,
    channel,
    now: () => clock.now(),
  });
  const silent = (): void => undefined;
  const environment = { log: { write: silent, note: silent }, channel, signal: new AbortController().signal };
  const context = contextOf(task, templates, work, environment, 1, new OutletRecorder(task));
  await templates.renderFields(dag.createInstance().templates(task.taskId), context);
  return kept as RenderedFields;
}
