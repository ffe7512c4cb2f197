/** What is reported of an attempt that did not end by itself: it was ended, or its runner ended under it. */
import type { SensorSpec } from '../../model/dag-spec.js';
import { formatDuration } from '../../model/duration.js';
import type { Outcome } from '../../model/outcome.js';
import { taskError } from '../attempt/task-error.js';
import type { RunnerExit } from './runner-process.js';

/** Why an attempt is being ended. */
export interface Ending {
  readonly kind: 'timeout' | 'cancelled' | 'shutdown';
  readonly reason: string;
}

/** How an attempt's event loop stood when its thread was ended. */
export interface LastBlock {
  readonly ms: number;
  readonly functionName: string | null;
}

/** Null: nothing is reported, because the attempt no longer counts. */
export function outcomeOfEnding(ending: Ending, sensor: SensorSpec | null, block: LastBlock | null = null): Outcome | null {
  if (ending.kind === 'cancelled') return null;
  if (ending.kind === 'shutdown') return { kind: 'lost', reason: ending.reason };
  if (block === null) return outcomeOfTimeLimit(ending.reason, sensor);
  const where = block.functionName === null ? '' : ` in ${block.functionName}`;
  return failed('TASK_BLOCKED', `${ending.reason}; its event loop was blocked for the last ${formatDuration(block.ms)}${where}`);
}

/** An attempt that reached its execution timeout. A sensor that does not fail is skipped instead. */
export function outcomeOfTimeLimit(reason: string, sensor: SensorSpec | null): Outcome {
  if (sensor?.softFail || sensor?.neverFail) return { kind: 'skipped', message: `TASK_TIMEOUT: ${reason}` };
  return failed('TASK_TIMEOUT', reason);
}

/** @param isGuilty True when the attempt was alone in a runner that crashed; otherwise nobody knows whose fault it was. */
export function outcomeOfExit(exit: RunnerExit, isGuilty: boolean): Outcome {
  if (isGuilty) return failed('TASK_CRASHED', `its process crashed: ${describeExit(exit)}`);
  return { kind: 'lost', reason: `its runner process ended: ${describeExit(exit)}` };
}

export function outcomeOfMemory(message: string): Outcome {
  return failed('TASK_MEMORY', message);
}

/** What its thread reported is no outcome. */
export function outcomeOfUnreadable(): Outcome {
  return failed('TASK_ERROR', 'its thread reported something that is no result: the task has changed what the thread stands on');
}

export function describeExit(exit: RunnerExit): string {
  if (exit.killedBecause !== null) return `it was killed, because ${exit.killedBecause}`;
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return exit.wasReady ? how : `it did not start (${how})`;
}

function failed(code: string, message: string): Outcome {
  return { kind: 'failed', error: taskError(code, message), retryable: true };
}
