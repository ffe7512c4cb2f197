/** One source file through swc: TypeScript or JavaScript in, CommonJS with an inline source map out. */
import { basename, extname } from 'node:path';
import { transformSync } from '@swc/core';
import type { ImportProblem } from '../model/dag.js';
import { importProblem } from './import-problem.js';

const isTypeScript = (path: string): boolean => /\.[mc]?ts$/.test(path);

/**
 * Compiles with the decorators and metadata of a DAG file. Top-level await stays, comments go (so that `compiled-imports.ts` can read the
 * result), the source map names the file without its folder.
 *
 * @param path relative to the DAGs folder; a syntax error comes back as a problem of it, at its line and column, with swc's frame.
 */
export function compileFile(path: string, content: string): { compiled: string } | { problem: ImportProblem } {
  if (path.endsWith('.json')) return { compiled: content };
  const ending = extname(path);
  try {
    const { code } = transformSync(content.replace(/^\uFEFF/, '').replace(/^#!/, '//'), {
      filename: path,
      sourceFileName: basename(path),
      swcrc: false,
      configFile: false,
      sourceMaps: 'inline',
      inlineSourcesContent: false,
      isModule: ending === '.js' || ending.startsWith('.c') ? 'unknown' : true,
      module: { type: 'commonjs' },
      jsc: {
        target: 'es2022',
        keepClassNames: true,
        parser: isTypeScript(path) ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: isTypeScript(path), useDefineForClassFields: true },
        minify: { compress: false, mangle: false, format: { comments: false } },
      },
    });
    return { compiled: code };
  } catch (error) {
    return { problem: syntaxProblem(path, String((error as Error).message)) };
  }
}

/**
 * swc's message is a list of framed diagnostics and a native backtrace. The head of a frame has the line (`,-[file:2:1]`), the marks under
 * the line have the column.
 */
function syntaxProblem(path: string, message: string): ImportProblem {
  const plain = message.replace(/\u001b\[[0-9;]*m/g, '');
  const frame = (plain.split(/\n\s*Caused by:/)[0] as string).trimEnd();
  const title = /^\s*[x×]\s*(.+)$/m.exec(frame)?.[1] ?? 'syntax error';
  const head = /[,╭]-?[-─]?\[.*:(\d+):(\d+)\]/.exec(frame);
  const marked = /^ *(\d+) ([|│]) .*\n *[:·] ( *)\S/m.exec(frame);
  const line = marked ? Number(marked[1]) : head ? Number(head[1]) : null;
  const column = marked ? (marked[3] as string).length + 1 : head ? Number(head[2]) : null;
  return importProblem('IMPORT_ERROR', path, title, { line, column, stack: frame });
}
