/** Reads TypeScript files into the few facts that the tidy rules look at. Knows syntax, not rules. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

export interface ImportFact {
  readonly specifier: string;
  /** `static` counts for run-time cycles; `type` is erased; `dynamic` is `import()`. */
  readonly kind: 'static' | 'type' | 'dynamic';
  readonly line: number;
}

/** A name that is used: `setTimeout`, `Date.now`, `process.env`, `new Date`. */
export interface UseFact {
  readonly name: string;
  readonly line: number;
}

export interface TextFact {
  readonly text: string;
  readonly line: number;
}

export interface SourceFact {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly ImportFact[];
  readonly uses: readonly UseFact[];
  /** String and template literals (template pieces joined by ` ? `). */
  readonly texts: readonly TextFact[];
  /** Lines with `async` functions, `await` or `new Promise`. */
  readonly asyncLines: readonly number[];
  /** Names exported by this file itself. */
  readonly exports: readonly string[];
  /** Specifiers of `export * from`. */
  readonly starExports: readonly string[];
}

/** Every `.ts` file below a folder, as paths relative to `root`, sorted. */
export function listTypeScriptFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

export function readSourceFacts(root: string, folder: string): SourceFact[] {
  return listTypeScriptFiles(root, folder).map((path) => sourceFactOf(path, readFileSync(join(root, path), 'utf8')));
}

/** The facts of one text; used directly by the tests that plant a violation. */
export function sourceFactOf(path: string, text: string): SourceFact {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  const imports: ImportFact[] = [];
  const uses: UseFact[] = [];
  const texts: TextFact[] = [];
  const asyncLines: number[] = [];
  const exports: string[] = [];
  const starExports: string[] = [];
  const lineOf = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;

  const visit = (node: ts.Node): void => {
    const line = lineOf(node);
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push({ specifier: node.moduleSpecifier.text, kind: isErased(node.importClause) ? 'type' : 'static', line });
    } else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
        const named = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : null;
        const erased = node.isTypeOnly || (named !== null && named.length > 0 && named.every((element) => element.isTypeOnly));
        imports.push({ specifier: node.moduleSpecifier.text, kind: erased ? 'type' : 'static', line });
        if (!node.exportClause) starExports.push(node.moduleSpecifier.text);
      }
      if (node.exportClause && ts.isNamedExports(node.exportClause))
        exports.push(...node.exportClause.elements.map((e) => e.name.text));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) imports.push({ specifier: argument.text, kind: 'dynamic', line });
    } else if (ts.isPropertyAccessExpression(node)) {
      uses.push({ name: `${node.expression.getText(file)}.${node.name.text}`, line });
    } else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      uses.push({ name: node.expression.text, line });
    } else if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
      const name = node.expression.text;
      if (name === 'Date' && (node.arguments?.length ?? 0) === 0) uses.push({ name: 'new Date()', line });
      if (name === 'Promise') asyncLines.push(line);
    } else if (ts.isStringLiteralLike(node)) {
      if (!isModuleSpecifier(node)) texts.push({ text: node.text, line });
    } else if (ts.isTemplateExpression(node)) {
      texts.push({
        text: [node.head, ...node.templateSpans.map((span) => span.literal)].map((part) => part.text).join(' ? '),
        line,
      });
    } else if (ts.isAwaitExpression(node)) {
      asyncLines.push(line);
    }
    if (hasModifier(node, ts.SyntaxKind.AsyncKeyword)) asyncLines.push(line);
    if (hasModifier(node, ts.SyntaxKind.ExportKeyword)) exports.push(...declaredNames(node));
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return { path, lineCount: text.split('\n').length - 1, imports, uses, texts, asyncLines, exports, starExports };
}

/** The `src/` file that a relative specifier leads to; null for packages. */
export function resolveRelative(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

/** `croner/sub` -> `croner`, `@swc/core/x` -> `@swc/core`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isErased(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
  return !clause.name && named.length > 0 && named.every((element) => element.isTypeOnly);
}

function isModuleSpecifier(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isLiteralTypeNode(parent);
}

function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((modifier) => modifier.kind === kind) ?? false);
}

function declaredNames(node: ts.Node): string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap((declaration) =>
      ts.isIdentifier(declaration.name) ? [declaration.name.text] : [],
    );
  }
  const name = (node as ts.DeclarationStatement).name;
  return name && ts.isIdentifier(name) ? [name.text] : [];
}
