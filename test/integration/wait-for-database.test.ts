/** B34: what is started before its database waits for it; what waiting cannot mend is said at once. */
import { describe, expect, it } from '@jest/globals';
import { waitForDatabase } from '../../src/app/database.js';
import type { Logger } from '../../src/ports/logger.js';
import { silentLogger, testServerUrl } from '../support/postgres.js';

/** A logger that keeps the text of warnings. */
function recorder(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  return { logger: { ...silentLogger, warn: (_fields, text) => void warnings.push(text) }, warnings };
}

/** Nobody listens there, and nobody is given it by chance. */
const CLOSED_PORT = 1;

describe('waitForDatabase', () => {
  it('answers with the version of a server that is there', async () => {
    const { logger, warnings } = recorder();
    expect(await waitForDatabase(await testServerUrl(), 60_000, logger)).toMatch(/^1[4-8]\.\d+/);
    expect(warnings).toEqual([]);
  });

  it('does not wait for a database that nobody has created', async () => {
    const { logger, warnings } = recorder();
    const url = new URL(await testServerUrl());
    url.pathname = '/no_such_database';
    await expect(waitForDatabase(url.toString(), 60_000, logger)).rejects.toMatchObject({
      code: 'DB_CONNECT',
      message: expect.stringContaining('"no_such_database" does not exist') as unknown as string,
    });
    expect(warnings).toEqual([]);
  });

  it('tries until the time is over, says once that it waits, and hides the password', async () => {
    const { logger, warnings } = recorder();
    const url = `postgres://me:hunter2@127.0.0.1:${CLOSED_PORT}/db`;
    const startedAt = performance.now();
    await expect(waitForDatabase(url, 4_000, logger)).rejects.toMatchObject({ code: 'DB_CONNECT' });
    // A try that would begin after the time is not made.
    expect(performance.now() - startedAt).toBeGreaterThan(3_400);
    expect(warnings).toEqual([expect.stringMatching(/^waiting for the database: DB_CONNECT: .*nothing listens there/)]);
    expect(warnings[0]).not.toContain('hunter2');
  });

  it('does not wait for what waiting cannot mend', async () => {
    const { logger, warnings } = recorder();
    await expect(waitForDatabase('mysql://me:hunter2@h/db', 60_000, logger)).rejects.toMatchObject({ code: 'DB_CONNECT' });
    expect(warnings).toEqual([]);
  });
});
