import { findCycles } from '../core/graph/topology.js';
import type { DagSpec, MapSpec, TaskSpec } from '../model/dag-spec.js';
import { TASK_CALLBACK_EVENTS } from '../model/callback.js';
import { AirflowLikeError, isAirflowLikeError } from '../model/errors.js';
import { checkId } from '../model/ids.js';
import { nearestName } from '../model/nearest-name.js';
import { callbackFlags, callbackFor, type DagCallbacks, type TaskCallbacks } from './callback.js';
import { checkChoices, type CheckedChoice } from './check-choices.js';
import { checkDagOptions, type CheckedDag } from './check-dag-options.js';
import { checkGraph } from './check-graph.js';
import { CHOICES } from './choices.js';
import { checkSchedule } from './check-schedule.js';
import { checkSkips } from './check-skips.js';
import { checkTaskDefaults, TASK_DEFAULTS, type TaskSettings } from './check-task-options.js';
import { checkTaskRules, type RuledTask } from './check-task-rules.js';
import type { DagInstance, TaskBody } from './dag-instance.js';
import type { ProblemList } from './problems.js';
import type { ScheduleReading } from './read-schedule.js';
import { resolveInput, type Names } from './record-input.js';
import { isThenable, Recorder, refuseAsync } from './recorder.js';
import { resolveEdges, type ResolvedEdges } from './resolve-edges.js';
import { askRetryPolicy, type RetryPolicy } from './retry-policy.js';
import { positionInStack, relativePosition, type LazyPosition } from './source-position.js';
import { callWithSchemas } from './edge-schemas.js';
import { readTaskDates, type TaskDates } from './task-dates.js';
import type { CheckedMember } from './task-member.js';
import type { MapLabel } from './task-options.js';
import { wireByUpstream } from './wire-by-upstream.js';
import { mappedGroupAround, taskIdOf, type PendingMap, type TaskNode } from './wiring-nodes.js';

/** From what an author declared to a DagSpec: options, wiring, ids, edges. The same for classes and for functions. */

/** A DAG as found in a file: plain data, and the way to run its tasks. */
export interface DagDefinition {
  readonly spec: DagSpec;
  /** Name of the export that holds it. */
  readonly exportName: string;
  /**
   * A fresh instance; one is made for each attempt.
   * @param bodies What runs in place of the author's code, by task id; the tasks' schemas are checked around it all the same.
   */
  createInstance(bodies?: ReadonlyMap<string, TaskBody>): DagInstance;
}

/** What a class or a `defineDag` brings. */
export interface DagSource {
  /** Named in messages when it has no valid id. */
  readonly name: string;
  readonly defaultId: unknown;
  readonly options: unknown;
  readonly position: LazyPosition;
  readonly exportName: string;
  /** Where wiring was written; null when there is none. */
  readonly wirePosition: LazyPosition | null;
  /** Members known before wiring; a function form adds to them while it is wired. */
  readonly members: CheckedMember[];
  /** Whether something was declared as a task, also when it cannot be one. */
  readonly declaresTasks: boolean;
  /** Runs the author's wiring. Null: there is none, and tasks are wired by their `upstream` options. */
  readonly wire: ((recorder: Recorder) => unknown) | null;
  readonly createInstance: () => object | null;
}

/** Null when there are mistakes that leave no sound DAG; they are in `problems`. */
export function buildDag(
  source: DagSource,
  file: string,
  problems: ProblemList,
  warnings: ProblemList,
  reading: ScheduleReading,
): DagDefinition | null {
  const problemsBefore = problems.count;
  const at = { place: source.name, position: source.position };
  const options = checkDagOptions(source.options, at, problems, warnings, reading);
  const dagId = options.dagId ?? source.defaultId;
  problems.try(() => checkId(dagId, `${source.name}.dagId`), source.position);
  const recorder = new Recorder({
    dagId: String(dagId),
    problems,
    warnings,
    checkGroupDefaults: (defaults, groupId, position) =>
      checkTaskDefaults(defaults, { place: `groups.${groupId}`, position }, problems),
  });
  const problemsBeforeWiring = problems.count;
  const complete = wireDag(source, recorder, problems);
  const isWiredAsWritten = complete && problems.count === problemsBeforeWiring;
  if (isWiredAsWritten && !source.declaresTasks && source.members.length === 0) {
    problems.add(
      'TASK_MISSING_WRAPPER',
      { place: source.name, message: 'the DAG has no task; decorate its methods with @task(), or make some with d.task(...)' },
      source.position,
    );
  }
  checkGraph(recorder, source.members, complete, problems);
  const edges = resolveEdges(recorder);
  reportCycle(recorder, edges, problems);
  const dates = readTaskDates(source.members, options.settings.timezone, problems, warnings);
  const built = builtTasks(source, options, dates, recorder, edges, file);
  for (const { spec, member } of built) {
    const place = problems.partOf(member.position, 'mapIndexTemplate');
    problems.try(() => problems.templates?.check(spec.mapIndexTemplate, `tasks.${spec.taskId}.mapIndexTemplate`), place);
  }
  checkTaskRules(built, options.settings, problems, warnings);
  if (problems.count > problemsBefore) return null;
  const spec: DagSpec = {
    specVersion: 1,
    dagId: String(dagId),
    ...options.settings,
    tasks: built.map((task) => task.spec),
    groups: recorder.groups.map((group) => ({
      groupId: group.id,
      parentId: group.parent?.id ?? null,
      map: resolveMap(group.map, edges),
    })),
    file,
    exportName: source.exportName,
    position: relativePosition(source.position(), file),
  };
  checkChoices(spec, built, problems);
  if (problems.count > problemsBefore) return null;
  checkSkips(spec, built, warnings);
  checkSchedule(spec, warnings.partOf(source.position, 'schedule'), warnings, Date.now());
  const tasks = new Map(built.map((task) => [task.spec.taskId, task]));
  const code: DagCode = { source, dagId: spec.dagId, tasks, callbacks: options.callbacks };
  return { spec, exportName: source.exportName, createInstance: (bodies) => createInstance(code, bodies) };
}

/** Returns whether the wiring ran to its end; if it did not, what it did not reach is not held against the author. */
function wireDag(source: DagSource, recorder: Recorder, problems: ProblemList): boolean {
  try {
    if (!source.wire) return wireByUpstream(source.members, recorder, problems);
    refuseUpstreamOptions(source, problems);
    const result = source.wire(recorder);
    if (!isThenable(result)) return true;
    refuseAsync(result, `${source.name}.wire`, problems, source.wirePosition);
    return false;
  } catch (error) {
    // Our own errors come from a call in wire; where they do not, the place is that of wire.
    const isPlaced = isAirflowLikeError(error) && positionInStack(error.stack ?? '') !== null;
    problems.addThrown(error, 'IMPORT_ERROR', `${source.name}.wire`, isPlaced ? null : source.wirePosition);
    return false;
  } finally {
    recorder.close();
  }
}

function refuseUpstreamOptions(source: DagSource, problems: ProblemList): void {
  for (const { name, task, position } of source.members) {
    if (task.upstream.length === 0) continue;
    problems.add(
      'EDGE_INVALID',
      {
        place: `tasks.${name}.upstream`,
        message: `${source.name} has a wire method, which says what follows what; remove upstream`,
        value: task.upstream,
      },
      problems.partOf(position, 'upstream'),
    );
  }
}

function reportCycle(recorder: Recorder, { upstream }: ResolvedEdges, problems: ProblemList): void {
  for (const cycle of findCycles(recorder.tasks.map((task) => ({ taskId: taskIdOf(task), upstream: upstream.get(task) ?? [] })))) {
    const at = recorder.tasks.find((task) => taskIdOf(task) === cycle[0]);
    problems.add('DAG_CYCLE', { place: recorder.dagId, message: `the tasks form a cycle: ${cycle.join(' -> ')}` }, at?.position);
  }
}

/** A task of the spec, and what of it is code. */
interface BuiltTask extends RuledTask, CheckedChoice {
  readonly member: CheckedMember;
  readonly callbacks: TaskCallbacks;
  readonly retryPolicy: RetryPolicy | null;
  readonly mapLabel: MapLabel | null;
}

/** Members that were refused have none. */
function builtTasks(
  source: DagSource,
  { taskDefaults }: CheckedDag,
  dates: ReadonlyMap<string, TaskDates>,
  recorder: Recorder,
  edges: ResolvedEdges,
  file: string,
): readonly BuiltTask[] {
  const members = new Map(source.members.map((member) => [member.name, member]));
  return recorder.tasks.flatMap((node) => {
    const member = members.get(node.member.name) ?? CHOICES.get(node.member.name);
    if (!member) return [];
    const { retryPolicy, mapIndexTemplate, onExecute, onSuccess, onFailure, onRetry, onSkipped, ...merged } = mergeSettings(
      node,
      member,
      taskDefaults,
    );
    const callbacks: TaskCallbacks = { onExecute, onSuccess, onFailure, onRetry, onSkipped };
    const mapLabel = typeof mapIndexTemplate === 'function' ? mapIndexTemplate : null;
    const spec: TaskSpec = {
      taskId: taskIdOf(node),
      operator: member.operator,
      member: member.name,
      upstream: edges.upstream.get(node) ?? [],
      inputs: node.inputs.map((input) => resolveInput(input, edges)),
      map: resolveMap(node.map, edges),
      sensor: member.sensor,
      groupId: node.group?.id ?? null,
      role: member.role,
      onFailureFailDagrun: member.onFailureFailDagrun,
      decides: member.decides,
      isInstant: isInstant(member, onExecute !== null),
      hasRetryPolicy: retryPolicy !== null,
      ...callbackFlags(callbacks, TASK_CALLBACK_EVENTS),
      ...(dates.get(member.name) ?? { startDate: null, endDate: null }),
      templateFields: member.templateFields,
      outlets: member.task.outlets,
      inlets: member.task.inlets,
      ...merged,
      mapIndexTemplate: typeof mapIndexTemplate === 'string' ? mapIndexTemplate : null,
      triggerRule: member.role === 'teardown' ? 'all_done_setup_success' : merged.triggerRule,
      dependsOnPast: merged.dependsOnPast || merged.waitForDownstream,
      doc: member.task.doc,
      previousIds: member.task.previousIds,
      position: relativePosition((member.position ?? node.position)?.() ?? null, file),
    };
    return {
      spec,
      member,
      output: member.task.output,
      callbacks,
      retryPolicy,
      mapLabel,
      declaredAt: member.position,
      wiredAt: node.position,
      mappedGroup: mappedGroupAround(node.group)?.id ?? null,
    };
  });
}

/** An event of an asset is made by who runs the task, and so is a call before it. What decides without being run is never run. */
function isInstant({ isInstant: isEmpty, decides, task }: CheckedMember, isCalledBefore: boolean): boolean {
  return isEmpty && task.outlets.length === 0 && task.inlets.length === 0 && (decides !== null || !isCalledBefore);
}

function resolveMap(map: PendingMap | null, names: Names): MapSpec | null {
  return map && { ...map, sources: map.sources.map((source) => resolveInput(source, names)) };
}

/** Options of the call win over the task's own, these over those of its groups, the innermost first, then `defaultArgs`, then Airflow's defaults. */
function mergeSettings(node: TaskNode, member: CheckedMember, taskDefaults: Partial<TaskSettings>): TaskSettings {
  const layers: Partial<TaskSettings>[] = [node.settings, member.task.settings];
  for (let group = node.group; group; group = group.parent) layers.push(group.defaults);
  layers.push(taskDefaults);
  return layers.reduceRight<TaskSettings>((merged, layer) => ({ ...merged, ...layer }), TASK_DEFAULTS);
}

/** What runs of a DAG, once it is built. */
interface DagCode {
  readonly source: DagSource;
  readonly dagId: string;
  readonly tasks: ReadonlyMap<string, BuiltTask>;
  readonly callbacks: DagCallbacks;
}

function createInstance({ source, dagId, tasks, callbacks }: DagCode, bodies?: ReadonlyMap<string, TaskBody>): DagInstance {
  const instance = source.createInstance();
  const find = (taskId: string): BuiltTask => {
    const found = tasks.get(taskId);
    if (found) return found;
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place: dagId,
      message: `DAG "${dagId}" has no task "${taskId}"`,
      suggestion: nearestName(taskId, tasks.keys()),
    });
  };
  return {
    templates: (taskId) => (bodies?.has(taskId) ? {} : find(taskId).member.templates(instance)),
    call(taskId, args, rendered) {
      const { spec, member } = find(taskId);
      const body = bodies?.get(taskId);
      return callWithSchemas(spec, member.task, args, (checked) =>
        body ? body(...checked) : member.call(instance, checked, rendered),
      );
    },
    mapLabelOf: (taskId) => find(taskId).mapLabel,
    async callBack(context) {
      await callbackFor('taskId' in context ? find(context.taskId).callbacks : callbacks, context)?.(context);
    },
    async judge(taskId, error, failed) {
      const { retryPolicy } = find(taskId);
      return retryPolicy ? askRetryPolicy(retryPolicy, error, failed, `tasks.${taskId}.retryPolicy`) : { kind: 'default' };
    },
  };
}
