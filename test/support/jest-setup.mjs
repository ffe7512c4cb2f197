/**
 * Gives this jest run a folder for its Postgres. Nothing is started here: the first test that asks for a database starts the server,
 * the others join it (see postgres.ts). Servers that killed runs have left are ended.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'airflow-like-test-';

export default async function setUp() {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
    if (owner > 0 && !isAlive(owner)) await removeServer(join(tmpdir(), name));
  }
  const folder = join(tmpdir(), `${PREFIX}${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  process.env['AIRFLOW_LIKE_TEST_POSTGRES_FOLDER'] = folder;
}

/** Ends the server of a folder, if there is one, and deletes the folder. */
export async function removeServer(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
    if (pid > 1 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) {
      process.kill(pid, 'SIGQUIT');
      for (let waits = 0; waits < 200 && isAlive(pid); waits++) await new Promise((resume) => setTimeout(resume, 10));
    }
  } catch {
    // No server, or it ended in between.
  }
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Somebody else's folder.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
