/** How a task, or a copy of a mapped one, stands at one moment of a test run. */
import { AirflowLikeError } from '../model/errors.js';
import type { TaskInstanceState } from '../model/states.js';
import type { TaskError } from '../model/task-instance.js';
import type { InputsOf, OutputOf } from './task-types.js';

/** One task instance: of a task that is not mapped, or one copy. */
export interface TestTaskInstance<M = unknown> {
  readonly taskId: string;
  /** Index among the copies of a mapped task; -1 for a task that is not mapped. */
  readonly mapIndex: number;
  /** The name of a copy for people (`mapIndexTemplate`, `name`); null when it has none. */
  readonly mapLabel: string | null;
  readonly state: TaskInstanceState;
  /** The try under way or last made; 0 before the first. */
  readonly tryNumber: number;
  readonly maxTries: number;
  /** The first argument of its last call; undefined when it was not called. */
  readonly input: InputsOf<M>[0] | undefined;
  /** All arguments of its last call; null when it was not called. */
  readonly inputs: Readonly<InputsOf<M>> | null;
  /** What it handed on; undefined when there is nothing. */
  readonly output: OutputOf<M> | undefined;
  /** The template fields of its operator as its last try got them; null when it has none. */
  readonly rendered: Readonly<Record<string, unknown>> | null;
  /** Why its last try failed; null when that did not. */
  readonly error: TaskError | null;
  /** Why it is in this state, where that is known: what `SkipTask` said, an error code, `mapped_over_nothing`... */
  readonly reason: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  /** When a retry or a sensor that gave its slot back is due. */
  readonly wakesAt: Date | null;
}

/** The state of a mapped task is the first of these that one of its copies has. */
const WORST_FIRST: readonly TaskInstanceState[] = [
  'failed',
  'upstream_failed',
  'running',
  'up_for_retry',
  'up_for_reschedule',
  'queued',
  'scheduled',
  'deferred',
  'awaiting_input',
  'none',
  'skipped',
  'success',
  'removed',
];

/** A task with all its copies. */
export class TestTask<M = unknown> {
  readonly taskId: string;
  /** By map index; one entry for a task that is not mapped. */
  readonly instances: readonly TestTaskInstance<M>[];
  readonly #isMapped: boolean;

  constructor(taskId: string, isMapped: boolean, instances: readonly TestTaskInstance<M>[]) {
    this.taskId = taskId;
    this.instances = instances;
    this.#isMapped = isMapped;
  }

  /** Of a mapped task the worst state of a copy, so that `success` means that all succeeded or were skipped, and one succeeded. */
  get state(): TaskInstanceState {
    const states = new Set(this.instances.map(({ state }) => state));
    if (states.has('success') && [...states].every((state) => state === 'success' || state === 'skipped')) return 'success';
    return WORST_FIRST.find((state) => states.has(state)) ?? 'none';
  }

  /** The highest of its copies'. */
  get tryNumber(): number {
    return Math.max(0, ...this.instances.map(({ tryNumber }) => tryNumber));
  }

  /** The first argument, typically the only one. @throws AirflowLikeError STATE_CONFLICT for a mapped task: ask `mapped(i)`. */
  get input(): InputsOf<M>[0] | undefined {
    return this.#single('input').input;
  }

  /** All arguments. @throws AirflowLikeError STATE_CONFLICT for a mapped task: ask `mapped(i)`. */
  get inputs(): Readonly<InputsOf<M>> | null {
    return this.#single('inputs').inputs;
  }

  /** @throws AirflowLikeError STATE_CONFLICT for a mapped task: ask `outputs` or `mapped(i)`. */
  get output(): OutputOf<M> | undefined {
    return this.#single('output').output;
  }

  /** See `TestTaskInstance.rendered`. @throws AirflowLikeError STATE_CONFLICT for a mapped task: ask `mapped(i)`. */
  get rendered(): Readonly<Record<string, unknown>> | null {
    return this.#single('rendered').rendered;
  }

  /** What its copies handed on, by map index. */
  get outputs(): readonly (OutputOf<M> | undefined)[] {
    return this.instances.filter(({ mapIndex }) => mapIndex >= 0 || !this.#isMapped).map(({ output }) => output);
  }

  /** Why it failed; of a mapped task the first error of a copy. */
  get error(): TaskError | null {
    return this.instances.find(({ error }) => error !== null)?.error ?? null;
  }

  /** The first known reason of its copies. */
  get reason(): string | null {
    return this.instances.find(({ reason }) => reason !== null)?.reason ?? null;
  }

  /** When its last try started; of a mapped task the earliest of its copies'. */
  get startedAt(): Date | null {
    return earliest(this.instances.map(({ startedAt }) => startedAt));
  }

  /** When its last try ended; null while a copy has not. */
  get endedAt(): Date | null {
    const times = this.instances.map(({ endedAt }) => endedAt?.getTime() ?? null);
    return times.includes(null) || times.length === 0 ? null : new Date(Math.max(...(times as number[])));
  }

  /** See `TestTaskInstance.wakesAt`; of a mapped task the earliest. */
  get wakesAt(): Date | null {
    return earliest(this.instances.map(({ wakesAt }) => wakesAt));
  }

  /** The copy with this map index. @throws AirflowLikeError NOT_FOUND */
  mapped(mapIndex: number): TestTaskInstance<M> {
    const found = this.instances.find((instance) => instance.mapIndex === mapIndex);
    if (found) return found;
    const indexes = this.instances.map((instance) => instance.mapIndex);
    throw new AirflowLikeError('NOT_FOUND', {
      place: this.taskId,
      message: this.#isMapped ? 'there is no such copy' : 'this task is not mapped',
      value: mapIndex,
      ...(this.#isMapped && { allowed: indexes[0] === -1 ? 'none: it has not been expanded' : `0 to ${indexes.at(-1)}` }),
    });
  }

  #single(what: 'input' | 'inputs' | 'output' | 'rendered'): TestTaskInstance<M> {
    const [only] = this.instances;
    if (only && !this.#isMapped) return only;
    throw new AirflowLikeError('STATE_CONFLICT', {
      place: `task(${JSON.stringify(this.taskId)}).${what}`,
      message: `the task is mapped, so each of its ${this.instances.length} copies has its own; use mapped(i).${what}`,
    });
  }
}

function earliest(dates: readonly (Date | null)[]): Date | null {
  const times = dates.flatMap((date) => (date ? [date.getTime()] : []));
  return times.length === 0 ? null : new Date(Math.min(...times));
}
