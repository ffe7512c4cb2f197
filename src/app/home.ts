/** The home folder: who owns it now, so that a second standalone refuses and a killed one leaves nothing to clean by hand. */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AirflowLikeError } from '../model/errors.js';

const LOCK = 'standalone.lock';

interface Owner {
  readonly pid: number;
  /** Start time of the process as the kernel counts it: a pid that was given to another process does not match. */
  readonly startedAt: string | null;
  readonly port: number | null;
}

/** Creates the home folder (mode 0755: an unprivileged Postgres lives below it). */
export function prepareHome(home: string): void {
  try {
    mkdirSync(join(home, 'logs'), { recursive: true });
  } catch (error) {
    throw new AirflowLikeError('HOME_NOT_WRITABLE', {
      place: 'core.home',
      message: `the folder cannot be created (${(error as NodeJS.ErrnoException).code})`,
      value: home,
      allowed: 'a folder this user may write; set AIRFLOW_LIKE__CORE__HOME',
      cause: error,
    });
  }
}

/** The live owner of the home folder, or null. */
export function homeOwner(home: string): Owner | null {
  let owner: Owner;
  try {
    owner = JSON.parse(readFileSync(join(home, LOCK), 'utf8')) as Owner;
  } catch {
    return null;
  }
  return isAlive(owner) ? owner : null;
}

/**
 * Makes this process the owner of `home`; returns the function that gives it back.
 * @throws AirflowLikeError ALREADY_RUNNING while another process owns it.
 */
export function lockHome(home: string, port: number | null): () => void {
  const path = join(home, LOCK);
  // Under a name of its own first: a lock appears with its content or not at all, so that nobody takes a half-written one for a dead one.
  const own = `${path}.${process.pid}`;
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt: processStartTime(process.pid), port } satisfies Owner));
      linkSync(own, path);
      unlinkQuietly(own);
      return () => unlinkQuietly(path);
    } catch (error) {
      unlinkQuietly(own);
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EEXIST' || attempt > 2) {
        throw new AirflowLikeError('HOME_NOT_WRITABLE', {
          place: 'core.home',
          message: `the lock cannot be written (${code})`,
          value: home,
          cause: error,
        });
      }
      const owner = homeOwner(home);
      if (owner) {
        const where = owner.port ? ` on port ${owner.port}` : ''; // 0 asked for a free one, which the lock does not know
        throw new AirflowLikeError('ALREADY_RUNNING', {
          message: `airflow-like already runs from ${home} (pid ${owner.pid}${where}); stop it first, or use another AIRFLOW_LIKE__CORE__HOME`,
        });
      }
      removeDeadLock(path);
    }
  }
}

/** Of two processes that find the same dead lock, the slower one must not remove the new lock of the faster one: it puts it back. */
function removeDeadLock(path: string): void {
  const aside = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, aside);
    const owner = JSON.parse(readFileSync(aside, 'utf8')) as Owner;
    if (isAlive(owner)) linkSync(aside, path);
  } catch {
    // It is gone, unreadable, or somebody else has the lock by now: the next attempt sees.
  }
  unlinkQuietly(aside);
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startedAt = processStartTime(owner.pid);
  return owner.startedAt === null || startedAt === null || startedAt === owner.startedAt;
}

/** Field 22 of /proc/PID/stat (clock ticks since boot); null where there is no /proc. Null for a zombie too: it runs nothing any more. */
function processStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else removed it: that is what was wanted.
  }
}
