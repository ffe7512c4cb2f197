/**
 * Which operating system account runs the embedded server. Postgres refuses to run as root, so root hands it to the
 * unprivileged account `postgres`, which is created when missing; everybody else runs it as themselves.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AirflowLikeError } from '../../model/errors.js';

export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNT = 'postgres';

/**
 * Null: the account of this process.
 *
 * @throws AirflowLikeError DB_CONNECT when this is root and no account can be found or created.
 */
export async function chooseAccount(): Promise<ServerAccount | null> {
  if (process.getuid?.() !== 0) return null;
  const known = await findAccount();
  if (known) return known;
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ACCOUNT], {
    encoding: 'utf8',
  });
  if (made.status !== 0) spawnSync('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', ACCOUNT]);
  const created = await findAccount();
  if (created) return created;
  throw new AirflowLikeError('DB_CONNECT', {
    place: 'embedded Postgres',
    message: `Postgres does not run as root, and the account "${ACCOUNT}" could not be created (${made.error?.message ?? made.stderr.trim()}); create it, run as another user, or set database.url`,
  });
}

async function findAccount(): Promise<ServerAccount | null> {
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === ACCOUNT && uid && gid) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/**
 * A folder for the cluster that the account can reach and owns: `wanted` when all folders above it let the account through,
 * else one below /var/lib or the temporary folder whose name follows from `wanted`.
 */
export async function chooseFolder(wanted: string, account: ServerAccount | null): Promise<string> {
  if (account === null) {
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    return wanted;
  }
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const candidates = [wanted, join('/var/lib/airflow-like', name), join(tmpdir(), `airflow-like-${name}`)];
  for (const candidate of candidates) {
    try {
      await mkdir(candidate, { recursive: true, mode: 0o755 });
      // In a folder that everybody may write, somebody else may have been there first.
      const { uid } = await lstat(candidate);
      if (candidate !== wanted && uid !== 0 && uid !== account.uid) continue;
      await chown(candidate, account.uid, account.gid);
    } catch {
      continue;
    }
    if (canEnter(candidate, account)) return candidate;
  }
  throw new AirflowLikeError('DB_CONNECT', {
    place: 'embedded Postgres',
    message: `the account "${account.name}" that runs the server can reach none of the possible folders; set core.home to a folder it can reach, or set database.url`,
    value: candidates.join(', '),
  });
}

function canEnter(folder: string, account: ServerAccount): boolean {
  const { uid, gid } = account;
  return spawnSync('/bin/sh', ['-c', 'cd "$0" && test -w .', folder], { cwd: '/', uid, gid }).status === 0;
}
