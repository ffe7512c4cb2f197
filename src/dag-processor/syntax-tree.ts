/** A source file as swc's syntax tree, with its positions in lines and columns instead of bytes. Knows nothing of DAGs. */
import { extname } from 'node:path';
import { parseSync } from '@swc/core';

export interface SyntaxNode {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [field: string]: unknown;
}

export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

export class SyntaxTree {
  readonly program: SyntaxNode;
  readonly #content: Buffer;
  readonly #offset: number;
  /** Byte at which each line starts; filled when a position is first asked for. */
  #lineStarts: readonly number[] | null = null;

  private constructor(program: SyntaxNode, content: string) {
    this.program = program;
    this.#content = Buffer.from(content);
    this.#offset = (program.span?.start ?? 0) - leadingBytes(content);
  }

  /** @returns null for a file with syntax errors: they are the compiler's. */
  static parse(path: string, content: string): SyntaxTree | null {
    const isTypeScript = extname(path).endsWith('ts');
    try {
      const program = parseSync(content, { syntax: isTypeScript ? 'typescript' : 'ecmascript', decorators: true });
      return new SyntaxTree(program as unknown as SyntaxNode, content);
    } catch {
      return null;
    }
  }

  /** Where `node` begins; lines and columns count from 1, columns in UTF-16 units as editors count them. */
  positionOf(node: SyntaxNode): LineColumn {
    const byte = (node.span?.start ?? 0) - this.#offset;
    const starts = (this.#lineStarts ??= lineStarts(this.#content));
    let line = 0;
    for (let above = starts.length; above - line > 1;) {
      const middle = (line + above) >> 1;
      if ((starts[middle] as number) <= byte) line = middle;
      else above = middle;
    }
    return { line: line + 1, column: this.#content.toString('utf8', starts[line], byte).length + 1 };
  }
}

/** The nodes directly below `node`, types left out. */
export function* childNodes(node: object): Generator<SyntaxNode> {
  for (const [field, child] of Object.entries(node)) {
    if (field === 'span' || field === 'typeAnnotation') continue;
    for (const one of Array.isArray(child) ? (child as unknown[]) : [child]) {
      if (isNode(one)) yield one;
      else if (typeof one === 'object' && one !== null) yield* childNodes(one);
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** swc counts from the first token. */
function leadingBytes(content: string): number {
  const blank = /^(?:\s|\/\/.*\n|\/\*[^]*?\*\/)*/.exec(content)?.[0] ?? '';
  return Buffer.byteLength(blank);
}

function lineStarts(content: Buffer): readonly number[] {
  const starts = [0];
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}
