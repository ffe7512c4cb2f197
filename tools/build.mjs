// Compiles src/ to dist/ with the TypeScript 7 compiler. `--if-stale` skips the work when dist/ is newer than every source,
// so that `npm start` and `npm test` on an unchanged clone cost nothing.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'dist', '.built');

function newestMtimeMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestMtimeMs(join(path, name))), stat.mtimeMs);
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const builtAt = statSync(stamp).mtimeMs;
  return ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'].some((name) => newestMtimeMs(join(root, name)) > builtAt);
}

/** npm links the commands of dependencies only; with this one, a command line of the docs works here as it does in a user's project. */
function linkCommand() {
  try {
    symlinkSync(join('..', '..', 'dist', 'cli', 'main.js'), join(root, 'node_modules', '.bin', 'airflow-like'));
  } catch {
    // It is there already, or this system has no links: `npx airflow-like` works without it.
  }
}

if (!existsSync(join(root, 'src'))) process.exit(0); // an installed package ships dist/ only
linkCommand();
if (process.argv.includes('--if-stale') && !isStale()) process.exit(0);

const compiler = join(root, 'node_modules', 'tsc7', 'bin', 'tsc');
if (!existsSync(compiler)) {
  console.error('build: the compiler is missing; run `npm ci` first (with development dependencies).');
  process.exit(existsSync(stamp) ? 0 : 1);
}
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
writeFileSync(stamp, '');
