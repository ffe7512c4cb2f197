import { checkId, isId } from '../model/ids.js';
import type { ProblemList } from './problems.js';
import type { Recorder } from './recorder.js';
import type { LazyPosition } from './source-position.js';
import type { CheckedMember } from './task-member.js';
import { taskIdOf, type GroupNode, type TaskNode } from './wiring-nodes.js';

/** What must hold for the tasks of one DAG together: all wired, each id once and no two alike. Cycles are found later, on resolved edges. */

/** @param isComplete false when the wiring broke off: tasks that it did not reach are not reported. */
export function checkGraph(
  recorder: Recorder,
  members: readonly CheckedMember[],
  isComplete: boolean,
  problems: ProblemList,
): void {
  if (isComplete) reportNeverWired(recorder, members, problems);
  for (const task of recorder.tasks) problems.try(() => checkId(taskIdOf(task), `tasks.${task.member.name}`), task.position);
  reportRepeats(recorder, problems);
}

function reportNeverWired(recorder: Recorder, members: readonly CheckedMember[], problems: ProblemList): void {
  const wired = new Set(recorder.tasks.map(({ member }) => member.name));
  for (const { name, optional, position } of members) {
    if (optional || wired.has(name)) continue;
    problems.add(
      'D103',
      {
        place: `tasks.${name}`,
        message: `task "${name}" is never wired; call t.${name}(...) in wire, or mark it { optional: true }`,
      },
      position,
    );
  }
}

function reportRepeats(recorder: Recorder, problems: ProblemList): void {
  const tasks = new Map<string, TaskNode>();
  const alike = new Map<string, string>();
  for (const task of recorder.tasks) {
    const taskId = taskIdOf(task);
    const first = tasks.get(taskId);
    if (first) reportRepeatedTask(taskId, first, task, problems);
    tasks.set(taskId, first ?? task);
    reportAlike(taskId, alike, `tasks.${task.member.name}`, task.position, problems);
  }
  const groups = new Map<string, GroupNode>();
  for (const group of recorder.groups) {
    if (groups.has(group.id) || tasks.has(group.id)) {
      const other = groups.get(group.id) ?? tasks.get(group.id);
      const kind = groups.has(group.id) ? 'group' : 'task';
      problems.add(
        'TASK_DUPLICATE',
        {
          place: `groups.${group.id}`,
          message: `there is a ${kind} with the same id at ${showPosition(other?.position ?? null)}`,
          value: group.id,
        },
        group.position,
      );
    }
    reportAlike(group.id, alike, `groups.${group.id}`, group.position, problems);
    groups.set(group.id, group);
  }
}

function reportRepeatedTask(taskId: string, first: TaskNode, second: TaskNode, problems: ProblemList): void {
  const { name } = second.member;
  if (first.member.name === name) {
    // A function form that defines an id twice was told so when it did.
    if (first.member !== second.member) return;
    problems.add(
      'D103',
      {
        place: `tasks.${name}`,
        message: `task "${taskId}" is wired twice; give the second call its own id with .as('${second.ownId}_2')`,
        suggestion: `.as('${second.ownId}_2')`,
      },
      second.position,
    );
    return;
  }
  problems.add(
    'TASK_DUPLICATE',
    {
      place: `tasks.${name}`,
      message: `"${taskId}" at ${showPosition(first.member.position)} and ${showPosition(second.member.position)}`,
      value: taskId,
    },
    second.position,
  );
}

/** Ids of tasks and groups that differ only in case are the same file on some disks and the same word to most people. */
function reportAlike(
  id: string,
  alike: Map<string, string>,
  place: string,
  position: LazyPosition | null,
  problems: ProblemList,
): void {
  if (!isId(id)) return; // Told already; it need not even be a text.
  const key = id.toLowerCase();
  const known = alike.get(key);
  if (known !== undefined && known !== id) {
    problems.add('ID_CONFUSABLE', { place, message: `"${id}" and "${known}" differ only by case`, value: id }, position);
  }
  alike.set(key, known ?? id);
}

function showPosition(position: LazyPosition | null): string {
  const at = position?.();
  return at ? `${at.file.slice(at.file.lastIndexOf('/') + 1)}:${at.line}` : 'an unknown place';
}
