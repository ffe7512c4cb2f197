/**
 * Keeps the house in order: the table of bands, cycles, bans, file names and sizes, dead files, error codes, machine paths and the
 * public API. Every rule is also shown a planted violation, so that a rule that sees nothing is noticed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ERROR_TABLE } from '../src/model/error-table.js';
import { BANDS } from './tidy/bands.js';
import { ENTRY_FILES, ENVIRONMENT_READERS, LONG_FILES } from './tidy/exceptions.js';
import { PROJECT_ROOT } from './tidy/project-root.js';
import { PITFALLS } from './tidy/pitfalls.js';
import { PUBLIC_API } from './tidy/public-api.js';
import * as rules from './tidy/rules.js';
import { listTypeScriptFiles, readSourceFacts, sourceFactOf, type SourceFact } from './tidy/source-files.js';

let source: SourceFact[];
beforeAll(() => {
  source = readSourceFacts(PROJECT_ROOT, 'src');
});

const planted = (path: string, text: string): SourceFact[] => [sourceFactOf(path, text)];

describe('bands', () => {
  it('holds a table in which nobody looks up', () => {
    expect(rules.bandTableViolations(BANDS)).toEqual([]);
    const upside = { model: { ...BANDS['model']!, mayImport: ['core', 'nowhere'] }, core: { ...BANDS['core']!, band: 1 as const } };
    expect(rules.bandTableViolations(upside)).toEqual([
      'model (band 0) may not look up to core (band 1)',
      'model: nowhere is not in the table',
    ]);
  });

  it('has every folder of src/ in the table', () => {
    const folders = readdirSync(join(PROJECT_ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const withFiles = folders.map(({ name }) => name).filter((name) => source.some((file) => rules.folderOf(file.path) === name));
    expect(withFiles.filter((name) => !(name in BANDS))).toEqual([]);
  });

  it('imports down the bands only, and npm packages only where the table says', () => {
    expect(rules.bandViolations(source, BANDS)).toEqual([]);
  });

  it.each([
    ['src/core/a.ts', "import { x } from '../store/x.js';", 'core may not import store'],
    ['src/core/a.ts', "import type { x } from '../ports/store.js';", 'core may not import ports'],
    ['src/core/a.ts', "import fs from 'node:fs';", 'core may not import node:fs'],
    ['src/core/a.ts', "import fs from 'fs';", 'write node:fs'],
    ['src/core/a.ts', "const x = await import('knex/lib');", 'core may not import the package knex'],
    ['src/core/a.ts', "export * from '../../test/x.js';", 'leaves src/'],
    ['src/model/a.ts', "export type { X } from '@swc/core/x';", 'model may not import the package @swc/core'],
    ['src/extras/a.ts', '', 'folder "extras" is not in the table'],
  ])('finds a planted import: %s %s', (path, text, message) => {
    expect(rules.bandViolations(planted(path, text), BANDS)).toEqual([expect.stringContaining(message)]);
  });

  it('shows the same table in docs/architecture.md', () => {
    const page = readFileSync(join(PROJECT_ROOT, 'docs/architecture.md'), 'utf8');
    const rows = Object.entries(BANDS).map(([folder, rule]) => bandRow(folder, rule));
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});

function bandRow(folder: string, rule: (typeof BANDS)[string]): string {
  const list = (items: readonly string[]) => (items.length === 0 ? '-' : items.join(', '));
  const imports = folder === 'app' ? 'all above' : list(rule.mayImport);
  return `| ${rule.band} | \`${folder}/\` | ${rule.purpose} | ${imports} | ${list(rule.npm)} |`;
}

describe('cycles', () => {
  it('has no run-time import cycle', () => {
    expect(rules.runtimeCycles(source)).toEqual([]);
  });

  it('finds a planted cycle and does not mind types', () => {
    const a = sourceFactOf('src/core/a.ts', "import { b } from './b.js';");
    const b = sourceFactOf('src/core/b.ts', "export { c } from './c.js';");
    expect(rules.runtimeCycles([a, b, sourceFactOf('src/core/c.ts', "import './a.js';")])).toEqual([
      'src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts',
    ]);
    const harmless = ["import type { A } from './a.js';", "import { type A } from './a.js';", "export type { A } from './a.js';"];
    for (const text of harmless) expect(rules.runtimeCycles([a, b, sourceFactOf('src/core/c.ts', text)])).toEqual([]);
  });
});

describe('bans', () => {
  it('keeps model and core free of clocks, randomness, timers and async', () => {
    expect(rules.impurities(source, ['model', 'core'])).toEqual([]);
  });

  it.each([
    'Date.now();',
    'new Date();',
    'Math.random();',
    'setTimeout(f, 1);',
    'setInterval(f, 1);',
    'async () => 1;',
    'new Promise(f);',
  ])('finds a planted impurity: %s', (text) => {
    expect(rules.impurities(planted('src/core/a.ts', text), ['core'])).toHaveLength(1);
    expect(rules.impurities(planted('src/worker/a.ts', text), ['core'])).toEqual([]);
  });

  it('has SQL only under store/postgres', () => {
    expect(rules.sqlOutside(source, 'src/store/postgres/')).toEqual([]);
  });

  it.each(["'select 1 from dag'", "'INSERT INTO dag'", '`update ${t} set x = 1`', "'LISTEN runs'", "'select pg_notify($1, $2)'"])(
    'finds planted SQL: %s',
    (text) => {
      expect(rules.sqlOutside(planted('src/app/a.ts', `run(${text});`), 'src/store/postgres/')).toHaveLength(1);
      expect(rules.sqlOutside(planted('src/store/postgres/a.ts', `run(${text});`), 'src/store/postgres/')).toEqual([]);
    },
  );

  it('does not take prose for SQL', () => {
    const prose = ["'updates the run'", "'Delete the DAG with its history'", "'the runs to select from'", "'commit failed'"];
    for (const text of prose) expect(rules.sqlOutside(planted('src/app/a.ts', `say(${text});`), 'src/store/postgres/')).toEqual([]);
  });

  it('reads the environment only in config', () => {
    expect(rules.environmentReads(source, ENVIRONMENT_READERS)).toEqual([]);
    const reader = planted('src/worker/a.ts', 'spawn({ env: process.env });');
    expect(rules.environmentReads(reader, [])).toEqual(['src/worker/a.ts:1: process.env is read only in src/config']);
    expect(rules.environmentReads(reader, [{ path: 'src/worker/a.ts', reason: 'planted' }])).toEqual([]);
    expect(rules.environmentReads([], [{ path: 'src/worker/a.ts', reason: 'planted' }])).toEqual([
      'src/worker/a.ts: listed as an exception but needs none',
    ]);
  });
});

describe('files', () => {
  it('has names that say what a file holds', () => {
    const paths = ['src', 'test', 'bench'].flatMap((folder) => listTypeScriptFiles(PROJECT_ROOT, folder));
    expect(rules.badFileNames(paths.filter((path) => !path.includes('/fixtures/')))).toEqual([]);
    expect(
      rules.badFileNames(['src/core/utils.ts', 'src/core/run-manager.ts', 'src/common/a.ts', 'src/core/planRun.ts']),
    ).toHaveLength(4);
  });

  it('has no file over 400 lines without a reason', () => {
    expect(rules.longFiles(source, 400, LONG_FILES)).toEqual([]);
    expect(rules.longFiles(planted('src/core/a.ts', 'x;\n'.repeat(401)), 400, [])).toHaveLength(1);
  });

  it('has no file that nothing reaches', () => {
    expect(rules.deadFiles(source, ENTRY_FILES)).toEqual([]);
    const entry = sourceFactOf('src/cli/main.ts', "new URL('../worker/child.js', import.meta.url);");
    const child = sourceFactOf('src/worker/child.ts', '');
    expect(rules.deadFiles([entry, child, sourceFactOf('src/worker/left.ts', '')], ['src/cli/main.ts'])).toEqual([
      'src/worker/left.ts: nothing reaches it',
    ]);
  });

  it('holds no path of the machine it was written on', () => {
    const forbidden = ['work', 'root', 'home'].map((name) => new RegExp(`(^|[\\s'"\`(=:])/${name}/\\w`));
    const offenders = projectFiles().filter((path) => {
      const text = readFileSync(join(PROJECT_ROOT, path), 'utf8');
      return forbidden.some((pattern) => pattern.test(text));
    });
    expect(offenders).toEqual([]);
  });

  it('locks packages without download addresses', () => {
    expect(readFileSync(join(PROJECT_ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

/** Every text file of the project, generated folders left out. */
function projectFiles(folder = ''): string[] {
  const ignored = new Set([
    'node_modules',
    'dist',
    'build',
    'coverage',
    'data',
    'inbox',
    '.git',
    '.airflow-like',
    'package-lock.json',
  ]);
  return readdirSync(join(PROJECT_ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !ignored.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return projectFiles(path);
      return /\.(ts|mjs|cjs|js|json|md|ya?ml|sql)$|^\.ci\//.test(path) ? [path] : [];
    });
}

describe('errors', () => {
  it('uses every code of the error table', () => {
    const words = new Set(
      source
        .filter((file) => file.path !== 'src/model/error-table.ts')
        .flatMap((file) => file.texts.flatMap(({ text }) => text.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? [])),
    );
    expect(Object.keys(ERROR_TABLE).filter((code) => !words.has(code))).toEqual([]);
  });

  it('documents every code', () => {
    const page = readFileSync(join(PROJECT_ROOT, 'docs/reference/errors.md'), 'utf8');
    expect(Object.keys(ERROR_TABLE).filter((code) => !page.includes(`### ${code}\n`))).toEqual([]);
  });
});

describe('documentation', () => {
  it('of options, commands, errors and bands is current (npm run docs)', () => {
    const check = spawnSync(process.execPath, ['tools/generate-docs.mjs', '--check'], { cwd: PROJECT_ROOT, encoding: 'utf8' });
    expect({ status: check.status, stderr: check.stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('shows dags/hello.ts as it is', () => {
    const hello = readFileSync(join(PROJECT_ROOT, 'dags/hello.ts'), 'utf8');
    expect(readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${hello}\`\`\`\n`);
    expect(hello.trimEnd().split('\n')).toHaveLength(10);
  });

  it('links only to files that exist', () => {
    const links = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md'].flatMap((page) =>
      [...readFileSync(join(PROJECT_ROOT, page), 'utf8').matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) =>
        join(dirname(page), target as string),
      ),
    );
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((target) => !existsSync(join(PROJECT_ROOT, target)))).toEqual([]);
  });
});

describe('pitfalls', () => {
  it('are each proved by a test that names it, or say why not', () => {
    const page = readFileSync(join(PROJECT_ROOT, 'docs/reference/airflow-differences.md'), 'utf8');
    expect(PITFALLS.map(({ number }) => number)).toEqual(Array.from({ length: 71 }, (_, index) => index + 1));
    const proved = PITFALLS.filter(({ number }) => page.includes(`| ${number} | ✓ |`));
    const unproved = PITFALLS.filter((pitfall) => !proved.includes(pitfall));
    expect(unproved.filter(({ notTested }) => notTested === undefined).map(({ number, rule }) => `${number} ${rule}`)).toEqual([]);
    expect(proved.filter(({ notTested }) => notTested !== undefined).map(({ number }) => number)).toEqual([]);
  });
});

describe('public API', () => {
  it.each(Object.entries(PUBLIC_API))('%s exports what it promises, no more and no less', (path, names) => {
    expect(rules.exportedNames(source, path)).toEqual(names);
  });
});
