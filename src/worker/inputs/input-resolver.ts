/** Finds the arguments of assignments: from outputs that just ended on this worker, the rest with one query for the whole batch. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Assignment } from '../../model/workload.js';
import type { AttemptStore, XComRequest } from '../../ports/store.js';
import { OutputCache } from '../supervisor/output-cache.js';
import { composeInputs, inputRefs } from './compose-inputs.js';

/** An assignment with the ids of the mapped tasks of its DAG. */
export interface ResolvableAssignment {
  readonly assignment: Assignment;
  readonly mappedTasks: ReadonlySet<string>;
}

export class InputResolver {
  constructor(
    private readonly attempts: Pick<AttemptStore, 'readXComs'>,
    private readonly cache: OutputCache,
  ) {}

  /** The arguments if everything is in memory: the hot path. Null otherwise. */
  resolveNow({ assignment, mappedTasks }: ResolvableAssignment): (TaggedJson | undefined)[] | null {
    const refs = inputRefs(assignment.task);
    const outputs = new Map<string, TaggedJson | undefined>();
    for (const taskId of refs) {
      if (mappedTasks.has(taskId)) return null;
      const entry = this.cache.get(OutputCache.key(assignment.dagRunId, taskId, -1));
      if (!entry) return null;
      outputs.set(taskId, entry.value);
    }
    return composeInputs(assignment.task, assignment.key.mapIndex, (taskId) => outputs.get(taskId));
  }

  /** Rejects when the store cannot be asked. */
  async resolve(batch: readonly ResolvableAssignment[]): Promise<(TaggedJson | undefined)[][]> {
    const requests = new Map<string, XComRequest>();
    const outputs = new Map<string, TaggedJson | undefined>();
    for (const { assignment, mappedTasks } of batch) {
      for (const taskId of inputRefs(assignment.task)) {
        const key = OutputCache.key(assignment.dagRunId, taskId, -1);
        const entry = mappedTasks.has(taskId) ? undefined : this.cache.get(key);
        if (entry) outputs.set(key, entry.value);
        else requests.set(key, { dagRunId: assignment.dagRunId, taskId, key: 'return_value' });
      }
    }
    const answers = requests.size === 0 ? [] : await this.attempts.readXComs([...requests.values()]);
    [...requests.keys()].forEach((key, index) => {
      const { taskId } = requests.get(key) as XComRequest;
      const values = (answers[index] ?? []).map(({ value }) => value);
      const isMapped = batch.some(
        ({ assignment, mappedTasks }) => mappedTasks.has(taskId) && key.startsWith(`${assignment.dagRunId}/`),
      );
      outputs.set(key, isMapped ? values : values[0]);
    });
    return batch.map(({ assignment }) =>
      composeInputs(assignment.task, assignment.key.mapIndex, (taskId) =>
        outputs.get(OutputCache.key(assignment.dagRunId, taskId, -1)),
      ),
    );
  }
}
