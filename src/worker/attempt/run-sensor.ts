/** The loop of a sensor: look, and while there is nothing, wait in place (`poke`) or give the slot back (`reschedule`). */
import { createHash } from 'node:crypto';
import type { SensorSpec } from '../../model/dag-spec.js';
import { formatDuration } from '../../model/duration.js';
import type { Outcome } from '../../model/outcome.js';
import { readPoke } from '../../sdk/poke-result.js';
import type { AttemptEnvironment, AttemptWork } from './run-attempt.js';
import { describeThrown, isNamed, taskError } from './task-error.js';

/** A sensor that found what it waits for: what it hands on. */
export interface Found {
  readonly kind: 'found';
  readonly value: unknown;
}

/**
 * In poke mode the timeout counts from the start of this attempt, in reschedule mode from the first attempt of the try. It is looked at
 * after a poke: one that is late but finds what it waits for succeeds. Throws what `poke` throws, unless the options say what that means.
 */
export async function runSensor(
  work: AttemptWork,
  sensor: SensorSpec,
  environment: AttemptEnvironment,
  poke: (pokeNumber: number) => unknown,
): Promise<Outcome | Found> {
  const { now, sleep, signal, log } = environment;
  const isRescheduling = sensor.mode === 'reschedule';
  const startedAt = isRescheduling ? (work.waitingSince ?? work.startedAt) : now();
  for (let pokeNumber = work.pokeNumber + 1; ; pokeNumber += 1) {
    const look = await lookOnce(() => poke(pokeNumber), sensor, environment);
    if (look.kind === 'skipped') return look;
    const { done, value } = readPoke(look.answer, work.taskId);
    if (done) return { kind: 'found', value };
    const elapsedMs = now() - startedAt;
    if (elapsedMs > sensor.timeoutMs) return timedOut(sensor, elapsedMs);
    const waitMs = sensorWaitMs(sensor, { key: work.key, startedAt, pokeNumber, elapsedMs });
    if (isRescheduling) return { kind: 'reschedule', at: now() + waitMs };
    log.note('debug', 'system', `poke ${pokeNumber}: not yet, looks again in ${formatDuration(waitMs)}`);
    await sleep(waitMs, signal);
    signal.throwIfAborted();
  }
}

type Look = { readonly kind: 'answer'; readonly answer: unknown } | Extract<Outcome, { kind: 'skipped' }>;

/**
 * One call of the author's code. A SkipTask is always thrown on. `softFail` and `neverFail` skip the sensor where it says that it fails
 * for good; any other error counts as "not yet" with `silentFail`, and skips it with `neverFail`.
 */
async function lookOnce(poke: () => unknown, sensor: SensorSpec, { log, signal }: AttemptEnvironment): Promise<Look> {
  try {
    return { kind: 'answer', answer: await poke() };
  } catch (thrown) {
    if (isNamed(thrown, 'SkipTask') || signal.aborted) throw thrown;
    const { name, message } = describeThrown(thrown);
    if (isNamed(thrown, 'FailTask')) {
      if (sensor.softFail || sensor.neverFail) return { kind: 'skipped', message };
      throw thrown;
    }
    if (sensor.silentFail) {
      log.write('warn', 'system', `${name}: ${message}; it counts as "not yet" (silentFail)`);
      return { kind: 'answer', answer: false };
    }
    if (sensor.neverFail) return { kind: 'skipped', message: `${name}: ${message}` };
    throw thrown;
  }
}

function timedOut(sensor: SensorSpec, elapsedMs: number): Outcome {
  const message = `waited ${formatDuration(elapsedMs)}, longer than its timeout of ${formatDuration(sensor.timeoutMs)}`;
  if (sensor.softFail) return { kind: 'skipped', message: `SENSOR_TIMEOUT: ${message}` };
  return { kind: 'failed', error: taskError('SENSOR_TIMEOUT', message), retryable: false };
}

export interface SensorPoke {
  readonly key: { readonly dagId: string; readonly taskId: string };
  readonly startedAt: number;
  /** The poke that has just been made, counted from 1. */
  readonly pokeNumber: number;
  readonly elapsedMs: number;
}

/**
 * How long a sensor waits after a poke, in milliseconds. With exponential backoff the span [b, 2b) doubles from poke to poke, from half the
 * poke interval on; a hash picks the place within it, so that many sensors do not look at the same moment and a repeat picks the same.
 */
export function sensorWaitMs(sensor: SensorSpec, { key, startedAt, pokeNumber, elapsedMs }: SensorPoke): number {
  let waitMs = sensor.pokeIntervalMs;
  if (sensor.exponentialBackoff) {
    const base = Math.max(1, Math.floor(Math.min(sensor.pokeIntervalMs * 2 ** (pokeNumber - 2), sensor.timeoutMs + 1)));
    const digest = createHash('sha1').update(`${key.dagId}#${key.taskId}#${startedAt}#${pokeNumber}`).digest();
    waitMs = base + (digest.readUIntBE(0, 6) % base);
    waitMs = Math.min(waitMs, Math.max(1, sensor.timeoutMs - elapsedMs + 1));
  }
  return sensor.maxWaitMs === null ? waitMs : Math.min(waitMs, sensor.maxWaitMs);
}
