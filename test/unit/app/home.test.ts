import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockHome, prepareHome } from '../../../src/app/home.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'airflow-like-home-'));
});
afterEach(() => {
  chmodSync(home, 0o755);
  rmSync(home, { recursive: true });
});

const lock = () => join(home, 'standalone.lock');

describe('lockHome', () => {
  it('refuses while its owner lives, names pid and port, and is free after it', () => {
    const unlock = lockHome(home, 8_080);
    expect(() => lockHome(home, 8_080)).toThrow(
      `ALREADY_RUNNING: airflow-like already runs from ${home} (pid ${process.pid} on port 8080); stop it first`,
    );
    unlock();
    lockHome(home, null)();
    expect(readdirSync(home)).toEqual([]);
  });

  it('does not name a port that is chosen at the start', () => {
    const unlock = lockHome(home, 0);
    expect(() => lockHome(home, 0)).toThrow(`(pid ${process.pid});`);
    unlock();
  });

  it.each([
    ['of a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1', port: 1 })],
    ['of another process with the same pid', JSON.stringify({ pid: process.pid, startedAt: '1', port: 1 })],
    ['that was cut off', '{"pid": 12'],
    ['that is empty', ''],
  ])('takes over a lock %s', (_name, content) => {
    writeFileSync(lock(), content);
    const unlock = lockHome(home, 1);
    expect(readdirSync(home)).toEqual(['standalone.lock']);
    unlock();
    expect(existsSync(lock())).toBe(false);
  });

  it('says that the home cannot be written', () => {
    rmSync(home, { recursive: true });
    expect(() => lockHome(home, 1)).toThrow('HOME_NOT_WRITABLE: core.home: the lock cannot be written (ENOENT)');
    prepareHome(home);
    lockHome(home, 1)();
  });
});
