import type { TaggedJson } from '../../model/tagged-json.js';
import type { Assignment } from '../../model/workload.js';
import type { WireWorkload } from '../runner/protocol.js';
import type { LocalVersion } from './version-cache.js';

/** What depends on the machine and its settings, not on the attempt's task. */
export interface WorkloadPlace {
  readonly logFile: string;
  readonly logFolder: string;
  readonly maxLogBytes: number;
  readonly maxXComBytes: number;
}

/** The workload of an attempt as it travels to a runner. Holds nothing else of the assignment: it goes to where user code runs. */
export function wireWorkload(
  assignment: Assignment,
  { bundle, specFile }: LocalVersion,
  args: readonly (TaggedJson | undefined)[],
  place: WorkloadPlace,
): WireWorkload {
  return {
    token: assignment.token,
    key: assignment.key,
    tryNumber: assignment.tryNumber,
    maxTries: assignment.maxTries,
    taskId: assignment.task.taskId,
    hasTimeLimit: assignment.task.executionTimeoutMs !== null,
    run: assignment.run,
    bundle,
    specFile,
    inputs: args as readonly TaggedJson[],
    absentInputs: args.flatMap((value, index) => (value === undefined ? [index] : [])),
    waitingSince: assignment.waitingSince,
    pokeNumber: assignment.pokeNumber,
    startedAt: assignment.startedAt,
    ...place,
  };
}
