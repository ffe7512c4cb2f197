/** Type-checks the DAGs with the TypeScript of the user's own project: it is a development dependency of theirs, not of this package. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, parse, posix, relative, resolve, sep } from 'node:path';
import type { ImportProblem } from '../model/dag.js';
import { importProblem } from './import-problem.js';

export interface TypeCheckRequest {
  /** The folder of the user's `package.json`. */
  readonly projectRoot: string;
  readonly dagsFolder: string;
  readonly pluginsFolder: string | null;
  readonly env: Readonly<Record<string, string>>;
}

export type TypeCheck =
  { readonly kind: 'done'; readonly problems: readonly ImportProblem[] } | { readonly kind: 'skipped'; readonly reason: string };

const DIAGNOSTIC = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/;

/** What a project without a `tsconfig.json` is checked with. */
const DEFAULT_OPTIONS = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  skipLibCheck: true,
  isolatedModules: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** Never throws: without a compiler it says why it was skipped. */
export async function typeCheck(request: TypeCheckRequest): Promise<TypeCheck> {
  const compiler = await findCompiler(request.projectRoot);
  if (compiler === null)
    return { kind: 'skipped', reason: 'typescript is not installed in this project: npm install --save-dev typescript' };
  const folder = await mkdtemp(join(tmpdir(), 'airflow-like-check-'));
  try {
    const config = join(folder, 'tsconfig.json');
    await writeFile(config, JSON.stringify(configFor(request)));
    const output = await run(compiler, config, request);
    const problems = readDiagnostics(output.text, folder, request);
    if (output.code !== 0 && problems.length === 0)
      return { kind: 'skipped', reason: `the type checker failed: ${output.text.slice(0, 500)}` };
    return { kind: 'done', problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The project's options, with its DAGs and plugins as the files. */
function configFor({ projectRoot, dagsFolder, pluginsFolder }: TypeCheckRequest): object {
  const own = join(projectRoot, 'tsconfig.json');
  const hasOwn = existsSync(own);
  const folders = pluginsFolder && existsSync(pluginsFolder) ? [dagsFolder, pluginsFolder] : [dagsFolder];
  return {
    ...(hasOwn && { extends: own }),
    compilerOptions: {
      ...(!hasOwn && DEFAULT_OPTIONS),
      // TypeScript 6 includes no types by itself.
      ...(!hasOwn && existsSync(join(projectRoot, 'node_modules', '@types', 'node')) && { types: ['node'] }),
      noEmit: true,
      composite: false,
      incremental: false,
      rootDir: parse(projectRoot).root,
      typeRoots: [join(projectRoot, 'node_modules', '@types')],
    },
    include: folders.map((one) => resolve(one)),
    exclude: folders.flatMap((one) => [join(one, '**', 'node_modules'), join(one, '**', '*.test.ts')]),
  };
}

async function findCompiler(projectRoot: string): Promise<string | null> {
  try {
    const manifest = createRequire(join(projectRoot, 'package.json')).resolve('typescript/package.json');
    const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin?: { tsc?: string } };
    return bin?.tsc ? join(dirname(manifest), bin.tsc) : null;
  } catch {
    return null;
  }
}

function run(
  compiler: string,
  config: string,
  { projectRoot, env }: TypeCheckRequest,
): Promise<{ code: number | null; text: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [compiler, '-p', config, '--pretty', 'false'], {
      cwd: projectRoot,
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const keep = (chunk: Buffer): void => {
      if (text.length < 1_000_000) text += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => done({ code: null, text: String(error) }));
    child.on('close', (code) => done({ code, text }));
  });
}

/** Only what concerns the DAGs and plugins; lines that follow a diagnostic, indented, belong to it. */
function readDiagnostics(text: string, folder: string, { projectRoot, dagsFolder }: TypeCheckRequest): readonly ImportProblem[] {
  const problems: ImportProblem[] = [];
  for (const line of text.split('\n')) {
    const found = DIAGNOSTIC.exec(line.trimEnd());
    const last = problems.at(-1);
    if (found) {
      const [, file, row, column, code, message] = found as unknown as [string, string, string, string, string, string];
      const absolute = [resolve(projectRoot, file), resolve(folder, file)].find(existsSync) ?? resolve(projectRoot, file);
      const path = relative(dagsFolder, absolute).split(sep).join(posix.sep);
      const place = { line: Number(row), column: Number(column) };
      problems.push(importProblem('TYPE_ERROR', path, `${message} (${code})`, place));
    } else if (last && /^\s+\S/.test(line))
      problems[problems.length - 1] = { ...last, message: `${last.message}\n${line.trimEnd()}` };
  }
  return problems;
}
