import { AirflowLikeError } from '../model/errors.js';

const POKE = Symbol.for('airflow-like:poke');

/**
 * What a sensor returns when it also has something to hand on: `new PokeResult(true, { path })`. `value` becomes the return value
 * of the task once `done` is true.
 */
export class PokeResult<V = undefined> {
  readonly [POKE] = true;
  readonly done: boolean;
  readonly value: V | undefined;

  constructor(done: boolean, value?: V) {
    this.done = done;
    this.value = value;
  }
}

/**
 * Reads what a poke returned. A plain `true` hands nothing on (`value` is undefined). Truthiness is never guessed.
 * @throws AirflowLikeError VALUE_TYPE for anything but a boolean or a PokeResult.
 */
export function readPoke(result: unknown, taskId: string): { readonly done: boolean; readonly value: unknown } {
  if (typeof result === 'boolean') return { done: result, value: undefined };
  if (typeof result === 'object' && result !== null && POKE in result) {
    const { done, value } = result as PokeResult<unknown>;
    if (typeof done === 'boolean') return { done, value };
  }
  throw new AirflowLikeError('VALUE_TYPE', {
    place: `tasks.${taskId}`,
    message: 'a sensor must say whether it is done',
    value: result,
    allowed: 'true, false or new PokeResult(done, value)',
  });
}
