/** `dags check` on a user's project: types through the project's compiler, imports in children, lint. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkDags, type CheckedDags } from '../../../dist/dag-processor/check-dags.js';
import { lintFile } from '../../../src/dag-processor/lint-file.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

const GOOD = `import { dag, task, type Wired } from 'airflow-like';

@dag()
export class Sales {
  @task() async extract(): Promise<number[]> { return [1]; }
  @task() async load(rows: number[]): Promise<void> { console.log(rows); }
  wire(t: Wired<Sales>) {
    t.load(t.extract());
  }
}
`;

let project: string;
beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'check-')));
  mkdirSync(join(project, 'dags'));
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true });
  symlinkSync(ROOT, join(project, 'node_modules', 'airflow-like'));
  symlinkSync(join(ROOT, 'node_modules', '@types', 'node'), join(project, 'node_modules', '@types', 'node'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const write = (name: string, content: string): void => writeFileSync(join(project, 'dags', name), content);

const check = (): Promise<CheckedDags> =>
  checkDags({
    projectRoot: project,
    dagsFolder: join(project, 'dags'),
    pluginsFolder: null,
    env: { PATH: process.env['PATH'] ?? '' },
  });

describe('checkDags', () => {
  it('finds nothing wrong with a good project, and says when types were not checked', async () => {
    write('sales.ts', GOOD);
    expect(await check()).toMatchObject({
      files: 1,
      dags: 1,
      errors: [],
      warnings: [],
      typeCheckSkipped: expect.stringMatching(/npm install/),
    });
  });

  it('reports types, imports and duplicates at their places, in order', async () => {
    symlinkSync(join(ROOT, 'node_modules', 'typescript'), join(project, 'node_modules', 'typescript'));
    write('a-types.ts', GOOD.replace('t.load(t.extract())', "t.load('text')"));
    write('b-good.ts', GOOD);
    write('c-again.ts', GOOD);
    const { errors, typeCheckSkipped, files } = await check();
    expect(typeCheckSkipped).toBeNull();
    expect(files).toBe(3);
    expect(errors).toContainEqual(
      expect.objectContaining({
        code: 'TYPE_ERROR',
        file: 'a-types.ts',
        line: 8,
        column: 12,
        message: expect.stringContaining("'string'"),
      }),
    );
    expect(errors).toContainEqual(expect.objectContaining({ code: 'DAG_DUPLICATE', file: 'c-again.ts', line: 3 }));
    expect(errors.map(({ file }) => file)).toEqual(errors.map(({ file }) => file).sort());
  });

  it('tells a syntax error once', async () => {
    symlinkSync(join(ROOT, 'node_modules', 'typescript'), join(project, 'node_modules', 'typescript'));
    write('syntax.ts', 'export const = 1;\n');
    const { errors } = await check();
    expect(errors).toEqual([expect.objectContaining({ code: 'IMPORT_ERROR', file: 'syntax.ts', line: 1, column: 14 })]);
  });

  it('says that there is no folder', async () => {
    rmSync(join(project, 'dags'), { recursive: true });
    expect((await check()).errors).toEqual([expect.objectContaining({ code: 'DAGS_FOLDER_MISSING' })]);
  });
});

describe('lint', () => {
  const inClass = (body: string): string => `// ä comment\nclass A {\n  ${body}\n}\n`;
  it.each<[name: string, source: string, expected: (string | number)[] | null]>([
    ['the clock at import', 'const at = Date.now();', ['D105', 1, 12]],
    ['chance while wiring', inClass('wire(t) { if (Math.random() > 0.5) t.a(); }'), ['D105', 3, 17]],
    ['a date in a decorator', '@dag({ startDate: new Date() })\nclass A {}', ['D105', 1, 19]],
    ['a fixed date', "const at = new Date('2024-01-01');", null],
    ['the clock in a task', inClass('@task() async a() { return Date.now(); }'), null],
    ['the clock in a function', 'const now = () => Date.now();', null],
    ['a ref as a condition', inClass('wire(t) { const x = t.a(); if (x) t.b(); }'), ['D101', 3, 34]],
    ['a ref after a method', inClass('wire(t) { const x = t.a.map(t.b()).after(t.c()); return x && t.d(); }'), ['D101', 3, 59]],
    ['a negated ref', inClass('wire(t) { const x = t.a(); if (!x) t.b(); }'), ['D101', 3, 35]],
    ['another value as a condition', inClass('wire(t) { const x = flags.a; if (x) t.b(); }'), null],
    ['a condition in a task', inClass('async a(t) { const x = t.a(); if (x) t.b(); }'), null],
    ['a syntax error', 'const = ;', null],
  ])('%s', (_name, source, expected) => {
    const found = lintFile('a.ts', source).map(({ code, line, column }) => [code, line, column]);
    expect(found).toEqual(expected === null ? [] : [expected]);
  });
});
