/** What `postmaster.pid` of a cluster says about its server, and whether that is true. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketFolder: string;
  /** Accepts connections. */
  readonly isReady: boolean;
}

/** The live server of the data folder, or null: none, or the file is left over from one that is dead. */
export async function readPostmaster(dataFolder: string): Promise<Postmaster | null> {
  let lines: readonly string[];
  try {
    lines = (await readFile(join(dataFolder, 'postmaster.pid'), 'utf8')).split('\n').map((line) => line.trim());
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid) || !(await isPostgresOf(pid, dataFolder))) return null;
  return { pid, port: Number(lines[3]), socketFolder: lines[4] ?? '', isReady: lines[7] === 'ready' };
}

/** Whether a process with this id exists. One that has ended but was not collected by its parent yet does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return process.platform !== 'linux'; // elsewhere there is no /proc; on Linux it has just ended
  }
}

/** Process ids are used again: the process must really be a Postgres of this folder. */
export async function isPostgresOf(pid: number, dataFolder: string): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').includes(dataFolder);
  } catch {
    if (process.platform === 'linux') return false;
    const listed = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
    return listed.status === 0 && listed.stdout.includes(dataFolder);
  }
}
