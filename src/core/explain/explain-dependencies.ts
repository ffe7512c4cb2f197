/** What the dependencies of a task instance say, in words. Which of them hold is asked of the same checks that the planner asks. */
import type { BlockerCode } from '../../model/explanation.js';
import type { Instant } from '../../model/instant.js';
import type { PreviousRun } from '../../model/snapshot.js';
import { FINISHED_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import { isDoneWell, type PastFinding } from '../dag-run/depends-on-past.js';
import type { TaskNode } from '../dag-run/task-node.js';
import type { CheckSubject, NotMet } from '../dependency/check.js';
import { listDependencies } from '../dependency/checks.js';
import { relevantSlots } from '../dependency/relevant-slots.js';
import { instanceName, instantText, listed } from './describe.js';
import { blocker, type OpenBlocker } from './explain-run.js';

/** Everything that is not met, in the order of the checks. Empty: the next pass moves the instance on. */
export function dependencyBlockers(subject: CheckSubject): readonly OpenBlocker[] {
  return listDependencies(subject).flatMap((result) =>
    result.code === null ? [] : [blocker(result.code satisfies BlockerCode, describe(subject, result), moreOf(subject, result))],
  );
}

function moreOf({ instance }: CheckSubject, { code, verdict }: NotMet): { until?: Instant | null; becomes?: TaskInstanceState } {
  if (verdict !== 'wait') return { becomes: verdict };
  return code === 'retry_delay' || code === 'reschedule' ? { until: instance.wakeAt } : {};
}

function describe(subject: CheckSubject, { code, verdict, data }: NotMet): string {
  const { node, instance } = subject;
  const becomes = verdict === 'wait' ? '' : `, so it becomes ${verdict}`;
  switch (code) {
    case 'skipped_by_decision':
      return `${String(data['by'])} decided to leave it out${becomes}`;
    case 'setup_ended':
    case 'setup_not_done':
      return `its setups are not all done well: ${listed(unsuccessful(subject, node.indirectSetups))}${becomes}`;
    case 'trigger_rule':
      return `its trigger rule ${node.task.triggerRule} is not met: ${parentsText(subject, verdict === 'wait')}${becomes}`;
    case 'map_source':
      return `it is mapped over ${String(data['source'])}, which is ${String(data['state'])}${becomes}`;
    case 'scope_not_done':
      return `${String(data['task'])} may still use what it takes down`;
    case 'past':
      return pastText(subject, data['finding'] as PastFinding);
    case 'map_length':
      return `the number of its copies is not known before ${listed(node.facts.mapSources)} ${node.facts.mapSources.length === 1 ? 'is' : 'are'} done`;
    case 'retry_delay':
      return `try ${instance.tryNumber} of ${instance.maxTries} failed; the next one begins after ${waitText(instance)}`;
    case 'reschedule':
      return `it looks again at ${waitText(instance)} (poke ${instance.pokeNumber} found nothing)`;
  }
}

/** Of an instance that waits for a time. */
function waitText({ wakeAt }: TaskInstance): string {
  return instantText(wakeAt as Instant);
}

/** What it waits for: parents that are not done. Where none is open, or it is not to wait: those not done well. With their states. */
function parentsText(subject: CheckSubject, waits: boolean): string {
  const { upstream } = subject.node;
  const open = waits ? inStates(subject, upstream, (state) => !FINISHED_STATES.has(state)) : [];
  const shown = open.length > 0 ? open : unsuccessful(subject, upstream);
  return shown.length === 0 ? 'all parents succeeded' : listed(shown);
}

/** Those of the instances that this one looks at that have not succeeded, with their states. */
function unsuccessful(subject: CheckSubject, others: readonly TaskNode[]): readonly string[] {
  return inStates(subject, others, (state) => state !== 'success');
}

function inStates(
  { node, instance: { mapIndex } }: CheckSubject,
  others: readonly TaskNode[],
  isMeant: (state: TaskInstanceState) => boolean,
): readonly string[] {
  return others.flatMap((other) =>
    relevantSlots(node, other, mapIndex)
      .filter(({ instance }) => isMeant(instance.state))
      .map(({ instance }) => `${instanceName(other.task.taskId, instance.mapIndex)} is ${instance.state}`),
  );
}

/** The run before holds it back, so there is one. */
function pastText({ view, node: { task } }: CheckSubject, finding: PastFinding): string {
  const { states, logicalDate } = view.previous as PreviousRun;
  const date = instantText(logicalDate);
  if (finding === 'previous_missing')
    return `the run before (${date}) has no ${task.taskId}, and a task with dependsOnPast waits for it`;
  if (finding === 'children_of_previous_not_done_well')
    return `not all tasks below ${task.taskId} are done well in the run before (${date}), as waitForDownstream wants`;
  const open = (states[task.taskId] as readonly TaskInstanceState[]).filter((state) => !isDoneWell(state));
  const never = open.every((state) => FINISHED_STATES.has(state)) ? '; clear it or mark it there' : '';
  return `${task.taskId} is ${[...new Set(open)].join(' and ')} in the run before (${date})${never}`;
}
