import type { DagSpec } from '../../model/dag-spec.js';
import { describeTask } from './layers.js';

/** The graph in Graphviz's language; task groups are clusters. */
export function renderDot(spec: DagSpec): string {
  const lines = [`digraph ${quote(spec.dagId)} {`, '  rankdir=LR;', '  node [shape=box, style=rounded, fontname="sans-serif"];'];
  const drawGroup = (groupId: string | null, indent: string): void => {
    for (const task of spec.tasks.filter((candidate) => candidate.groupId === groupId)) {
      const words = describeTask(task, spec);
      lines.push(`${indent}${quote(task.taskId)} [label=${quote([task.taskId, ...words].join('\n'))}];`);
    }
    for (const group of spec.groups.filter((candidate) => candidate.parentId === groupId)) {
      lines.push(`${indent}subgraph ${quote(`cluster_${group.groupId}`)} {`, `${indent}  label=${quote(group.groupId)};`);
      drawGroup(group.groupId, `${indent}  `);
      lines.push(`${indent}}`);
    }
  };
  drawGroup(null, '  ');
  for (const task of spec.tasks) for (const parent of task.upstream) lines.push(`  ${quote(parent)} -> ${quote(task.taskId)};`);
  return `${[...lines, '}'].join('\n')}\n`;
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
