/** What the dependencies of a task instance say, in words. Which of them hold is asked of the same checks that the planner asks. */
import type { BlockerCode } from '../../model/explanation.js';
import { FINISHED_STATES, type TaskInstanceState } from '../../model/states.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunView } from '../dag-run/run-view.js';
import type { TaskNode } from '../dag-run/task-node.js';
import type { CheckResult, CheckSubject } from '../dependency/check.js';
import { listDependencies } from '../dependency/checks.js';
import { instanceName, instantText, listed } from './describe.js';
import { blocker, type OpenBlocker } from './explain-run.js';

/** Everything that is not met, in the order of the checks. Empty: the next pass moves the instance on. */
export function dependencyBlockers(subject: CheckSubject): readonly OpenBlocker[] {
  return listDependencies(subject).flatMap((result) =>
    result.code === null ? [] : [blocker(result.code satisfies BlockerCode, describe(subject, result), moreOf(subject, result))],
  );
}

function moreOf({ instance }: CheckSubject, { code, verdict }: CheckResult): { until?: number; becomes?: TaskInstanceState } {
  if (verdict !== 'wait' && verdict !== 'met') return { becomes: verdict };
  return (code === 'retry_delay' || code === 'reschedule') && instance.wakeAt !== null ? { until: instance.wakeAt } : {};
}

function describe({ view, node, instance }: CheckSubject, { code, verdict, data }: CheckResult): string {
  const becomes = verdict === 'wait' || verdict === 'met' ? '' : `, so it becomes ${verdict}`;
  switch (code) {
    case 'skipped_by_decision':
      return `${String(data['by'])} decided to leave it out${becomes}`;
    case 'setup_ended':
    case 'setup_not_done':
      return `its setups are not all done well: ${listed(unsuccessful(node.indirectSetups))}${becomes}`;
    case 'trigger_rule':
      return `its trigger rule ${node.task.triggerRule} is not met: ${parentsText(node)}${becomes}`;
    case 'map_source':
      return `it is mapped over ${String(data['source'])}, which is ${String(data['state'])}${becomes}`;
    case 'scope_not_done':
      return `${String(data['task'])} may still use what it takes down`;
    case 'past':
      return pastText(view, node);
    case 'map_length':
      return `the number of its copies is not known before ${listed(node.facts.mapSources)} ${node.facts.mapSources.length === 1 ? 'is' : 'are'} done`;
    case 'retry_delay':
      return `try ${instance.tryNumber} of ${instance.maxTries} failed; the next one begins after ${waitText(instance)}`;
    case 'reschedule':
      return `it looks again at ${waitText(instance)} (poke ${instance.pokeNumber} found nothing)`;
    case null:
      return '';
  }
}

function waitText({ wakeAt }: TaskInstance): string {
  return wakeAt === null ? 'the next pass' : instantText(wakeAt);
}

/** Parents that are not done, or not done well, with their states. */
function parentsText(node: TaskNode): string {
  const open = unsuccessful(node.upstream);
  return open.length === 0 ? 'all parents succeeded' : listed(open);
}

function unsuccessful(nodes: readonly TaskNode[]): readonly string[] {
  return nodes.flatMap(({ task, slots }) =>
    slots
      .filter(({ instance }) => instance.state !== 'success')
      .map(({ instance }) => `${instanceName(task.taskId, instance.mapIndex)} is ${instance.state}`),
  );
}

function pastText({ previous }: RunView, { task }: TaskNode): string {
  if (previous === null) return 'the run before has not done its part';
  const states = previous.states[task.taskId] ?? [];
  const date = instantText(previous.logicalDate);
  if (states.length === 0) return `the run before (${date}) has no ${task.taskId}, and a task with dependsOnPast waits for it`;
  const open = states.filter((state) => state !== 'success' && state !== 'skipped');
  if (open.length > 0) {
    const never = open.every((state) => FINISHED_STATES.has(state)) ? '; clear it or mark it there' : '';
    return `${task.taskId} is ${[...new Set(open)].join(' and ')} in the run before (${date})${never}`;
  }
  return `not all tasks below ${task.taskId} are done well in the run before (${date}), as waitForDownstream wants`;
}
