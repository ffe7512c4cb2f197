/** The package as a user gets it: packed, installed from the registry's other packages into an empty folder, started by npx. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually, Installation } from '../support/installation.js';
import { PROJECT_ROOT } from '../tidy/project-root.js';

const HELLO = `
import { dag, task, type Wired } from 'airflow-like';
@dag({ schedule: '@once', startDate: '2024-01-01' })
export class Hello {
  @task() async greet(): Promise<string> { return 'hello'; }
  @task() async print(greeting: string): Promise<void> { console.log(greeting); }
  wire(t: Wired<Hello>) { t.print(t.greet()); }
}
`;

interface PackedFile {
  readonly path: string;
}

/** Words of npm for a registry that does not answer, or not in time. */
const NO_ANSWER =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|E?TIMEDOUT|ENETUNREACH|ERR_SOCKET|socket hang up|network|\bE(429|5\d\d)\b/i;

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

const packFolder = mkdtempSync(join(tmpdir(), 'airflow-like-pack-'));
// Without scripts: a build would take dist/ away from under the tests that run beside this one.
const [pack] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', packFolder], PROJECT_ROOT)) as {
  filename: string;
  files: readonly PackedFile[];
}[];
const packed = pack!.files.map((file) => file.path);

/** The package in an empty folder; null on a machine without a registry, or with one that does not answer: it cannot install anything. */
function install(): Installation | null {
  const ping = spawnSync('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=5000'], { encoding: 'utf8', timeout: 20_000 });
  if (ping.status !== 0) return null;
  const made = new Installation({ dags: { 'hello.ts': HELLO }, isLinked: false });
  try {
    npm(['install', join(packFolder, pack!.filename), '--prefer-offline', '--no-audit', '--no-fund'], made.root);
    return made;
  } catch (error) {
    rmSync(made.root, { recursive: true, force: true });
    if (NO_ANSWER.test((error as Error).message)) return null;
    throw error;
  }
}

const installed = install();

afterAll(() => rmSync(packFolder, { recursive: true, force: true }));

describe('the packed package', () => {
  it('holds the built code and what describes it, nothing else', () => {
    expect(packed.filter((path) => !/^dist\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path))).toEqual([]);
    expect(packed.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
    expect(packed).toEqual(
      expect.arrayContaining(['dist/cli/main.js', 'dist/sdk/index.d.ts', 'dist/worker/runner/main.js', 'LICENSE']),
    );
  });
});

// Skipped only where the registry does not answer.
(installed ? describe : describe.skip)('the installed package', () => {
  const installation = installed as Installation;

  afterAll(() => installation.dispose());

  it('has an executable command', () => {
    const command = join(installation.root, 'node_modules', '.bin', 'airflow-like');
    expect(statSync(command).mode & 0o111).toBe(0o111);
    const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('brings the types that a DAG file needs', () => {
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      experimentalDecorators: true,
      noEmit: true,
      types: [],
    };
    writeFileSync(join(installation.root, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['dags'] }));
    const compiler = join(PROJECT_ROOT, 'node_modules', 'tsc7', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', installation.root], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('runs a DAG by `npx airflow-like standalone`, and ends at Ctrl-C', async () => {
    const standalone = installation.spawn(['npx', 'airflow-like', 'standalone'], { ownGroup: true });
    await standalone.printed(/success\s+hello/);
    const { stdout } = spawnSync('npx', ['airflow-like', 'dags', 'list', '-o', 'json'], {
      cwd: installation.root,
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ dag_id: 'hello' })]);
    standalone.killGroup('SIGINT');
    expect((await standalone.ended()).stdout).toContain('stopped');
    await eventually(() => (installation.livePids().length === 0 ? true : null));
  });
});
