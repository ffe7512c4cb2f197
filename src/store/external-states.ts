/** What of an `ExternalQuery` follows from the specs of the versions that count, whatever the store is. */
import { tasksInGroup } from '../core/graph/tasks-in-group.js';
import type { DagSpec } from '../model/dag-spec.js';
import type { ExternalTarget, UnknownTarget } from '../model/external-states.js';
import { nearestName } from '../model/nearest-name.js';

/** Ids of the tasks that are asked for in a run of this version; each once. */
export function tasksAskedFor(target: ExternalTarget, spec: DagSpec | undefined): readonly string[] {
  switch (target.kind) {
    case 'run':
      return [];
    case 'tasks':
      return [...new Set(target.taskIds)];
    case 'group':
      return spec ? tasksInGroup(spec, target.groupId).map(({ taskId }) => taskId) : [];
  }
}

/** What is asked for and is in none of `specs`; of no specs nothing is said. */
export function unknownTargets(target: ExternalTarget, specs: readonly DagSpec[]): readonly UnknownTarget[] {
  if (target.kind === 'run' || specs.length === 0) return [];
  const isGroup = target.kind === 'group';
  const wanted = isGroup ? [target.groupId] : new Set(target.taskIds);
  const known = new Set(
    specs.flatMap(({ tasks, groups }) => (isGroup ? groups.map(({ groupId }) => groupId) : tasks.map(({ taskId }) => taskId))),
  );
  return [...wanted].filter((id) => !known.has(id)).map((id) => ({ id, suggestion: nearestName(id, known) }));
}
