import { findCycles, topologicalOrder } from '../core/graph/topology.js';
import { nearestName } from '../model/nearest-name.js';
import type { ProblemList } from './problems.js';
import type { Recorder } from './recorder.js';
import type { Ref } from './ref.js';
import type { CheckedMember } from './task-member.js';

/**
 * For classes without `wire`: the outputs of the tasks named in `upstream` are the arguments, in that order. A method without parameters only
 * waits for them. Goes through the same recorder as a `wire` method. False when a cycle made wiring impossible.
 */
export function wireByUpstream(members: readonly CheckedMember[], recorder: Recorder, problems: ProblemList): boolean {
  const named = new Set(members.flatMap(({ task }) => task.upstream));
  const wanted = members.filter(({ name, optional, task }) => !optional || task.upstream.length > 0 || named.has(name));
  const names = wanted.map(({ name }) => name);
  for (const { name, task, position } of wanted) {
    for (const parent of task.upstream.filter((candidate) => !names.includes(candidate))) {
      problems.add(
        'UNKNOWN_NAME',
        {
          place: `tasks.${name}.upstream`,
          message: `there is no task "${parent}"`,
          value: parent,
          allowed: names.join(', '),
          suggestion: nearestName(parent, names),
        },
        problems.partOf(position, 'upstream'),
      );
    }
  }
  const edges = wanted.map(({ name, task }) => ({
    taskId: name,
    upstream: task.upstream.filter((parent) => names.includes(parent)),
  }));
  const cycles = findCycles(edges);
  for (const cycle of cycles) {
    const at = wanted.find(({ name }) => name === cycle[0]);
    problems.add('DAG_CYCLE', { place: recorder.dagId, message: `the tasks form a cycle: ${cycle.join(' -> ')}` }, at?.position);
  }
  if (cycles.length > 0) return false;
  const refs = new Map<string, Ref<unknown>>();
  const byName = new Map(wanted.map((member) => [member.name, member]));
  for (const name of topologicalOrder(edges, recorder.dagId)) {
    const member = byName.get(name) as CheckedMember;
    const parents = member.task.upstream.flatMap((parent) => refs.get(parent) ?? []);
    const handle = recorder.handle(member);
    refs.set(name, member.parameters !== 0 ? handle(...parents) : handle().after(...parents));
  }
  return true;
}
