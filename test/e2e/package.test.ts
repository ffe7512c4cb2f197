/** The package as a user gets it: packed, installed from the registry's other packages into an empty folder, started by npx. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

/** Asked once; a machine without a registry cannot install anything. */
const isRegistryThere =
  spawnSync('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=5000'], { encoding: 'utf8', timeout: 20_000 }).status === 0;
const describeWithRegistry = isRegistryThere ? describe : describe.skip;

interface PackedFile {
  readonly path: string;
}

let packFolder: string;
let tarball: string;
let packed: readonly string[];

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

beforeAll(() => {
  packFolder = mkdtempSync(join(tmpdir(), 'airflow-like-pack-'));
  // Without scripts: a build would take dist/ away from under the tests that run beside this one.
  const [pack] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', packFolder], PROJECT_ROOT)) as {
    filename: string;
    files: readonly PackedFile[];
  }[];
  tarball = join(packFolder, pack!.filename);
  packed = pack!.files.map((file) => file.path);
});

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

// Skipped only where the registry cannot be reached.
describeWithRegistry('the installed package', () => {
  let installation: Installation;

  beforeAll(() => {
    installation = new Installation({ dags: { 'hello.ts': HELLO }, isLinked: false });
    npm(['install', tarball, '--prefer-offline', '--fetch-retries=5', '--no-audit', '--no-fund'], installation.root);
  }, 180_000);

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
