/** Errors by which a task says how it wants to end. They are recognised by a registered symbol, so copies of this package agree. */

const SKIP = Symbol.for('airflow-like:skip');
const FAIL = Symbol.for('airflow-like:fail');

/** Throw it to end the task as `skipped`. Downstream tasks follow by their trigger rules. */
export class SkipTask extends Error {
  readonly [SKIP] = true;

  constructor(message = 'skipped by the task') {
    super(message);
    this.name = 'SkipTask';
  }
}

/** Throw it to fail the task for good: no retry is made, even if tries are left. */
export class FailTask extends Error {
  readonly [FAIL] = true;

  constructor(message = 'failed by the task', options?: ErrorOptions) {
    super(message, options);
    this.name = 'FailTask';
  }
}

/** Makes an error one that fails the task for good, as `FailTask` does, and keeps its code. */
export function forGood<E extends Error>(error: E): E {
  return Object.assign(error, { [FAIL]: true });
}

export function isSkipTask(error: unknown): error is SkipTask {
  return carries(SKIP, error);
}

export function isFailTask(error: unknown): error is FailTask {
  return carries(FAIL, error);
}

/** A Proxy that was thrown may throw when it is looked at. */
function carries(mark: symbol, error: unknown): boolean {
  try {
    return typeof error === 'object' && error !== null && mark in error;
  } catch {
    return false;
  }
}
