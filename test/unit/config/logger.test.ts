import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/logging/logger.js';
import { maskPasswords } from '../../../src/model/mask-passwords.js';

function collector(isTTY = false): { stream: NodeJS.WritableStream; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => text };
}

describe('createLogger', () => {
  it('writes JSON lines with fixed fields where there is no terminal', async () => {
    const { stream, text } = collector();
    const logger = await createLogger({ level: 'info', format: 'auto', component: 'scheduler', stream });
    logger.debug({}, 'hidden');
    logger.child({ dagId: 'sales' }).warn({ runs: 3 }, 'late');
    const line = JSON.parse(text()) as Record<string, unknown>;
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      pid: process.pid,
      component: 'scheduler',
      dagId: 'sales',
      runs: 3,
      msg: 'late',
    });
  });

  it('writes for people on a terminal', async () => {
    const { stream, text } = collector(true);
    const logger = await createLogger({ level: 'info', format: 'auto', component: 'worker', stream });
    logger.info({ slots: 16 }, 'ready');
    expect(text()).toMatch(/INFO.*worker: ready/);
    expect(text()).not.toContain('{"level"');
  });

  it('masks passwords of URLs in fields, errors and messages', async () => {
    const { stream, text } = collector();
    const logger = await createLogger({ level: 'info', format: 'json', stream });
    logger.error(
      { url: 'postgres://me:hunter2@db/x', err: new Error('no postgres://me:hunter2@db/x') },
      'at postgres://me:hunter2@db/x',
    );
    expect(text()).not.toContain('hunter2');
    expect(() => JSON.parse(text()) as unknown).not.toThrow();
  });
});

describe('maskPasswords', () => {
  it.each([
    ['postgres://me:secret@host:5432/db', 'postgres://me:***@host:5432/db'],
    ['postgres://me:p@ss/w:ord@host/db', 'postgres://me:***@host/db'],
    ['redis://:secret@host', 'redis://:***@host'],
    ['two postgres://a:1x@h and postgres://b:2x@h', 'two postgres://a:***@h and postgres://b:***@h'],
    ['http://localhost:8080/users/a@b.c', 'http://localhost:8080/users/a@b.c'],
    ['http://localhost:8080 mail a@b.c', 'http://localhost:8080 mail a@b.c'],
  ])('%s', (text, masked) => {
    expect(maskPasswords(text)).toBe(masked);
  });
});
