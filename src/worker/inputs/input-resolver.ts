/** Finds the arguments of assignments: from outputs that just ended on this worker, the rest with one query for the whole batch. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Assignment } from '../../model/workload.js';
import type { AttemptStore, XComRequest } from '../../ports/store.js';
import { OutputCache } from '../supervisor/output-cache.js';
import type { StoredList } from '../attempt/lazy-inputs.js';
import { composeInputs, inputRefs, type InputRef, type OutputLookup } from './compose-inputs.js';
import { positionsFor } from './map-elements.js';
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
  /** Of these values only those at positions in `[from, to)`; null: all. */
  readonly positions: Span | null;
  /** Says the same in every assignment that needs the same. */
  readonly key: string;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is asked of the store for an output, and how the DAG's outputs look. */
interface Question {
  readonly need: Need;
  readonly request: XComRequest;
  readonly shapes: OutputShapes;
}

/** A request may read so many times what its copies need. */
const MOST_GAPS = 2;

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
    const isCount = ({ need }: Question): boolean => need.need === 'length' && need.mapIndex === null;
    await this.read(
      [...questions.values()].filter((question) => !isCount(question)),
      outputs,
    );
    await this.count([...questions.values()].filter(isCount), outputs);
    return batch.map((resolvable) => compose(resolvable, outputs));
  }

  private async read(questions: readonly Question[], outputs: Map<string, TaggedJson | undefined>): Promise<void> {
    if (questions.length === 0) return;
    const parts = inParts(questions);
    const answers = await this.attempts.readXComs(parts.map(({ request }) => request));
    parts.forEach(({ request, questions: asked }, index) => {
      const values = (answers[index] ?? []).map(({ value }) => value);
      for (const { need, shapes } of asked) {
        if (need.mapIndex !== null) outputs.set(need.key, values[0]);
        else if (request.positions) outputs.set(need.key, inPlace(values, request.positions.from));
        else outputs.set(need.key, listOf(values, shapes.isChunked(need.taskId)));
      }
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

/** What is read at once, and for whom. */
interface Part {
  readonly request: XComRequest;
  readonly questions: readonly Question[];
}

/** Copies that lie together in a batch are given their elements by one request; what lies far from the others is read alone. */
function inParts(questions: readonly Question[]): readonly Part[] {
  const parts: Part[] = [];
  const spans = new Map<string, Question[]>();
  for (const question of questions) {
    const { dagRunId, taskId, positions } = question.request;
    if (!positions) {
      parts.push({ request: question.request, questions: [question] });
      continue;
    }
    const source = `${dagRunId}/${taskId}`;
    const known = spans.get(source);
    if (known) known.push(question);
    else spans.set(source, [question]);
  }
  for (const [first, ...others] of spans.values()) {
    if (!first) continue;
    const positions = [first, ...others].map(({ request }) => request.positions as Span);
    const from = Math.min(...positions.map((span) => span.from));
    const to = Math.max(...positions.map((span) => span.to));
    const isDense = to - from <= MOST_GAPS * positions.reduce((sum, span) => sum + span.to - span.from, 0);
    if (isDense) parts.push({ request: { ...first.request, positions: { from, to } }, questions: [first, ...others] });
    else parts.push(...[first, ...others].map((question) => ({ request: question.request, questions: [question] })));
  }
  return parts;
}

/** A list that has values only from position `from` on. Who reads it knows where to look. */
function inPlace(values: readonly TaggedJson[], from: number): readonly TaggedJson[] {
  const list: TaggedJson[] = [];
  values.forEach((value, index) => (list[from + index] = value));
  return list;
}

function needsOf({ assignment, shapes }: ResolvableAssignment): readonly Need[] {
  const { task, key, dagRunId } = assignment;
  return inputRefs(task, (groupId) => shapes.mapOfGroup(groupId)).map((ref) => {
    const { taskId, need } = ref;
    const shape = shapes.shapeFor(task, taskId);
    if (shape === 'list') {
      const positions = need === 'elements' && !shapes.isChunked(taskId) ? positionsOf(assignment, shapes) : null;
      const part = positions ? `${positions.from}-${positions.to}` : need === 'length' ? need : 'whole';
      return { ...ref, mapIndex: null, positions, key: `${dagRunId}/${taskId}/${part}` };
    }
    const mapIndex = shape === 'same-copy' ? key.mapIndex : -1;
    return { ...ref, mapIndex, positions: null, key: OutputCache.key(assignment, taskId, mapIndex) };
  });
}

/** A task is mapped itself, or is in a mapped group, and never both. */
function positionsOf({ task, key }: Assignment, shapes: OutputShapes): Span | null {
  const map = task.map ?? shapes.mapAround(task);
  return map && positionsFor(map, key.mapIndex);
}

function requestFor(dagRunId: number, { taskId, mapIndex, positions }: Need): XComRequest {
  const request = { dagRunId, taskId, key: 'return_value' };
  if (mapIndex !== null) return { ...request, copies: { from: mapIndex, to: mapIndex + 1 } };
  return positions ? { ...request, positions } : request;
}

function compose(
  resolvable: ResolvableAssignment,
  outputs: ReadonlyMap<string, TaggedJson | undefined>,
): (TaggedJson | undefined)[] {
  const { assignment, shapes } = resolvable;
  const needs = new Map(needsOf(resolvable).map((need) => [`${need.need} ${need.taskId}`, need]));
  const output: OutputLookup = ({ taskId, orElse }, needed) => {
    const need = needs.get(`${needed} ${taskId}`);
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
