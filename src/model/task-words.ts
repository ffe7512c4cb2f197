import type { DagSpec, TaskSpec } from './dag-spec.js';

/** Operators whose name says already that they decide. */
const SAY_SO = ['choose', 'when', 'latestOnly'];

/** What kind of task it is, in a few words, for drawings of a graph: operator, role, decision, mapping. Empty for a plain method. */
export function kindWords(task: TaskSpec, groups: DagSpec['groups']): string[] {
  const words: string[] = [];
  if (task.operator !== 'method') words.push(task.operator);
  if (task.role !== 'task') words.push(task.role);
  if (task.decides && !SAY_SO.includes(task.operator))
    words.push(task.decides.kind === 'shortCircuit' ? 'short circuit' : 'branch');
  if (task.map) words.push(mappingWord(task.map.kind));
  const mapped = mappedGroupOf(task, groups);
  if (mapped?.map) words.push(`${mappingWord(mapped.map.kind)} with ${mapped.groupId}`);
  if (!task.critical) words.push('not critical');
  return words;
}

/** The trigger rule where it says something: not the usual one, nor the one that all teardowns have. */
export function triggerRuleWords({ triggerRule, role }: TaskSpec): string[] {
  return triggerRule === 'all_success' || role === 'teardown' ? [] : [triggerRule];
}

function mappingWord(kind: 'each' | 'zip' | 'product'): string {
  return kind === 'each' ? 'mapped' : `mapped ${kind}`;
}

function mappedGroupOf({ groupId }: TaskSpec, groups: DagSpec['groups']): DagSpec['groups'][number] | null {
  for (let id = groupId; id !== null;) {
    const group = groups.find((candidate) => candidate.groupId === id);
    if (!group || group.map) return group ?? null;
    id = group.parentId;
  }
  return null;
}
