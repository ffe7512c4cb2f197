/** From the text of a template to its nodes. It owns what of the language is offered, and how its mistakes are told. */
import { nearestName } from '../../model/nearest-name.js';
import { FILTER_NAMES } from './filters.js';
import { type SyntaxNode, TemplateParser } from './nunjucks-syntax.js';
import { TemplateError, type TemplatePlace } from './template-error.js';
import type {
  Arguments,
  BinaryOperator,
  CompareOperator,
  Expression,
  MacroDefinition,
  Statement,
  Template,
} from './template-node.js';
import { TEST_NAMES } from './tests.js';

/** Longest template, in UTF-16 units. */
export const MAX_TEMPLATE_LENGTH = 1_000_000;

/** False: rendering would only make plain text of it, so that nothing has to be parsed. */
export function isTemplate(text: string): boolean {
  return /\{[{%#]/.test(text);
}

/** As Jinja does with every text: one newline at the end is the editor's, and newlines are all of one kind. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n$/, '');
}

/** @throws TemplateError with its place. */
export function parseTemplate(text: string): Template {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    throw new TemplateError('limit', `the template has more than ${MAX_TEMPLATE_LENGTH} characters`, { line: 1, column: 1 });
  }
  const source = plainText(text);
  const parser = new TemplateParser(source);
  let root: SyntaxNode;
  try {
    root = parser.parseAsRoot();
  } catch (error) {
    throw syntaxError(error as Error, parser, source);
  }
  try {
    return { source, body: statementsOf(root) };
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError('limit', 'the template is nested too deeply', { line: 1, column: 1 });
    throw error;
  }
}

const BINARY: Readonly<Record<string, BinaryOperator>> = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  FloorDiv: '//',
  Mod: '%',
  Pow: '**',
  Concat: '~',
};
const COMPARE: Readonly<Record<string, CompareOperator>> = {
  '==': '==',
  '===': '==',
  '!=': '!=',
  '!==': '!=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
};
const NO_LOADER = 'other templates cannot be loaded here; put the text together in TypeScript';
/** Tags of nunjucks that are not offered, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  Include: `{% include %}: ${NO_LOADER}`,
  Import: `{% import %}: ${NO_LOADER}`,
  FromImport: `{% from %}: ${NO_LOADER}`,
  Extends: `{% extends %}: ${NO_LOADER}`,
  Block: `{% block %}: ${NO_LOADER}`,
  Switch: 'there is no {% switch %}; use {% if %} and {% elif %}',
  AsyncEach: 'there is no {% asyncEach %}; values are awaited by themselves, use {% for %}',
  AsyncAll: 'there is no {% asyncAll %}; values are awaited by themselves, use {% for %}',
  IfAsync: 'there is no {% ifAsync %}; values are awaited by themselves, use {% if %}',
};

function statementsOf(node: unknown): Statement[] {
  if (!node) return [];
  const one = node as SyntaxNode;
  return one.typename === 'Root' || one.typename === 'NodeList' ? childrenOf(one).flatMap(statementsOf) : statementOf(one);
}

function statementOf(node: SyntaxNode): Statement[] {
  const place = placeOf(node);
  switch (node.typename) {
    case 'Output':
      return childrenOf(node).map((child) =>
        child.typename === 'TemplateData'
          ? { kind: 'text', text: String(child['value']) }
          : { kind: 'print', value: expressionOf(child), place },
      );
    case 'If':
      return [
        {
          kind: 'if',
          condition: expressionOf(node['cond']),
          body: statementsOf(node['body']),
          otherwise: statementsOf(node['else_']),
        },
      ];
    case 'For':
      return [
        {
          kind: 'for',
          names: namesOf(node['name'] as SyntaxNode),
          source: expressionOf(node['arr']),
          body: statementsOf(node['body']),
          otherwise: statementsOf(node['else_']),
          place,
        },
      ];
    case 'Set': {
      const targets = node['targets'] as readonly SyntaxNode[];
      const value = expressionOf(node['value'] ?? node['body']);
      return [{ kind: 'set', names: targets.flatMap(namesOf), value, place }];
    }
    case 'Macro':
      return [{ kind: 'macro', name: nameOf(node['name'] as SyntaxNode), macro: macroOf(node), place }];
    default:
      throw refused(node);
  }
}

function expressionOf(given: unknown): Expression {
  const node = given as SyntaxNode;
  const place = placeOf(node);
  const operator = BINARY[node.typename];
  if (operator !== undefined) {
    return { kind: 'binary', operator, left: expressionOf(node['left']), right: expressionOf(node['right']), place };
  }
  switch (node.typename) {
    case 'Literal':
      if (node['value'] instanceof RegExp)
        throw new TemplateError('syntax', 'there are no regular expressions in templates', place);
      return { kind: 'literal', value: node['value'] as string | number | boolean | null, place };
    case 'Symbol':
      return { kind: 'name', name: String(node['value']), place };
    case 'Group': {
      const items = childrenOf(node).map(expressionOf);
      return items.length === 1 ? (items[0] as Expression) : { kind: 'list', items, place };
    }
    case 'Array':
      return { kind: 'list', items: childrenOf(node).map(expressionOf), place };
    case 'Dict':
      return {
        kind: 'object',
        entries: childrenOf(node).map((pair) => ({ key: expressionOf(pair['key']), value: expressionOf(pair['value']) })),
        place,
      };
    case 'LookupVal': {
      const target = expressionOf(node['target']);
      const key = node['val'] as SyntaxNode;
      if (key.typename !== 'Slice') return { kind: 'member', target, key: expressionOf(key), place };
      const part = (name: string): Expression | null => (key[name] ? expressionOf(key[name]) : null);
      return { kind: 'slice', target, start: part('start'), stop: part('stop'), step: part('step'), place };
    }
    case 'FunCall':
      return { kind: 'call', target: expressionOf(node['name']), args: argumentsOf(childrenOf(node['args'])), place };
    case 'Filter': {
      const [target, ...rest] = childrenOf(node['args']);
      const name = known('filter', String((node['name'] as SyntaxNode)['value']), FILTER_NAMES, place);
      return { kind: 'filter', name, target: expressionOf(target), args: argumentsOf(rest), place };
    }
    case 'Is':
      return testOf(node, place);
    case 'Not':
      return { kind: 'not', target: expressionOf(node['target']), place };
    case 'Neg':
      return { kind: 'negate', target: expressionOf(node['target']), place };
    case 'Pos':
      return expressionOf(node['target']);
    case 'And':
    case 'Or':
      return {
        kind: node.typename === 'And' ? 'and' : 'or',
        left: expressionOf(node['left']),
        right: expressionOf(node['right']),
        place,
      };
    case 'In':
      return { kind: 'in', left: expressionOf(node['left']), right: expressionOf(node['right']), place };
    case 'Compare':
      return {
        kind: 'compare',
        first: expressionOf(node['expr']),
        rest: (node['ops'] as readonly SyntaxNode[]).map((one) => ({
          operator: COMPARE[String(one['type'])] as CompareOperator,
          value: expressionOf(one['expr']),
        })),
        place,
      };
    case 'InlineIf':
      return {
        kind: 'conditional',
        condition: expressionOf(node['cond']),
        value: expressionOf(node['body']),
        otherwise: node['else_'] ? expressionOf(node['else_']) : null,
        place,
      };
    case 'Capture':
      return { kind: 'capture', body: statementsOf(node['body']), place };
    case 'Caller':
      return { kind: 'caller', macro: macroOf(node), place };
    default:
      throw refused(node);
  }
}

/** `is divisibleby(3)`, and Jinja's `is divisibleby 3` is not offered: nunjucks does not read it. */
function testOf(node: SyntaxNode, place: TemplatePlace): Expression {
  const right = node['right'] as SyntaxNode;
  const isCall = right.typename === 'FunCall';
  const nameNode = (isCall ? right['name'] : right) as SyntaxNode;
  // `none` is a value as well: its name is `null` here.
  const name = known('test', String(nameNode['value']), TEST_NAMES, placeOf(nameNode));
  const args = isCall ? argumentsOf(childrenOf(right['args'])) : { positional: [], named: [] };
  return { kind: 'test', name, target: expressionOf(node['left']), args, place };
}

function argumentsOf(nodes: readonly SyntaxNode[]): Arguments {
  const positional: Expression[] = [];
  const named: { name: string; value: Expression }[] = [];
  for (const node of nodes) {
    if (node.typename !== 'KeywordArgs') positional.push(expressionOf(node));
    else {
      for (const pair of childrenOf(node)) {
        named.push({ name: nameOf(pair['key'] as SyntaxNode), value: expressionOf(pair['value']) });
      }
    }
  }
  return { positional, named };
}

function macroOf(node: SyntaxNode): MacroDefinition {
  const parameters: { name: string; fallback: Expression | null }[] = [];
  for (const child of childrenOf(node['args'])) {
    if (child.typename !== 'KeywordArgs') parameters.push({ name: nameOf(child), fallback: null });
    else {
      for (const pair of childrenOf(child)) {
        parameters.push({ name: nameOf(pair['key'] as SyntaxNode), fallback: expressionOf(pair['value']) });
      }
    }
  }
  return { parameters, body: statementsOf(node['body']) };
}

function namesOf(node: SyntaxNode): string[] {
  return node.typename === 'Array' ? childrenOf(node).map(nameOf) : [nameOf(node)];
}

function nameOf(node: SyntaxNode): string {
  if (node.typename === 'Symbol') return String(node['value']);
  throw new TemplateError('syntax', 'expected a name', placeOf(node));
}

function known(what: string, name: string, names: readonly string[], place: TemplatePlace): string {
  if (names.includes(name)) return name;
  throw new TemplateError('name', `unknown ${what} "${name}"`, place, nearestName(name, names));
}

function childrenOf(node: unknown): readonly SyntaxNode[] {
  return (node as SyntaxNode)['children'] as readonly SyntaxNode[];
}

function placeOf(node: SyntaxNode): TemplatePlace {
  return { line: (node.lineno ?? 0) + 1, column: (node.colno ?? 0) + 1 };
}

function refused(node: SyntaxNode): TemplateError {
  return new TemplateError('syntax', REFUSED[node.typename] ?? `${node.typename} is not offered in templates`, placeOf(node));
}

/** nunjucks names its own functions in its messages, and dies of a text that ends too early. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/expected variable end/, 'expected "}}"'],
  [/expected block end in (\w+) statement/, 'expected "%}" behind {% $1 %}'],
  [/expected elif, else, or endif, got end of file/, '{% if %} has no {% endif %}'],
  [/unexpected token: (.*)/, 'expected an expression, got "$1"'],
  [/unknown block tag: (.*)/, 'unknown tag "$1"'],
  [/(unexpected|expected expression, got) end of file/, 'the template ends before its last tag is closed'],
  [/expected end of comment, got end of file/, '"{#" is never closed'],
  [/unexpected end of comment/, '"#}" closes no comment'],
  [/expected comma after expression/, 'expected a comma or a closing bracket'],
];
const TAGS = [
  'if',
  'elif',
  'else',
  'endif',
  'for',
  'endfor',
  'set',
  'endset',
  'macro',
  'endmacro',
  'call',
  'endcall',
  'filter',
  'raw',
];

function syntaxError(error: Error & { lineno?: number; colno?: number }, parser: TemplateParser, source: string): TemplateError {
  const tag = parser.lastTag;
  const tagPlace: TemplatePlace = { line: (tag?.lineno ?? 0) + 1, column: (tag?.colno ?? 0) + 1 };
  if (error instanceof RangeError) return new TemplateError('limit', 'the template is nested too deeply', tagPlace);
  if (tag && !isClosed(source, tag)) return new TemplateError('syntax', `"${tag.opening}" is never closed`, tagPlace);
  const place = error.lineno === undefined ? tagPlace : { line: error.lineno, column: error.colno as number };
  const raw = error.message.replace(/parse\w+: /, '');
  const rule = MESSAGES.find(([pattern]) => pattern.test(raw));
  // What nunjucks throws besides its own errors says nothing about the template.
  const own = error instanceof TypeError ? 'this is not understood' : raw;
  const message = rule ? raw.replace(rule[0], rule[1]) : own;
  const unknownTag = /unknown block tag: (\w+)/.exec(raw)?.[1];
  return new TemplateError('syntax', message, place, unknownTag === undefined ? null : nearestName(unknownTag, TAGS));
}

/** True if the closing of the tag stands somewhere behind its opening. */
function isClosed(source: string, { opening, lineno, colno }: { opening: string; lineno: number; colno: number }): boolean {
  const lines = source.split('\n');
  const start = lines.slice(0, lineno).reduce((sum, line) => sum + line.length + 1, colno);
  return source.includes(opening === '{{' ? '}}' : '%}', start);
}
