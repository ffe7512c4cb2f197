import type { DagSpec } from '../../model/dag-spec.js';
import { describeTask, layerGraph, type LayeredGraph } from './layers.js';

/**
 * A graph as a tree of lines. Each task stands once, below the last of its parents to be done; the other parents are named behind it, so
 * that every edge can be read off.
 */
export function drawGraph(spec: DagSpec): string {
  const graph = layerGraph(spec);
  const branches = chooseBranches(spec, graph);
  const edges = spec.tasks.reduce((sum, task) => sum + task.upstream.length, 0);
  const lines = [
    `${spec.dagId}  (${count(spec.tasks.length, 'task')}, ${count(edges, 'edge')}, ${count(graph.layers.length, 'layer')})`,
    '',
  ];

  const draw = (taskId: string, lead: string, branch: string, below: string): void => {
    lines.push(`${lead}${branch}${label(taskId, branches, graph)}`);
    const children = branches.children.get(taskId) ?? [];
    children.forEach((child, index) => {
      const isLast = index === children.length - 1;
      draw(child, lead + below, isLast ? '└─ ' : '├─ ', isLast ? '   ' : '│  ');
    });
  };
  for (const root of branches.roots) draw(root, '', '', '');
  return `${lines.join('\n')}\n`;
}

interface Branches {
  readonly roots: readonly string[];
  /** Of each task, those that are drawn below it. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly parentOf: ReadonlyMap<string, string>;
}

/** Every task is drawn below its deepest parent; of several equally deep ones, the one that was wired last. */
function chooseBranches(spec: DagSpec, { layerOf }: LayeredGraph): Branches {
  const position = new Map(spec.tasks.map((task, index) => [task.taskId, index]));
  const depth = (taskId: string): number => (layerOf.get(taskId) ?? 0) * spec.tasks.length + (position.get(taskId) ?? 0);
  const roots: string[] = [];
  const children = new Map<string, string[]>();
  const parentOf = new Map<string, string>();
  for (const { taskId, upstream } of spec.tasks) {
    if (upstream.length === 0) {
      roots.push(taskId);
      continue;
    }
    const parent = upstream.reduce((deepest, candidate) => (depth(candidate) > depth(deepest) ? candidate : deepest));
    parentOf.set(taskId, parent);
    children.set(parent, [...(children.get(parent) ?? []), taskId]);
  }
  return { roots, children, parentOf };
}

function label(taskId: string, { parentOf }: Branches, { tasks, groups }: LayeredGraph): string {
  const task = tasks.get(taskId);
  if (!task) return taskId;
  const words = describeTask(task, { groups });
  const others = task.upstream.filter((parent) => parent !== parentOf.get(taskId));
  const note = words.length > 0 ? `  (${words.join(', ')})` : '';
  return `${taskId}${note}${others.length > 0 ? `  <- ${others.join(', ')}` : ''}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
