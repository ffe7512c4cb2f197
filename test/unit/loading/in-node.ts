/** Runs a module in a plain Node process, without jest's module system, against the built code; answers with its JSON output. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'dist');

/** @param body may use `load(path in dist)` and must call `answer(value)` once. */
export async function inNode(body: string, options: { cwd?: string; dist?: string } = {}): Promise<unknown> {
  const script = `
    const load = (path) => import(${JSON.stringify(`file://${options.dist ?? DIST}/`)} + path);
    const answer = (value) => process.stdout.write('\\nANSWER' + JSON.stringify(value));
    ${body}`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    ...(options.cwd && { cwd: options.cwd }),
    env: { PATH: process.env['PATH'] },
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\nANSWER') + '\nANSWER'.length)) as unknown;
}
