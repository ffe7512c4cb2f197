import type { DagSpec } from '../../model/dag-spec.js';
import { describeTask } from './layers.js';

/** The graph as a Mermaid flowchart, which GitHub and many wikis draw; task groups are subgraphs. */
export function renderMermaid(spec: DagSpec): string {
  // Mermaid's own words ("end") and dots in ids break its parser, so nodes are numbered and carry their id as text.
  const nodes = new Map(spec.tasks.map((task, index) => [task.taskId, `t${index}`]));
  const lines = ['---', `title: ${JSON.stringify(spec.dagId)}`, '---', 'flowchart LR'];
  const drawGroup = (groupId: string | null, indent: string): void => {
    for (const task of spec.tasks.filter((candidate) => candidate.groupId === groupId)) {
      const words = describeTask(task, spec);
      const text = words.length > 0 ? `${escape(task.taskId)}<br/><i>${escape(words.join(', '))}</i>` : escape(task.taskId);
      lines.push(`${indent}${nodes.get(task.taskId)}["${text}"]`);
    }
    spec.groups.forEach((group, index) => {
      if (group.parentId !== groupId) return;
      lines.push(`${indent}subgraph g${index}["${escape(group.groupId)}"]`);
      drawGroup(group.groupId, `${indent}  `);
      lines.push(`${indent}end`);
    });
  };
  drawGroup(null, '  ');
  for (const task of spec.tasks) {
    for (const parent of task.upstream) lines.push(`  ${nodes.get(parent)} --> ${nodes.get(task.taskId)}`);
  }
  return `${lines.join('\n')}\n`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
