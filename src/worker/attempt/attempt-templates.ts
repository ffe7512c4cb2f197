/**
 * Renders the templates of one attempt: the fields of its operator, and texts that it asks for itself. It owns the loop of rendering, finding a
 * value through the attempt's channel and rendering again. The engine is loaded by the first text that needs it.
 */
import type { LookupAnswer, TemplateFacts, TemplateLookup } from '../../core/template/variables.js';
import { decodeTagged, encodeTagged } from '../../model/codec.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { TaskChannel } from '../../ports/task-channel.js';
import type { AssetEvent } from '../../sdk/asset-context.js';
import type { TaskContext } from '../../sdk/context.js';
import { triggeringEventsOf } from './asset-events.js';
import type { AttemptWork } from './run-attempt.js';
import { showValue } from './task-error.js';

/** Values that one field may ask for. */
const MAX_LOOKUPS = 1_000;

const loadEngine = async () => {
  // One after the other: they share most of their modules, and a loader that links them side by side gains nothing (Jest's loses its way).
  const values = await import('../../core/template/render-value.js');
  const names = await import('../../core/template/variables.js');
  const render = await import('../../core/template/render-template.js');
  return { ...values, ...names, ...render, cache: new values.TemplateCache() };
};
let engine: ReturnType<typeof loadEngine> | null = null;

export interface TemplateEnvironment {
  readonly token: AttemptToken;
  readonly channel: TaskChannel;
  readonly now: () => Instant;
}

export class AttemptTemplates {
  constructor(
    private readonly facts: TemplateFacts,
    private readonly environment: TemplateEnvironment,
  ) {}

  /** Rejects with AirflowLikeError TEMPLATE_ERROR. */
  async render(template: string): Promise<string> {
    return String(await this.renderOne(template, 'context().render'));
  }

  /** The fields by name, rendered; a function in place of a value is called with the context. They are kept with the attempt. */
  async renderFields(fields: Readonly<Record<string, unknown>>, context: TaskContext): Promise<Readonly<Record<string, unknown>>> {
    const rendered: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) {
      rendered[name] =
        typeof value === 'function'
          ? await (value as (context: TaskContext) => unknown)(context)
          : await this.renderOne(value, name);
    }
    if (Object.keys(rendered).length === 0) return rendered;
    const shown = Object.entries(rendered).map(([name, value]): [string, TaggedJson] => [name, storable(value, name)]);
    await this.environment.channel.saveRendered(this.environment.token, Object.fromEntries(shown));
    return rendered;
  }

  private async renderOne(value: unknown, field: string): Promise<unknown> {
    const { renderValue, templateNames, NeedValue, cache } = await (engine ??= loadEngine());
    const answers = new Map<string, LookupAnswer>();
    const random = Math.random;
    const { now } = this.environment;
    const answer = (lookup: TemplateLookup): LookupAnswer | undefined => answers.get(JSON.stringify(lookup));
    const names = templateNames(this.facts, { now, random, answer });
    for (let lookups = 0; lookups < MAX_LOOKUPS; lookups++) {
      try {
        return renderValue(value, field, cache, { names, random });
      } catch (error) {
        if (!(error instanceof NeedValue)) throw error;
        const request = error.request as TemplateLookup;
        answers.set(JSON.stringify(request), { value: await this.find(request) });
      }
    }
    throw new AirflowLikeError('TEMPLATE_ERROR', {
      place: `field ${field}`,
      message: `it asks for more than ${MAX_LOOKUPS} values`,
    });
  }

  private async find(lookup: TemplateLookup): Promise<unknown> {
    const { channel, token } = this.environment;
    if (lookup.kind === 'triggeringEvents') return eventsByName(await triggeringEventsOf(token, channel).all());
    const found = lookup.kind === 'xcom' ? await channel.pullXCom(token, lookup.pull) : await channel.lookUp(token, lookup);
    return found === undefined ? undefined : decodeTagged(found);
  }
}

/** What templates may know of an attempt without asking. */
export function templateFacts(
  work: Omit<AttemptWork, 'inputs'>,
  spec: DagSpec,
  task: TaskSpec,
  inputs: readonly unknown[],
  isTest: boolean,
): TemplateFacts {
  const { key, run } = work;
  return {
    dagId: key.dagId,
    taskId: key.taskId,
    runId: key.runId,
    runType: run.runType,
    mapIndex: key.mapIndex,
    tryNumber: work.tryNumber,
    maxTries: work.maxTries,
    logicalDate: run.logicalDate,
    dataInterval: run.dataInterval,
    runAfter: run.runAfter,
    runStartedAt: run.startedAt,
    clearNumber: run.clearNumber,
    startedAt: work.startedAt,
    conf: run.conf,
    params: decodedParams(run.params),
    dag: {
      description: spec.description,
      owner: spec.owner,
      tags: spec.tags,
      timezone: spec.timezone,
      start_date: spec.startDate === null ? null : new Date(spec.startDate),
      end_date: spec.endDate === null ? null : new Date(spec.endDate),
      catchup: spec.catchup,
      max_active_runs: spec.maxActiveRuns,
      max_active_tasks: spec.maxActiveTasks,
      doc_md: spec.doc,
    },
    task: {
      owner: spec.owner,
      task_type: task.operator,
      retries: task.retries,
      pool: task.pool,
      pool_slots: task.poolSlots,
      queue: task.queue,
      priority_weight: task.priorityWeight,
      trigger_rule: task.triggerRule,
      depends_on_past: task.dependsOnPast,
      upstream_task_ids: task.upstream,
      doc_md: task.doc,
    },
    inputs,
    inlets: task.inlets,
    outlets: task.outlets,
    mapIndexTemplate: task.mapIndexTemplate,
    rescheduleCount: work.pokeNumber,
    isTest,
  };
}

export function decodedParams(params: AttemptWork['run']['params']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeTagged(value)]));
}

/** What cannot be stored is shown as far as it can be. */
function storable(value: unknown, field: string): TaggedJson {
  if (value === undefined) return null;
  try {
    return encodeTagged(value, field);
  } catch {
    return showValue(value);
  }
}

/** Under the names that Airflow's templates use. */
function eventsByName(events: readonly AssetEvent[]): Readonly<Record<string, readonly object[]>> {
  const byName: Record<string, object[]> = {};
  for (const { asset, timestamp, extra, source } of events) {
    (byName[asset.name] ??= []).push({
      uri: asset.uri,
      timestamp,
      extra,
      source_dag_id: source?.dagId ?? null,
      source_run_id: source?.runId ?? null,
      source_task_id: source?.taskId ?? null,
      source_map_index: source?.mapIndex ?? -1,
    });
  }
  return byName;
}
