/**
 * Finds in the source text what a stack trace cannot say: where an option is written inside its object, where a member of a class or an
 * export stands, and what the compiler takes away (`private`, decorators on `#members`). Reads syntax only, and only when asked.
 */
import type { ImportProblem, SourceBundle } from '../model/dag.js';
import type { SourcePosition } from '../model/dag-spec.js';
import type { PlaceFinder } from '../sdk/place-finder.js';
import { importProblem } from './import-problem.js';
import { childNodes, isNode, type SyntaxNode, SyntaxTree } from './syntax-tree.js';

/** What stands at one position of a file: the object that its options are in, and the member or class that a decorator belongs to. */
interface Anchor {
  readonly options: SyntaxNode[];
  member: SyntaxNode | null;
  readonly parts: Map<string, SyntaxNode>;
}

export class SourcePlaces implements PlaceFinder {
  readonly #contents: ReadonlyMap<string, string>;
  readonly #files = new Map<string, FilePlaces | null>();

  constructor(bundle: SourceBundle) {
    this.#contents = new Map(bundle.files.map(({ path, content }) => [path, content]));
  }

  partOf(position: SourcePosition, name: string): SourcePosition | null {
    const found = this.#file(position.file)?.partOf(position, name);
    return found ? { file: position.file, ...found } : null;
  }

  exported(file: string, name: string): SourcePosition | null {
    const found = this.#file(file)?.exported(name);
    return found ? { file, ...found } : null;
  }

  hiddenBy(position: SourcePosition): 'private' | 'protected' | null {
    if (!/\b(?:private|protected)\b/.test(this.#contents.get(position.file) ?? '')) return null;
    return this.#file(position.file)?.hiddenBy(position) ?? null;
  }

  /** D002 for decorators of ours on `#members` of the file: the compiler drops them without a word. */
  lostDecorators(file: string): readonly ImportProblem[] {
    return /@(?:task|dag)\b[^]*#[\w$]/.test(this.#contents.get(file) ?? '') ? (this.#file(file)?.lostDecorators(file) ?? []) : [];
  }

  #file(path: string): FilePlaces | null {
    let known = this.#files.get(path);
    if (known === undefined) {
      const tree = SyntaxTree.parse(path, this.#contents.get(path) ?? '');
      this.#files.set(path, (known = tree && new FilePlaces(tree)));
    }
    return known;
  }
}

type Point = { readonly line: number; readonly column: number };

/** The anchors of one file by `line:column`. */
class FilePlaces {
  readonly #tree: SyntaxTree;
  readonly #anchors = new Map<string, Anchor>();
  readonly #exports = new Map<string, SyntaxNode>();
  readonly #lost: { readonly decorator: string; readonly name: string; readonly node: SyntaxNode }[] = [];

  constructor(tree: SyntaxTree) {
    this.#tree = tree;
    this.#visit(tree.program);
  }

  partOf(position: Point, name: string): Point | null {
    const anchor = this.#anchors.get(keyOf(position));
    const found = anchor?.options.flatMap(propertiesOf).find((property) => nameOf(property) === name) ?? anchor?.parts.get(name);
    return found ? this.#tree.positionOf(found) : null;
  }

  exported(name: string): Point | null {
    const found = this.#exports.get(name);
    return found ? this.#tree.positionOf(found) : null;
  }

  hiddenBy(position: Point): 'private' | 'protected' | null {
    const accessibility = this.#anchors.get(keyOf(position))?.member?.['accessibility'];
    return accessibility === 'private' || accessibility === 'protected' ? accessibility : null;
  }

  lostDecorators(file: string): readonly ImportProblem[] {
    return this.#lost.map(({ decorator, name, node }) =>
      importProblem('D002', file, `tasks.#${name}: "#${name}" is private; @${decorator}() needs a public method`, {
        ...this.#tree.positionOf(node),
      }),
    );
  }

  #visit(node: SyntaxNode): void {
    if (node.type === 'CallExpression') this.#visitCall(node);
    else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') this.#visitClass(node);
    else if (node.type === 'KeyValueProperty') this.#anchor(node['key'] as SyntaxNode).options.push(node['value'] as SyntaxNode);
    else if (node.type.startsWith('Export')) this.#visitExport(node);
    for (const child of childNodes(node)) this.#visit(child);
  }

  /** Stacks place a call at the last name of what is called: `load` of `t.load(...)`. */
  #visitCall(node: SyntaxNode): void {
    const callee = node['callee'] as SyntaxNode;
    const name = callee.type === 'MemberExpression' ? (callee['property'] as SyntaxNode) : callee;
    this.#anchor(name).options.push(...argumentsOf(node));
  }

  #visitClass(node: SyntaxNode): void {
    const body = (node['body'] as SyntaxNode[]).filter((member) => isNode(member['key']));
    for (const decorator of (node['decorators'] ?? []) as SyntaxNode[]) {
      const anchor = this.#anchorOfDecorator(decorator);
      for (const member of body) anchor.parts.set(nameOf(member) ?? '', member);
    }
    for (const member of body) {
      const isLost = member.type === 'PrivateMethod' || member.type === 'PrivateProperty';
      for (const decorator of decoratorsOf(member)) {
        this.#anchorOfDecorator(decorator).member = member;
        const name = decoratorName(decorator);
        if (isLost && /^task\b/.test(name)) {
          this.#lost.push({ decorator: name, name: nameOf(member) ?? '', node: decorator });
        }
      }
    }
  }

  #visitExport(node: SyntaxNode): void {
    if (node.type === 'ExportDefaultDeclaration' || node.type === 'ExportDefaultExpression') this.#exports.set('default', node);
    const declaration = node['declaration'] as SyntaxNode | undefined;
    if (node.type === 'ExportDeclaration' && declaration) {
      const named = declaration.type === 'VariableDeclaration' ? (declaration['declarations'] as SyntaxNode[]) : [declaration];
      for (const one of named) {
        const id = (one['id'] ?? one['identifier']) as SyntaxNode | undefined;
        if (id) this.#exports.set(String(id['value']), id);
      }
    }
    for (const one of (node['specifiers'] ?? []) as SyntaxNode[]) {
      const id = (one['exported'] ?? one['orig']) as SyntaxNode | undefined;
      if (id) this.#exports.set(String(id['value']), id);
    }
  }

  #anchorOfDecorator(decorator: SyntaxNode): Anchor {
    const anchor = this.#anchor(decorator);
    anchor.options.push(...argumentsOf(decorator['expression'] as SyntaxNode));
    return anchor;
  }

  #anchor(node: SyntaxNode): Anchor {
    const key = keyOf(this.#tree.positionOf(node));
    let anchor = this.#anchors.get(key);
    if (!anchor) this.#anchors.set(key, (anchor = { options: [], member: null, parts: new Map() }));
    return anchor;
  }
}

const keyOf = ({ line, column }: Point): string => `${line}:${column}`;

function argumentsOf(call: SyntaxNode): readonly SyntaxNode[] {
  if (call.type !== 'CallExpression') return [];
  return (call['arguments'] as { readonly expression: SyntaxNode }[]).map(({ expression }) => expression);
}

/** `{ ... }`, also with `as` and parentheses around it. */
function propertiesOf(node: SyntaxNode): readonly SyntaxNode[] {
  if (node.type === 'ObjectExpression')
    return (node['properties'] as SyntaxNode[]).flatMap((one) =>
      one.type === 'KeyValueProperty' || one.type === 'MethodProperty'
        ? [one['key'] as SyntaxNode]
        : one.type === 'Identifier'
          ? [one]
          : [],
    );
  return isNode(node['expression']) && /^(?:Ts|Paren)/.test(node.type) ? propertiesOf(node['expression']) : [];
}

/** The name of a member, or of a key that is written plainly or quoted. */
function nameOf(node: SyntaxNode): string | null {
  const key = isNode(node['key']) ? node['key'] : node;
  if (key.type === 'PrivateName' && isNode(key['id'])) return String(key['id']['value']);
  return typeof key['value'] === 'string' ? key['value'] : null;
}

function decoratorsOf(member: SyntaxNode): readonly SyntaxNode[] {
  const onFunction = (member['function'] as SyntaxNode | undefined)?.['decorators'];
  return ((member['decorators'] ?? onFunction ?? []) as SyntaxNode[]).filter(isNode);
}

/** `task` of `@task` and `@task(...)`, `task.sensor` of `@task.sensor(...)`, and so on. */
function decoratorName(decorator: SyntaxNode): string {
  const expression = decorator['expression'] as SyntaxNode;
  const callee = expression.type === 'CallExpression' ? (expression['callee'] as SyntaxNode) : expression;
  if (callee.type !== 'MemberExpression') return String(callee['value']);
  return `${String((callee['object'] as SyntaxNode)['value'])}.${String((callee['property'] as SyntaxNode)['value'])}`;
}
