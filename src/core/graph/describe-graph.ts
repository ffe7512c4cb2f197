/** A DAG's graph as text, for terminals and for snapshots that a reviewer reads. */
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { kindWords, triggerRuleWords } from '../../model/task-words.js';
import { childrenOf, graphOf, taskOf, type TaskGraph } from './task-graph.js';

/**
 * The tasks as a tree, in wiring order. A chain stands on one line; a task with several parents is drawn below the first one and only named, with
 * an arrow up, below the others. Equal specs give equal text.
 * @param describeTask What stands for a task; default: its id, and in brackets what is special about it.
 */
export function describeGraph(
  spec: DagSpec,
  describeTask: (task: TaskSpec) => string = (task) => label(task, spec.groups),
): string {
  const graph = graphOf(spec);
  const drawn = new Set<string>();
  const lines: string[] = [spec.dagId];
  const open: Branch[] = spec.tasks
    .filter((task) => task.upstream.length === 0)
    .map((task, index, roots) => ({ task, indent: '', isLast: index === roots.length - 1 }))
    .reverse();
  for (let branch = open.pop(); branch !== undefined; branch = open.pop()) {
    const { task, indent, isLast } = branch;
    const stem = `${indent}${isLast ? '└─ ' : '├─ '}`;
    if (drawn.has(task.taskId)) {
      lines.push(`${stem}${task.taskId} ↑`);
      continue;
    }
    const chain = chainFrom(task, graph, drawn);
    const end = chain[chain.length - 1] as TaskSpec;
    lines.push(stem + chain.map(describeTask).join(' → '));
    const children = childrenOf(graph, end.taskId);
    const below = `${indent}${isLast ? '   ' : '│  '}`;
    for (let index = children.length - 1; index >= 0; index--) {
      const child = taskOf(graph, children[index] as string);
      open.push({ task: child, indent: below, isLast: index === children.length - 1 });
    }
  }
  return lines.join('\n');
}

interface Branch {
  readonly task: TaskSpec;
  readonly indent: string;
  readonly isLast: boolean;
}

/** The task and what follows it as long as there is one child, and that child has one parent. */
function chainFrom(first: TaskSpec, graph: TaskGraph, drawn: Set<string>): TaskSpec[] {
  const chain: TaskSpec[] = [];
  let task: TaskSpec | undefined = first;
  while (task) {
    chain.push(task);
    drawn.add(task.taskId);
    const children: readonly string[] = childrenOf(graph, task.taskId);
    const child: TaskSpec | undefined = children.length === 1 ? taskOf(graph, children[0] as string) : undefined;
    task = child?.upstream.length === 1 ? child : undefined;
  }
  return chain;
}

function label(task: TaskSpec, groups: DagSpec['groups']): string {
  const marks = [...kindWords(task, groups), ...(task.sensor ? ['sensor'] : []), ...triggerRuleWords(task)];
  return marks.length === 0 ? task.taskId : `${task.taskId} [${marks.join(', ')}]`;
}
