/** Finds the arguments of assignments: from outputs that just ended on this worker, the rest with one query for the whole batch. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Assignment } from '../../model/workload.js';
import type { AttemptStore, XComRequest } from '../../ports/store.js';
import { OutputCache } from '../supervisor/output-cache.js';
import type { StoredList } from '../attempt/lazy-inputs.js';
import { composeInputs, inputRefs, type InputRef, type OutputLookup } from './compose-inputs.js';
import type { OutputShapes } from './output-shapes.js';

/** An assignment, and how the outputs in its DAG look. */
export interface ResolvableAssignment {
  readonly assignment: Assignment;
  readonly shapes: OutputShapes;
}

/** An output that an assignment needs. */
interface Need extends InputRef {
  /** The copy whose value it is; null: the values of all copies. */
  readonly mapIndex: number | null;
  /** Says the same in every assignment that needs the same. */
  readonly key: string;
}

/** What is asked of the store for an output, and how the DAG's outputs look. */
interface Question {
  readonly need: Need;
  readonly request: XComRequest;
  readonly shapes: OutputShapes;
}

export class InputResolver {
  constructor(
    private readonly attempts: Pick<AttemptStore, 'readXComs' | 'countXComs'>,
    private readonly cache: OutputCache,
  ) {}

  /** The arguments if everything is in memory: the hot path. Null otherwise. */
  resolveNow(resolvable: ResolvableAssignment): (TaggedJson | undefined)[] | null {
    const outputs = new Map<string, TaggedJson | undefined>();
    for (const { mapIndex, key } of needsOf(resolvable)) {
      const entry = mapIndex === null ? undefined : this.cache.get(key);
      if (!entry) return null;
      outputs.set(key, entry.value);
    }
    return compose(resolvable, outputs);
  }

  /** Rejects when the store cannot be asked. */
  async resolve(batch: readonly ResolvableAssignment[]): Promise<(TaggedJson | undefined)[][]> {
    const outputs = new Map<string, TaggedJson | undefined>();
    const questions = new Map<string, Question>();
    for (const resolvable of batch) {
      const { assignment, shapes } = resolvable;
      for (const need of needsOf(resolvable)) {
        const entry = need.mapIndex === null ? undefined : this.cache.get(need.key);
        if (entry) outputs.set(need.key, entry.value);
        else questions.set(need.key, { need, request: requestFor(assignment.dagRunId, need), shapes });
      }
    }
    const isCount = ({ need }: Question): boolean => need.isLazy && need.mapIndex === null;
    await this.read(
      [...questions.values()].filter((question) => !isCount(question)),
      outputs,
    );
    await this.count([...questions.values()].filter(isCount), outputs);
    return batch.map((resolvable) => compose(resolvable, outputs));
  }

  private async read(questions: readonly Question[], outputs: Map<string, TaggedJson | undefined>): Promise<void> {
    if (questions.length === 0) return;
    const answers = await this.attempts.readXComs(questions.map(({ request }) => request));
    questions.forEach(({ need: { taskId, mapIndex, key }, shapes }, index) => {
      const values = (answers[index] ?? []).map(({ value }) => value);
      outputs.set(key, mapIndex === null ? listOf(values, shapes.isChunked(taskId)) : values[0]);
    });
  }

  /** Of a list that is read piece by piece only its length is needed now. */
  private async count(questions: readonly Question[], outputs: Map<string, TaggedJson | undefined>): Promise<void> {
    if (questions.length === 0) return;
    const answers = await this.attempts.countXComs(questions.map(({ request }) => request));
    questions.forEach(({ need: { taskId, key }, shapes }, index) => {
      const { values = 0, elements = 0, end = 0 } = answers[index] ?? {};
      const list: StoredList = { length: shapes.isChunked(taskId) ? elements : values, copies: end };
      outputs.set(key, { ...list });
    });
  }
}

/** The values of all copies as one list: the copies of a chunked task made one each. */
export function listOf(values: readonly TaggedJson[], isChunked: boolean): readonly TaggedJson[] {
  return isChunked ? values.flatMap((value) => value as readonly TaggedJson[]) : values;
}

function needsOf({ assignment, shapes }: ResolvableAssignment): readonly Need[] {
  const { task, key, dagRunId } = assignment;
  return inputRefs(task, (groupId) => shapes.mapOfGroup(groupId)).map((ref) => {
    const shape = shapes.shapeFor(task, ref.taskId);
    if (shape === 'list') return { ...ref, mapIndex: null, key: `${dagRunId}/${ref.taskId}/${ref.isLazy ? 'count' : 'list'}` };
    const mapIndex = shape === 'same-copy' ? key.mapIndex : -1;
    return { ...ref, mapIndex, key: OutputCache.key(assignment, ref.taskId, mapIndex) };
  });
}

function requestFor(dagRunId: number, { taskId, mapIndex }: Need): XComRequest {
  const request = { dagRunId, taskId, key: 'return_value' };
  return mapIndex === null ? request : { ...request, copies: { from: mapIndex, to: mapIndex + 1 } };
}

function compose(
  resolvable: ResolvableAssignment,
  outputs: ReadonlyMap<string, TaggedJson | undefined>,
): (TaggedJson | undefined)[] {
  const { assignment, shapes } = resolvable;
  const needs = new Map(needsOf(resolvable).map((need) => [`${need.isLazy} ${need.taskId}`, need]));
  const output: OutputLookup = ({ taskId, lazy = false, orElse }) => {
    const need = needs.get(`${lazy} ${taskId}`);
    const value = outputs.get(need?.key ?? '');
    // No copy has a value: the list is empty unless something stands in for it.
    return need?.mapIndex === null && orElse !== undefined && isEmpty(value) ? undefined : value;
  };
  return composeInputs(assignment.task, assignment.key.mapIndex, output, (groupId) => shapes.mapOfGroup(groupId));
}

/** Of the values of copies, or of their count. */
function isEmpty(list: TaggedJson | undefined): boolean {
  return (list as readonly TaggedJson[] | StoredList | undefined)?.length === 0;
}
