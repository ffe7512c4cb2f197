/** Evaluation in a plain Node process: the module semantics that authors rely on, positions of errors, versions side by side. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inNode } from './in-node.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'evaluate-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'dags', path)), { recursive: true });
    writeFileSync(join(folder, 'dags', path), content);
  }
}

const EVALUATE = `
  const { compileBundle } = await load('dag-processor/compile-bundle.js');
  const { evaluateBundle } = await load('loading/evaluate-bundle.js');
  const { installSourceMaps, authorPosition } = await load('loading/source-maps.js');
  installSourceMaps();
  const evaluate = async (entry, observer) => {
    const compiled = await compileBundle(process.cwd() + '/dags', entry, { pluginsFolder: process.cwd() + '/plugins' });
    if (!compiled.bundle) throw new Error(JSON.stringify(compiled.problems));
    return evaluateBundle(compiled.bundle, { originalRoot: process.cwd() + '/dags', observer });
  };`;

const evaluate = (body: string, dist?: string): Promise<unknown> =>
  inNode(`${EVALUATE}\n${body}`, { cwd: folder, ...(dist !== undefined && { dist }) });

describe('module semantics', () => {
  it.each<[string, Record<string, string>, unknown]>([
    [
      'top-level await in an import',
      { 'a.ts': "export * from './b.js';", 'b.ts': 'export const out = await Promise.resolve(2);' },
      2,
    ],
    [
      'dynamic import waits',
      { 'a.ts': "export const out = (await import('./b.js')).v;", 'b.ts': 'await null; export const v = 3;' },
      3,
    ],
    [
      'dynamic import by name',
      {
        'a.ts': "const n = './b.js'; export const out = (await import(n)).default; void import('./b.js');",
        'b.ts': 'export default 4;',
      },
      4,
    ],
    [
      'imports run first and in order',
      {
        'a.ts': "import './b.js'; import './c.js'; export const out = [...(globalThis as any).order];",
        'b.ts': '(globalThis as any).order = ["b"]; await null; (globalThis as any).order.push("b2");',
        'c.ts': '(globalThis as any).order.push("c");',
      },
      ['b', 'b2', 'c'],
    ],
    [
      'functions of a cycle are there before it has run',
      {
        'a.ts': "import { fromB } from './b.js'; export function name() { return 'a'; } export const out = fromB;",
        'b.ts': "import { name } from './a.js'; export const fromB = name() + 'b';",
      },
      'ab',
    ],
    [
      'live bindings',
      {
        'a.ts': "import { n, up } from './b.js'; up(); export const out = n;",
        'b.ts': 'export let n = 1; export const up = () => { n++; };',
      },
      2,
    ],
    [
      'a module is evaluated once',
      {
        'a.ts': "import './b.js'; import './c.js'; export const out = (globalThis as any).count;",
        'b.ts': "import './c.js';",
        'c.ts': '(globalThis as any).count = ((globalThis as any).count ?? 0) + 1;',
      },
      1,
    ],
    [
      'JSON',
      { 'a.ts': "import data, { k } from './d.json' with { type: 'json' }; export const out = [data, k];", 'd.json': '{"k":[1]}' },
      [{ k: [1] }, [1]],
    ],
    [
      'CommonJS helpers',
      {
        'a.ts': "import all, { two } from './h.cjs'; export const out = [all.one, two];",
        'h.cjs': "const p = require('node:path'); module.exports = { one: p.basename('/x/1'), two: require('./i.cjs') };",
        'i.cjs': 'module.exports = 2;',
      },
      ['1', 2],
    ],
    [
      'packages, default and named',
      {
        'a.ts':
          "import fs, { readFileSync } from 'node:fs'; import * as path from 'node:path'; export const out = [fs.readFileSync === readFileSync, path.sep];",
      },
      [true, '/'],
    ],
    [
      'a default export',
      { 'a.ts': "import make from './b.js'; export const out = make();", 'b.ts': 'export default function make() { return 5; }' },
      5,
    ],
    [
      'import.meta',
      { 'a.ts': "export const out = [import.meta.url.endsWith('/dags/a.ts'), import.meta.filename.endsWith('/dags/a.ts')];" },
      [true, true],
    ],
    [
      'enums, parameter properties and class names',
      { 'a.ts': 'enum E { A = 7 } class P { constructor(readonly x: number) {} } export const out = [E.A, new P(1).x, P.name];' },
      [7, 1, 'P'],
    ],
  ])('%s', async (_name, files, expected) => {
    write(files);
    expect(await evaluate("answer((await evaluate('a.ts')).out);")).toEqual(expected);
  });

  it('imports the package that is running, wherever the folder lies, and refuses what it does not export', async () => {
    write({
      'a.ts':
        "import * as own from 'airflow-like'; import { definePlugin } from 'airflow-like/plugin'; export { own, definePlugin };",
      'b.ts': "import { tsk } from 'airflow-like';\n  tsk();",
      'c.ts': "import 'airflow-like/plugins';",
    });
    const body = `
      const { own, definePlugin } = await evaluate('a.ts');
      const isSame = own.task === (await load('sdk/index.js')).task && definePlugin === (await load('plugins/index.js')).definePlugin;
      const errorOf = (entry) => evaluate(entry).catch(({ code, details }) => [code, details.suggestion, details.line ?? null]);
      answer([isSame, await errorOf('b.ts'), await errorOf('c.ts')]);`;
    expect(await evaluate(body)).toEqual([true, ['IMPORT_ERROR', 'task', null], ['IMPORT_ERROR', 'airflow-like/plugin', 1]]);
  });

  it('works from an installed package, with one copy of it, and finds packages from the DAGs folder', async () => {
    const installed = join(folder, 'node_modules', 'airflow-like');
    mkdirSync(installed, { recursive: true });
    cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
    mkdirSync(join(folder, 'node_modules', 'only-esm'));
    writeFileSync(
      join(folder, 'node_modules', 'only-esm', 'package.json'),
      '{"name":"only-esm","type":"module","exports":{"import":"./index.js"}}',
    );
    writeFileSync(join(folder, 'node_modules', 'only-esm', 'index.js'), 'export const late = await Promise.resolve(9);');
    write({ 'a.ts': "import { task } from 'airflow-like'; import { late } from 'only-esm'; export { task, late };" });
    const body = `
      const { task, late } = await evaluate('a.ts');
      answer([late, task === (await load('sdk/index.js')).task]);`;
    expect(await evaluate(body, join(installed, 'dist'))).toEqual([9, true]);
  });
});

describe('positions', () => {
  it('shows the author the lines of the source, relative to the DAGs folder, and nothing below', async () => {
    write({
      'team/a.ts': `interface Row {
  readonly n: number;
}
import { fail } from '../lib/fail.js';

export function outer(row: Row): void {
  fail(row.n);
}
`,
      'lib/fail.ts': 'export function fail(n: number): never {\n  throw new Error(`no ${n}`);\n}\n',
    });
    const body = `
      const { outer } = await evaluate('team/a.ts');
      try { outer({ n: 1 }); } catch (error) { answer([error.stack, authorPosition(error)]); }`;
    const [stack, position] = (await evaluate(body)) as [string, unknown];
    expect(stack).toMatch(/^Error: no 1\n {4}at .*fail \(lib\/fail\.ts:2:9\)\n {4}at .*outer \(team\/a\.ts:7:\d+\)$/);
    expect(position).toEqual({ file: 'lib/fail.ts', line: 2, column: 9 });
  });

  it('knows where decorators stand', async () => {
    const source = `const at: string[] = [];
const mark = (name: string) => (...use: any[]): void => void [name, use];
function here(label: string) {
  at.push(label + ' ' + /a\\.ts:(\\d+:\\d+)/.exec((new Error().stack ?? '').split('\\n')[2] ?? '')?.[1]);
  return mark(label);
}

@here('class')
export class A {
  @mark('x')
  @here('second')
  static async one(): Promise<number> {
    return 1;
  }

  @here('plain')
  two(a: string): void {
    void a;
  }

  @here('same line') three(): void {}
}
export { at };
`;
    write({ 'a.ts': source });
    expect(await evaluate("answer((await evaluate('a.ts')).at);")).toEqual([
      'second 11:3',
      'plain 16:3',
      'same line 21:3',
      'class 8:1',
    ]);
  });

  it('keeps versions of one file apart', async () => {
    write({ 'a.ts': 'export const boom = () => {\n  throw new Error("first");\n};\n' });
    const body = `
      const { writeFileSync } = await import('node:fs');
      const first = await evaluate('a.ts');
      writeFileSync('dags/a.ts', '\\n\\n\\n\\nexport const boom = () => {\\n  throw new Error("second");\\n};\\n');
      const second = await evaluate('a.ts');
      const lineOf = ({ boom }) => { try { boom(); } catch (error) { return authorPosition(error).line; } };
      answer([lineOf(first), lineOf(second), lineOf(first)]);`;
    expect(await evaluate(body)).toEqual([2, 6, 2]);
  });

  it('stops at a breakpoint that a debugger sets in the source file', async () => {
    write({ 'a.ts': 'export const go = (n: number): number => {\n  const twice = n * 2;\n  return twice;\n};\n' });
    const body = `
      const { Session } = await import('node:inspector');
      const session = new Session();
      session.connect();
      const scripts = [];
      session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params));
      const paused = [];
      session.on('Debugger.paused', ({ params }) => paused.push(params.callFrames[0].location.scriptId));
      session.post('Debugger.enable');
      const { go } = await evaluate('a.ts');
      const script = scripts.find(({ url }) => url === 'file://' + process.cwd() + '/dags/a.ts');
      const map = JSON.parse(Buffer.from(script.sourceMapURL.split('base64,')[1], 'base64'));
      session.post('Debugger.getScriptSource', { scriptId: script.scriptId }, (error, { scriptSource }) => {
        const lineNumber = scriptSource.split('\\n').findIndex((line) => line.includes('const twice'));
        session.post('Debugger.setBreakpointByUrl', { url: script.url, lineNumber });
      });
      go(1);
      answer([map.sources, paused.length, paused[0] === script.scriptId]);`;
    expect(await evaluate(body)).toEqual([['a.ts'], 1, true]);
  });
});

describe('memory', () => {
  it('lets go of versions that nobody uses any more', async () => {
    write({ 'a.ts': 'export const big = new Array(200_000).fill(1);\n' });
    const body = `
      for (let round = 0; round < 150; round++) await evaluate('a.ts');
      answer(process.memoryUsage().heapUsed < 150e6);`;
    expect(await evaluate(body)).toBe(true);
  });
});
