import { describe, expect, it } from '@jest/globals';
import { parseCron } from '../../src/core/timetable/cron-fields.js';
import { CronFires } from '../../src/core/timetable/cron-fires.js';
import { CRON_PRESETS } from '../../src/core/timetable/presets.js';
import { isAirflowLikeError } from '../../src/model/errors.js';
import type { Instant } from '../../src/model/instant.js';
import { runVectors, type VectorCase } from './vector-file.js';
import { instantOf, textOf, type VectorInstant } from './vector-timetable.js';

interface CronCase extends VectorCase {
  readonly expression: string;
  readonly timezone: string;
  readonly from: VectorInstant;
  readonly next: readonly string[];
  readonly prev: readonly string[];
}

interface ValidityCase extends VectorCase {
  readonly expression: string;
  readonly accepted: boolean;
  readonly next?: readonly string[];
}

describe('cron expressions fire as in Airflow 3.3.2', () => {
  it('cron', () => {
    const failures = runVectors<CronCase>({
      path: 'time/cron.json',
      answer({ expression, timezone, from }) {
        const fires = firesOf(expression, timezone);
        const next = follow((at) => fires.next(at), instantOf(from), 5);
        return { next, prev: follow((at) => fires.prev(at), instantOf(from), 3) };
      },
      expected: ({ next, prev }) => ({ next, prev }),
    });
    expect(failures).toEqual([]);
  });

  it('cron-validity', () => {
    const failures = runVectors<ValidityCase>({
      path: 'time/cron-validity.json',
      answer({ expression }) {
        try {
          const fires = firesOf(expression, 'UTC');
          return { accepted: true, next: follow((at) => fires.next(at), instantOf('2026-01-01T00:00:00Z'), 5) };
        } catch (error) {
          // A valid expression that no date matches has a code of its own.
          if (isAirflowLikeError(error) && error.code === 'CRON_NEVER') return { accepted: true, next: [] };
          if (isAirflowLikeError(error) && error.code === 'CRON_INVALID') return { accepted: false };
          throw error;
        }
      },
      expected: ({ accepted, next }) => (accepted ? { accepted, next } : { accepted }),
    });
    expect(failures).toEqual([]);
  });
});

interface DifferenceCase extends VectorCase {
  readonly kind: string;
  readonly expression: string;
  readonly timezone: string;
  readonly from: VectorInstant;
  readonly airflow: { readonly next?: readonly string[]; readonly prev?: readonly string[] };
  readonly croner: {
    readonly next?: readonly string[];
    readonly prev?: readonly string[];
    readonly secondsMovedFirst?: readonly string[];
  };
}

/** The file holds no expectations, but where both engines differ it says what each answers, and ours must be one of the two. */
it('where cron engines differ, we fire as one of them', () => {
  const failures = runVectors<DifferenceCase>({
    path: 'time/differences.json',
    answer({ expression, timezone, from, airflow }) {
      let fires: CronFires;
      try {
        fires = firesOf(expression, timezone);
      } catch (error) {
        if (isAirflowLikeError(error) && error.code === 'CRON_NEVER') return { next: [] };
        if (isAirflowLikeError(error) && error.code === 'CRON_INVALID') return { accepted: false };
        throw error;
      }
      const next = follow((at) => fires.next(at), instantOf(from), airflow.next?.length ?? 5);
      if (airflow.prev === undefined) return { next };
      return { next, prev: follow((at) => fires.prev(at), instantOf(from), airflow.prev.length) };
    },
    expected: ({ airflow: { next, prev } }) =>
      next === undefined ? { accepted: false } : prev === undefined ? { next } : { next, prev },
  });
  expect(failures).toEqual([]);
});

function firesOf(expression: string, timezone: string): CronFires {
  return new CronFires(parseCron(CRON_PRESETS[expression.toLowerCase()] ?? expression, 'schedule'), timezone);
}

function follow(step: (instant: Instant) => Instant | null, from: Instant, count: number): string[] {
  const found: string[] = [];
  let at: Instant | null = step(from);
  while (at !== null && found.length < count) {
    found.push(textOf(at));
    at = step(at);
  }
  return found;
}
