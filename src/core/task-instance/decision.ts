/** What a task that decides (a branch, a short circuit) has decided, read from what it returned. */
import type { DagSpec } from '../../model/dag-spec.js';
import { AirflowLikeError, showValue } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import type { FlowDecision } from '../../model/task-instance.js';
import { flatRelatives } from '../graph/relatives.js';
import { tasksSkippedBy } from '../graph/skipped-by.js';
import { graphOf, type TaskGraph } from '../graph/task-graph.js';
import { tasksInGroup } from '../graph/tasks-in-group.js';

/**
 * The direct children that a branch goes on with: those it chose and those below a chosen task, so that a join is not skipped. Children that
 * tear down are always among them, because nothing skips a teardown. A group stands for its first tasks; null, undefined and an empty
 * list choose nothing.
 * @throws AirflowLikeError BRANCH_INVALID for anything that is not a task or group below the branch.
 */
export function decideBranch(spec: DagSpec, taskId: string, returned: unknown): FlowDecision {
  const graph = graphOf(spec);
  const children = graph.downstream.get(taskId)!;
  const below = flatRelatives(graph, [taskId], 'downstream');
  const choices = { spec, graph, taskId, children, below };
  const wrong: string[] = [];
  const chosen: string[] = [];
  for (const id of idsIn(returned, taskId)) {
    const tasks = tasksOf(id, choices);
    if (tasks === null) wrong.push(id);
    else chosen.push(...tasks);
  }
  if (wrong.length > 0) throw notBelow(wrong, choices);
  const kept = new Set([...chosen, ...flatRelatives(graph, chosen, 'downstream')]);
  return { followed: children.filter((child) => kept.has(child) || graph.tasks.get(child)!.role === 'teardown') };
}

/**
 * The tasks that a short circuit skips: none after a truthy value; after a falsy one everything below it or, if the rules of the tasks below are
 * to be asked, its direct children. As in Airflow an empty list, object, Map or Set is falsy. Teardowns are never skipped.
 */
export function decideShortCircuit(
  spec: DagSpec,
  taskId: string,
  ignoresDownstreamTriggerRules: boolean,
  returned: unknown,
): FlowDecision {
  if (isTruthy(returned)) return { skipped: [] };
  const graph = graphOf(spec);
  const affected = ignoresDownstreamTriggerRules
    ? flatRelatives(graph, [taskId], 'downstream')
    : new Set(graph.downstream.get(taskId));
  return { skipped: [...graph.tasks.values()].filter((task) => affected.has(task.taskId) && task.role !== 'teardown').map(idOf) };
}

/** Whether a decision skips anything. The return value is stored only if it does not. */
export function skipsAnything(spec: DagSpec, taskId: string, decision: FlowDecision): boolean {
  return tasksSkippedBy(graphOf(spec), taskId, decision).length > 0;
}

const SHOWN_CHOICES = 10;

interface Choices {
  readonly spec: DagSpec;
  readonly graph: TaskGraph;
  readonly taskId: string;
  readonly children: readonly string[];
  readonly below: ReadonlySet<string>;
}

function idsIn(returned: unknown, taskId: string): readonly string[] {
  if (returned === null || returned === undefined) return [];
  const ids: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (ids.every((id) => typeof id === 'string')) return ids;
  throw new AirflowLikeError('BRANCH_INVALID', {
    message: `what ${JSON.stringify(taskId)} returned is no choice`,
    value: returned,
    allowed: 'the id of a task or of a group, a list of them, or null',
  });
}

/** The tasks that a choice goes on with; null when it names nothing below the branch. */
function tasksOf(id: string, { spec, graph, below }: Choices): readonly string[] | null {
  const tasks = graph.tasks.has(id) ? [id] : firstTasksOf(spec, id);
  return tasks.length > 0 && tasks.every((task) => below.has(task)) ? tasks : null;
}

function notBelow(ids: readonly string[], choices: Choices): AirflowLikeError {
  const valid = validChoices(choices);
  const list = valid.length === 0 ? 'nothing: no task follows it' : valid.join(', ');
  const names = [...new Set(ids)].map((id) => nearestName(id, [...valid, ...choices.below])).filter((name) => name !== null);
  return new AirflowLikeError('BRANCH_INVALID', {
    message:
      `${ids.slice(0, SHOWN_CHOICES).map(showValue).join(', ')}${ids.length > SHOWN_CHOICES ? `, and ${ids.length - SHOWN_CHOICES} more,` : ''} ` +
      `${ids.length === 1 ? 'is' : 'are'} not downstream of ${JSON.stringify(choices.taskId)}; valid: ${list}`,
    suggestion: names.length === 0 ? null : names.join(', '),
  });
}

/** The tasks of a group, and of the groups in it, that nothing inside it precedes. */
function firstTasksOf(spec: DagSpec, groupId: string): readonly string[] {
  const members = tasksInGroup(spec, groupId);
  const ids = new Set(members.map(idOf));
  return members.filter(({ upstream }) => !upstream.some((parent) => ids.has(parent))).map(idOf);
}

/** The direct children, and the groups all of whose first tasks are among these. */
function validChoices({ spec, children }: Choices): readonly string[] {
  const groups = spec.groups.filter(({ groupId }) => {
    const first = firstTasksOf(spec, groupId);
    return first.length > 0 && first.every((task) => children.includes(task));
  });
  return [...children, ...groups.map(({ groupId }) => groupId)];
}

function isTruthy(value: unknown): boolean {
  if (!value) return false;
  if (Array.isArray(value)) return value.length > 0;
  switch (Object.prototype.toString.call(value)) {
    case '[object Map]':
    case '[object Set]':
      return (value as Map<unknown, unknown>).size > 0;
    case '[object Object]':
      return Object.keys(value).length > 0;
    default:
      return true;
  }
}

function idOf({ taskId }: { readonly taskId: string }): string {
  return taskId;
}
