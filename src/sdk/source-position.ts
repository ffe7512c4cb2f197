import type { SourcePosition } from '../model/dag-spec.js';

/**
 * Where in the author's files something was written, taken from a stack trace. The text of the stack is trusted to be in the
 * author's coordinates already: whoever loads DAG files installs source maps.
 */

/** Formatting a stack costs more than capturing it, so it is done when the position is first asked for. */
export type LazyPosition = () => SourcePosition | null;

/** Enough frames to get past the compiler's decorator code and built-ins such as `JSON.stringify`. */
const FRAMES = 8;
const FRAME = /(?:\((.+):(\d+):(\d+)\)|at (?:async )?(.+?):(\d+):(\d+))$/;

/** The place that called `callee`, which must be on the stack now. */
export function capturePosition(callee: (...parameters: never[]) => unknown): LazyPosition {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = limit;
  let position: SourcePosition | null | undefined;
  return () => (position === undefined ? (position = positionInStack(holder.stack ?? '')) : position);
}

/** The innermost place of a stack text that is in a file of the author's, not in Node or a package; null when there is none. */
export function positionInStack(stack: string): SourcePosition | null {
  for (const line of stack.split('\n')) {
    const match = /^\s+at /.test(line) ? FRAME.exec(line) : null;
    if (!match) continue;
    const file = (match[1] ?? match[4]) as string;
    if (file.startsWith('node:') || file.includes('<anonymous>') || file.includes('/node_modules/')) continue;
    return { file: plainPath(file), line: Number(match[2] ?? match[5]), column: Number(match[3] ?? match[6]) };
  }
  return null;
}

/**
 * The position with its file relative to the DAGs folder. The loader names files that way already; an absolute path (DAGs imported by
 * a unit test) becomes `entryFile` when it ends with it, otherwise its last part: a machine's folders never enter a spec.
 */
export function relativePosition(position: SourcePosition | null, entryFile: string): SourcePosition | null {
  if (!position || !/^(\/|[A-Za-z]:)/.test(position.file)) return position;
  const file = position.file.endsWith(`/${entryFile}`) ? entryFile : position.file.slice(position.file.lastIndexOf('/') + 1);
  return { ...position, file };
}

function plainPath(file: string): string {
  const path = file.startsWith('file://') ? decodeURI(file.slice('file://'.length)) : file;
  return path.replaceAll('\\', '/').replace(/\?[^/]*$/, '');
}
