/**
 * Why a task instance does not run: every blocker, and the one that binds. Nothing is decided here. What holds is asked of the checks, limits and
 * timetables that the planner asks, so an explanation cannot say anything else than the planner does.
 */
import type { Blocker, Explanation } from '../../model/explanation.js';
import type { Instant } from '../../model/instant.js';
import type { Situation } from '../../model/situation.js';
import { FINISHED_RUN_STATES, FINISHED_STATES } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { RunView } from '../dag-run/run-view.js';
import { bind } from './bind.js';
import { instanceName, instantText } from './describe.js';
import { dependencyBlockers } from './explain-dependencies.js';
import { slotBlockers, slotLimitsOf, workerBlocker, type SlotLimits } from './explain-queueing.js';
import { blocker, runBlockers, type OpenBlocker } from './explain-run.js';

export interface ExplainOptions {
  /** Most task instances queued or running over everything, where no scheduler runs that says otherwise. */
  readonly parallelism: number;
  /** Why the instance came to its state, as the history says; null: it says nothing. */
  readonly reason?: string | null;
}

/** What is the same for all instances of a run. */
interface RunSubject {
  readonly situation: Situation;
  readonly view: RunView;
  readonly ofRun: readonly OpenBlocker[];
  readonly slots: SlotLimits;
}

/** Every instance of the run that is neither running nor finished, by task and map index. */
export function explainRun(situation: Situation, options: ExplainOptions): readonly Explanation[] {
  const subject = subjectOf(situation, options);
  return [...subject.view.allInstances()]
    .filter(({ state }) => state !== 'running' && !FINISHED_STATES.has(state))
    .map((instance) => explain(subject, instance, options));
}

/** @param mapIndex -1: of a task that is expanded, its first copy. */
export function explainTask(situation: Situation, taskId: string, mapIndex: number, options: ExplainOptions): Explanation {
  const subject = subjectOf(situation, options);
  const { view } = subject;
  const instances = view.graph.tasks.has(taskId) ? view.instances(taskId) : [];
  const instance = instances.find((candidate) => candidate.mapIndex === mapIndex) ?? (mapIndex < 0 ? instances[0] : undefined);
  if (instance) return explain(subject, instance, options);
  const { dagId, runId } = view.run;
  const version = 'the version of the DAG that this run has';
  if (view.graph.tasks.has(taskId)) {
    const summary = `${instanceName(taskId, mapIndex)} is not part of this run: its dates, or the number of its copies, leave it out`;
    return { dagId, runId, taskId, mapIndex, state: null, summary, blockers: [], nextLookAt: null };
  }
  const state = situation.snapshot.taskInstances.find((row) => row.taskId === taskId)?.state ?? null;
  const summary =
    state === null ? `${version} does not have the task ${taskId}` : `${taskId} is ${state}: ${version} no longer has this task`;
  return { dagId, runId, taskId, mapIndex, state, summary, blockers: [], nextLookAt: null };
}

function subjectOf(situation: Situation, { parallelism }: ExplainOptions): RunSubject {
  return {
    situation,
    view: RunView.from(situation.snapshot),
    ofRun: runBlockers(situation),
    slots: slotLimitsOf(situation, parallelism),
  };
}

function explain(subject: RunSubject, instance: TaskInstance, options: ExplainOptions): Explanation {
  const { taskId, mapIndex, state } = instance;
  const { dagId, runId } = subject.view.run;
  const blockers = bind(blockersOf(subject, instance));
  return {
    dagId,
    runId,
    taskId,
    mapIndex,
    state,
    summary: summaryOf(subject.situation, instance, blockers, options.reason ?? null),
    blockers,
    nextLookAt: nextLookAt(subject.situation, blockers),
  };
}

function blockersOf({ situation, view, ofRun, slots }: RunSubject, instance: TaskInstance): readonly OpenBlocker[] {
  if (instance.state === 'running' || FINISHED_STATES.has(instance.state)) return [];
  if (FINISHED_RUN_STATES.has(view.run.state)) return ofRun;
  switch (instance.state) {
    case 'queued':
      // It has its slot: a worker takes it whatever becomes of its run, its DAG or the scheduler.
      return [workerBlocker(situation, instance)];
    case 'deferred':
      return [...ofRun, waitBlocker('deferred', 'it waits for a trigger', instance.wakeAt)];
    case 'awaiting_input':
      return [...ofRun, waitBlocker('awaiting_input', 'it waits for a person', instance.wakeAt)];
    case 'scheduled':
      return [...ofRun, ...slotBlockers(situation, view, instance, slots)];
    default: {
      const dependencies = dependencyBlockers({ view, node: view.node(instance.taskId), instance, now: situation.now });
      const isFree = ofRun.length + dependencies.length === 0;
      const next = isFree
        ? [blocker('about_to_be_scheduled', 'nothing is in its way: the next pass of the scheduler moves it on')]
        : [];
      // Limits that would keep it back afterwards are worth knowing now.
      return [...ofRun, ...dependencies, ...next, ...slotBlockers(situation, view, instance, slots)];
    }
  }
}

function waitBlocker(code: 'deferred' | 'awaiting_input', text: string, until: Instant | null): OpenBlocker {
  return blocker(code, until === null ? text : `${text}, until ${instantText(until)} at the latest`, { until });
}

function summaryOf(situation: Situation, instance: TaskInstance, [binding]: readonly Blocker[], reason: string | null): string {
  const name = instanceName(instance.taskId, instance.mapIndex);
  if (binding) return `${name} is ${instance.state} and waits: ${binding.text}`;
  const since = instance.state === 'running' ? instance.startedAt : instance.endedAt;
  const at = since === null ? '' : ` ${instance.state === 'running' ? 'since' : 'at'} ${instantText(since)}`;
  const try_ = instance.tryNumber > 0 ? ` (try ${instance.tryNumber} of ${instance.maxTries})` : '';
  if (instance.state === 'running') return `${name} is running${at}${try_} on ${workerText(situation, instance)}`;
  return `${name} ended ${instance.state}${at}${try_}${reason === null ? '' : `: ${reason}`}`;
}

/** A worker whose lease has ended does nothing any more: a scheduler takes its tasks from it. */
function workerText({ components, now }: Situation, { workerId }: TaskInstance): string {
  const worker = components.find(({ id }) => id === workerId);
  const name = `worker ${workerId ?? 'unknown'}`;
  if (!worker || worker.leaseUntil >= now) return name;
  return `${name}, which has not been heard of and lost its lease at ${instantText(worker.leaseUntil)}: a scheduler takes the task from it`;
}

/**
 * The earliest of what gives way by itself and what the scheduler has noted for the run; null also where nothing is in the way, or no scheduler is
 * there to look.
 */
function nextLookAt({ planAt, now, snapshot: { run } }: Situation, blockers: readonly Blocker[]): Instant | null {
  if (blockers.length === 0 || blockers.some(({ code }) => code === 'no_scheduler')) return null;
  const times = blockers.flatMap(({ until }) => until ?? []);
  if (run.state === 'running' && planAt !== null) times.push(planAt);
  return times.length === 0 ? null : Math.max(now, Math.min(...times));
}
