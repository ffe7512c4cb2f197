/** The inner modules of nunjucks that `nunjucks-syntax.ts` uses; its published types know only the whole engine. */
declare module 'nunjucks/src/lexer.js' {
  interface Lexer {
    lex(source: string, options: object): unknown;
    readonly TOKEN_VARIABLE_START: string;
    readonly TOKEN_BLOCK_START: string;
    readonly TOKEN_LEFT_PAREN: string;
    readonly TOKEN_LEFT_BRACKET: string;
    readonly TOKEN_RIGHT_BRACKET: string;
    readonly TOKEN_COLON: string;
    readonly TOKEN_OPERATOR: string;
    readonly TOKEN_SYMBOL: string;
    readonly TOKEN_NONE: string;
    readonly TOKEN_BOOLEAN: string;
    readonly TOKEN_INT: string;
  }
  const lexer: Lexer;
  export default lexer;
}

declare module 'nunjucks/src/nodes.js' {
  import type { SyntaxNode } from './nunjucks-syntax.js';
  type NodeClass = new (lineno: number | undefined, colno: number | undefined, ...fields: readonly unknown[]) => SyntaxNode;
  const nodes: Readonly<
    Record<'Add' | 'Div' | 'FloorDiv' | 'FunCall' | 'Literal' | 'LookupVal' | 'Mod' | 'Mul' | 'Sub', NodeClass>
  >;
  export default nodes;
}

declare module 'nunjucks/src/parser.js' {
  import type { SyntaxNode, SyntaxToken } from './nunjucks-syntax.js';
  class Parser {
    constructor(tokens: unknown);
    nextToken(withWhitespace?: boolean): SyntaxToken | null;
    peekToken(): SyntaxToken | null;
    skip(type: string): boolean;
    fail(message: string, lineno?: number, colno?: number): never;
    parsePostfix(node: SyntaxNode): SyntaxNode;
    parseSignature(): SyntaxNode;
    parseExpression(): SyntaxNode;
    parseAsRoot(): SyntaxNode;
    parseAdd(): SyntaxNode;
    parseMul(): SyntaxNode;
    parsePow(): SyntaxNode;
  }
  const parser: { readonly Parser: typeof Parser };
  export default parser;
}
