import { describe, expect, it } from '@jest/globals';
import { compileFile } from '../../../src/dag-processor/compile-file.js';
import {
  importPosition,
  isEsModule,
  mentionedSpecifiers,
  staticImports,
  waitForImports,
} from '../../../src/loading/compiled-imports.js';

async function compiled(source: string, path = 'dag.ts'): Promise<string> {
  const result = compileFile(path, source);
  if ('problem' in result) throw new Error(result.problem.message);
  return result.compiled;
}

const EVERY_FORM = `#!/usr/bin/env node
'use strict';
/* require("./comment.js"); */
import './side.js';
import * as all from './all.js';
import one, { two } from "./named.js";
import type { T } from './type.js';
import { U } from './unused.js';
export * from './star.js';
export * as named from './star-as.js';
export { z as default } from './again.js';
import data from './data.json' with { type: 'json' };
import fs from 'node:fs';
const text = \`
const _x = require("./text.js");
\`;
console.log(one, two, all, data, fs, text);
export const lazy = () => import('./lazy.js');
export const named2 = (name: string) => import(name);
`;

describe('imports of a compiled file', () => {
  it('finds every static form in the order in which it is written, and nothing that only looks like one', async () => {
    expect(staticImports(await compiled(EVERY_FORM))).toEqual([
      './side.js',
      './all.js',
      './named.js',
      './star.js',
      './star-as.js',
      './again.js',
      './data.json',
      'node:fs',
    ]);
  });

  it.each([
    ['nothing', 'export const a = 1;', []],
    ['only an import', "import './x.js';", ['./x.js']],
    ['one export and one import', "import { a } from './a.js'; export const b = a;", ['./a.js']],
    ['a name with quotes', 'import "./it\\\'s.js";', ["./it's.js"]],
    ['a template before any import', 'const t = `\nrequire("./no.js");\n`; export { t };', []],
  ])('%s', async (_name, source, expected) => {
    expect(staticImports(await compiled(source))).toEqual(expected);
  });

  it('mentions dynamic imports', async () => {
    expect(mentionedSpecifiers(await compiled(EVERY_FORM))).toContain('./lazy.js');
  });

  it('waits for hoisted and dynamic imports and leaves text alone', async () => {
    const waiting = waitForImports(await compiled(EVERY_FORM));
    expect(waiting).toContain('const _named = /*#__PURE__*/ _interop_require_wildcard((await _load("./named.js")).exports);');
    expect(waiting).toContain('_interop_require_wildcard(_import("./lazy.js"))');
    expect(waiting).toContain('.then((p)=>/*#__PURE__*/ _interop_require_wildcard(_import(p)))');
    expect(waiting).toContain('const _x = require("./text.js");');
    expect(waiting.split('\n')).toHaveLength((await compiled(EVERY_FORM)).split('\n').length);
  });

  it('tells ES modules from CommonJS', async () => {
    expect(isEsModule('a.ts', await compiled('console.log(1);'))).toBe(true);
    expect(isEsModule('a.js', await compiled("import './b.js';", 'a.js'))).toBe(true);
    expect(isEsModule('a.js', await compiled("const b = require('./b.js'); module.exports = b;", 'a.js'))).toBe(false);
  });

  it('gives the place of a specifier in the source', () => {
    expect(importPosition("import { a }\n  from './a.js';", './a.js')).toEqual({ line: 2, column: 8 });
    expect(importPosition('import "./a+b.js";', './a+b.js')).toEqual({ line: 1, column: 8 });
    expect(importPosition("const text = './a.js';", './a.js')).toBeNull();
  });
});

describe('syntax errors', () => {
  it.each([
    ['export const a = 1;\nexport const b = ;\n', 2, 18, /Expression expected/],
    ['const x: = 3;', 1, 10, /./],
    ['export class A {\n  @task( async a() {}\n}', 2, 16, /./],
  ])('%j', async (source, line, column, message) => {
    const result = compileFile('dag.ts', source);
    expect(result).toMatchObject({
      problem: { code: 'IMPORT_ERROR', file: 'dag.ts', line, column, message: expect.stringMatching(message) },
    });
    expect('problem' in result && result.problem.stack).not.toMatch(/backtrace|unknown>/);
  });
});
