/** Finds the arguments of assignments: from outputs that just ended on this worker, the rest with one query for the whole batch. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Assignment } from '../../model/workload.js';
import type { AttemptStore, XComRequest } from '../../ports/store.js';
import { OutputCache } from '../supervisor/output-cache.js';
import { composeInputs, inputRefs } from './compose-inputs.js';
import type { OutputShapes } from './output-shapes.js';

/** An assignment, and how the outputs in its DAG look. */
export interface ResolvableAssignment {
  readonly assignment: Assignment;
  readonly shapes: OutputShapes;
}

/** An output that an assignment needs. */
interface Need {
  readonly taskId: string;
  /** The copy whose value it is; null: the values of all copies. */
  readonly mapIndex: number | null;
  /** Says the same in every assignment that needs the same. */
  readonly key: string;
}

export class InputResolver {
  constructor(
    private readonly attempts: Pick<AttemptStore, 'readXComs'>,
    private readonly cache: OutputCache,
  ) {}

  /** The arguments if everything is in memory: the hot path. Null otherwise. */
  resolveNow(resolvable: ResolvableAssignment): (TaggedJson | undefined)[] | null {
    const outputs = new Map<string, TaggedJson | undefined>();
    for (const { taskId, mapIndex, key } of needsOf(resolvable)) {
      const entry = mapIndex === null ? undefined : this.cache.get(key);
      if (!entry) return null;
      outputs.set(taskId, entry.value);
    }
    return compose(resolvable, (taskId) => outputs.get(taskId));
  }

  /** Rejects when the store cannot be asked. */
  async resolve(batch: readonly ResolvableAssignment[]): Promise<(TaggedJson | undefined)[][]> {
    const outputs = new Map<string, TaggedJson | undefined>();
    const missing = new Map<string, { readonly request: XComRequest; readonly need: Need; readonly shapes: OutputShapes }>();
    const needs = batch.map((resolvable) => needsOf(resolvable));
    batch.forEach(({ assignment: { dagRunId }, shapes }, index) => {
      for (const need of needs[index] ?? []) {
        const { taskId, mapIndex, key } = need;
        const entry = mapIndex === null ? undefined : this.cache.get(key);
        if (entry) outputs.set(key, entry.value);
        else missing.set(key, { request: requestFor(dagRunId, taskId, mapIndex), need, shapes });
      }
    });
    const waiting = [...missing.values()];
    const answers = waiting.length === 0 ? [] : await this.attempts.readXComs(waiting.map(({ request }) => request));
    waiting.forEach(({ need: { taskId, mapIndex, key }, shapes }, index) => {
      const values = (answers[index] ?? []).map(({ value }) => value);
      outputs.set(key, mapIndex === null ? listOf(values, shapes.isChunked(taskId)) : values[0]);
    });
    return batch.map((resolvable, index) => {
      const keys = new Map((needs[index] ?? []).map(({ taskId, key }) => [taskId, key]));
      return compose(resolvable, (taskId) => outputs.get(keys.get(taskId) ?? ''));
    });
  }
}

/** The values of all copies as one list: the copies of a chunked task made one each. */
export function listOf(values: readonly TaggedJson[], isChunked: boolean): readonly TaggedJson[] {
  return isChunked ? values.flatMap((value) => value as readonly TaggedJson[]) : values;
}

function needsOf({ assignment: { task, key, dagRunId }, shapes }: ResolvableAssignment): readonly Need[] {
  return inputRefs(task, (groupId) => shapes.mapOfGroup(groupId)).map((taskId) => {
    const shape = shapes.shapeFor(task, taskId);
    if (shape === 'list') return { taskId, mapIndex: null, key: `${dagRunId}/${taskId}` };
    const mapIndex = shape === 'same-copy' ? key.mapIndex : -1;
    return { taskId, mapIndex, key: OutputCache.key(dagRunId, taskId, mapIndex) };
  });
}

function requestFor(dagRunId: number, taskId: string, mapIndex: number | null): XComRequest {
  const request = { dagRunId, taskId, key: 'return_value' };
  return mapIndex === null ? request : { ...request, copies: { from: mapIndex, to: mapIndex + 1 } };
}

function compose(
  { assignment: { task, key }, shapes }: ResolvableAssignment,
  output: (taskId: string) => TaggedJson | undefined,
): (TaggedJson | undefined)[] {
  return composeInputs(task, key.mapIndex, output, (groupId) => shapes.mapOfGroup(groupId));
}
