/** What `postmaster.pid` of a cluster says about its server, and whether that is true. */
import { spawnSync } from 'node:child_process';
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

/** Whether a process with this id exists (a zombie does not count). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Process ids are used again: the process must really be a Postgres of this folder. */
async function isPostgresOf(pid: number, dataFolder: string): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').includes(dataFolder);
  } catch {
    if (process.platform === 'linux') return false;
    const listed = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
    return listed.status === 0 && listed.stdout.includes(dataFolder);
  }
}
