// oxlint-disable-next-line typescript/triple-slash-reference -- ambient declarations cannot be imported
/// <reference path="./nunjucks.d.ts" />
/**
 * The syntax of templates is nunjucks's: its lexer, its parser and its nodes, typed as far as we use them. Nothing else of it is loaded: no
 * compiler, no runtime, no loader. What a template may do is decided by `render-template.ts`, which walks our own nodes.
 */
import lexer from 'nunjucks/src/lexer.js';
import nodes from 'nunjucks/src/nodes.js';
import parser from 'nunjucks/src/parser.js';

/** A node as nunjucks makes it; which further fields it has depends on `typename`. Lines and columns count from 0. */
export interface SyntaxNode {
  readonly typename: string;
  readonly lineno?: number;
  readonly colno?: number;
  readonly [field: string]: unknown;
}

export interface SyntaxToken {
  readonly type: string;
  readonly value: unknown;
  readonly lineno: number;
  readonly colno: number;
}

/** What is open where parsing stopped: its opening, its line and column from 0. */
export interface OpenTag {
  readonly opening: string;
  readonly lineno: number;
  readonly colno: number;
}

const OPENING_TYPES: readonly string[] = [lexer.TOKEN_VARIABLE_START, lexer.TOKEN_BLOCK_START];

/** What may stand behind a dot: words of the language, too (`conf.none`), and the index of an element. */
const NAME_TYPES: readonly string[] = [lexer.TOKEN_SYMBOL, lexer.TOKEN_NONE, lexer.TOKEN_BOOLEAN, lexer.TOKEN_INT];

const SUMS = new Map([
  ['+', nodes.Add],
  ['-', nodes.Sub],
]);
const PRODUCTS = new Map([
  ['*', nodes.Mul],
  ['/', nodes.Div],
  ['//', nodes.FloorDiv],
  ['%', nodes.Mod],
]);

/**
 * nunjucks's parser with Python's slices (`ds[:7]`), which it lacks, Python's ranks of operators (`2 * 7 // 2` goes from left to right), of which it has
 * one for each operator, and a memory of the tag it is in.
 */
export class TemplateParser extends parser.Parser {
  /** The last `{{` or `{%`; null before the first. */
  lastTag: OpenTag | null = null;

  constructor(source: string) {
    super(lexer.lex(source, {}));
  }

  override nextToken(withWhitespace?: boolean): SyntaxToken | null {
    const token = super.nextToken(withWhitespace);
    if (token && OPENING_TYPES.includes(token.type)) {
      this.lastTag = { opening: String(token.value).slice(0, 2), lineno: token.lineno, colno: token.colno };
    }
    return token;
  }

  override parsePostfix(node: SyntaxNode): SyntaxNode {
    let target = node;
    for (let token = this.peekToken(); token; token = this.peekToken()) {
      if (token.type === lexer.TOKEN_LEFT_PAREN) {
        target = new nodes.FunCall(token.lineno, token.colno, target, this.parseSignature());
      } else if (token.type === lexer.TOKEN_LEFT_BRACKET) {
        this.nextToken();
        target = new nodes.LookupVal(token.lineno, token.colno, target, this.parseIndex(token));
      } else if (token.type === lexer.TOKEN_OPERATOR && token.value === '.') {
        this.nextToken();
        const name = this.nextToken();
        if (!name || !NAME_TYPES.includes(name.type)) this.fail('expected a name behind the dot', token.lineno, token.colno);
        else {
          const key = name.type === lexer.TOKEN_INT ? Number(name.value) : name.value;
          target = new nodes.LookupVal(name.lineno, name.colno, target, new nodes.Literal(name.lineno, name.colno, key));
        }
      } else break;
    }
    return target;
  }

  override parseAdd(): SyntaxNode {
    return this.parseFromLeft(SUMS, () => this.parseMul());
  }

  override parseMul(): SyntaxNode {
    return this.parseFromLeft(PRODUCTS, () => this.parsePow());
  }

  private parseFromLeft(operators: typeof SUMS, parseOperand: () => SyntaxNode): SyntaxNode {
    let node = parseOperand();
    for (;;) {
      const token = this.peekToken();
      const Operation = token?.type === lexer.TOKEN_OPERATOR ? operators.get(String(token.value)) : undefined;
      if (!Operation) return node;
      this.nextToken();
      node = new Operation(node.lineno, node.colno, node, parseOperand());
    }
  }

  /** What stands in brackets behind a value: one expression, or `start:stop:step` with each part optional. */
  private parseIndex(open: SyntaxToken): SyntaxNode {
    const parts: (SyntaxNode | null)[] = [null];
    let isSlice = false;
    while (!this.skip(lexer.TOKEN_RIGHT_BRACKET)) {
      if (parts.length < 3 && this.skip(lexer.TOKEN_COLON)) {
        isSlice = true;
        parts.push(null);
      } else if (parts.at(-1) === null && this.peekToken()) parts[parts.length - 1] = this.parseExpression();
      else this.fail('expected "]"', open.lineno, open.colno);
    }
    const [index, stop, step] = parts;
    if (isSlice)
      return { typename: 'Slice', lineno: open.lineno, colno: open.colno, start: index, stop: stop ?? null, step: step ?? null };
    if (!index) this.fail('an index is missing between the brackets', open.lineno, open.colno);
    return index as SyntaxNode;
  }
}
