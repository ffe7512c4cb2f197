import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseClock } from '../../../src/app/database-clock.js';
import type { Logger } from '../../../src/ports/logger.js';
import type { Store } from '../../../src/ports/store.js';

const DATABASE_AHEAD_MS = 1_700_000_000_000;

let warnings: string[];
const logger = { warn: (_fields: object, message: string) => void warnings.push(message) } as unknown as Logger;

/** Starts a clock over a database whose answers take so long, all of it on their way back. */
async function started(...tookMs: readonly number[]): Promise<{ clock: DatabaseClock; answers: number; offByMs: number }> {
  warnings = [];
  let at = 50;
  let answers = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => at);
  jest.spyOn(Date, 'now').mockImplementation(() => at + DATABASE_AHEAD_MS);
  const now = () => {
    const answer = at + DATABASE_AHEAD_MS;
    at += tookMs[answers++] as number;
    return Promise.resolve(answer);
  };
  const clock = await DatabaseClock.start({ now } as unknown as Store, logger);
  clock.stop();
  return { clock, answers, offByMs: clock.now() - (at + DATABASE_AHEAD_MS) };
}

describe('the clock of the database', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('asks once when the answer is quick', async () => {
    expect(await started(4)).toMatchObject({ answers: 1, offByMs: -2 });
    expect(warnings).toEqual([]);
  });

  it('asks again after an answer that took long, so that a machine that stood still does not move it', async () => {
    expect(await started(5_000, 10)).toMatchObject({ answers: 2, offByMs: -5 });
    expect(warnings).toEqual([]);
  });

  it('takes the quickest of three, and says that the database is slow', async () => {
    expect(await started(4_000, 2_100, 3_000)).toMatchObject({ answers: 3, offByMs: -1_050 });
    expect(warnings).toEqual(['the database answers slowly']);
  });
});
