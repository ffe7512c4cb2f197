/**
 * Finds in a DAG file what compiles and imports well and still goes wrong later: a graph that depends on the clock or on chance (D105 on the
 * worker), and a ref taken for a value where nothing can trap it (`if (orders)` is always true). Looks at the syntax only.
 */
import type { ImportProblem } from '../model/dag.js';
import { TASK_KINDS } from '../sdk/metadata.js';
import { importProblem } from './import-problem.js';
import { childNodes, type SyntaxNode as Node, SyntaxTree } from './syntax-tree.js';

/** What is evaluated when: the importing of the file, the wiring of a DAG, or a task at run time. */
type Time = 'import' | 'wire' | 'task';

const UNSTABLE_CALLS = new Set(['Date.now', 'Math.random', 'crypto.randomUUID', 'randomUUID', 'performance.now', 'process.hrtime']);
const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'MethodProperty',
  'Constructor',
]);

/** @param path relative to the DAGs folder. A file with syntax errors has no warnings here: they are the compiler's. */
export function lintFile(path: string, content: string): readonly ImportProblem[] {
  const tree = SyntaxTree.parse(path, content);
  if (!tree) return [];
  const lint = new Lint(path, tree);
  lint.visit(tree.program, 'import');
  return lint.warnings;
}

class Lint {
  readonly warnings: ImportProblem[] = [];
  readonly #path: string;
  readonly #tree: SyntaxTree;
  /** Names of the refs of the `wire` being looked at. */
  #refs = new Set<string>();
  #wirer: string | null = null;

  constructor(path: string, tree: SyntaxTree) {
    this.#path = path;
    this.#tree = tree;
  }

  visit(node: Node, time: Time): void {
    if (node.type === 'ClassMethod' || node.type === 'MethodProperty') return this.#visitMethod(node, time);
    if (node.type === 'TsType' || node.type.startsWith('TsType')) return;
    if (time !== 'task') this.#checkUnstable(node, time);
    if (time === 'wire') this.#checkRefs(node);
    if (node.type === 'CallExpression' && this.#visitFunctionForm(node, time)) return;
    this.#visitChildren(node, FUNCTIONS.has(node.type) && time === 'import' ? 'task' : time);
  }

  #visitMethod(node: Node, time: Time): void {
    const isWire = (node['key'] as Node)?.['value'] === 'wire';
    const [parameter] = ((node['function'] as Node)?.['params'] ?? node['params'] ?? []) as { readonly pat?: Node }[];
    const [refs, wirer] = [this.#refs, this.#wirer];
    if (isWire) {
      this.#refs = new Set();
      this.#wirer = (parameter?.pat?.['value'] as string | undefined) ?? null;
    }
    const fn = (node['function'] ?? node) as Node;
    for (const decorator of (fn['decorators'] ?? []) as Node[]) this.visit(decorator, time === 'task' ? 'task' : 'import');
    if (fn['body']) this.#visitChildren(fn['body'] as Node, isWire ? 'wire' : 'task');
    [this.#refs, this.#wirer] = [refs, wirer];
  }

  #visitChildren(node: Node, time: Time): void {
    for (const child of childNodes(node)) this.visit(child, time);
  }

  /** `defineDag(..., (d) => ...)` is wired by its last argument, in which `d.task(..., fn)`, `d.sensor(..., fn)` and their like hold tasks. */
  #visitFunctionForm(call: Node, time: Time): boolean {
    const callee = nameOf(call['callee'] as Node);
    const parts = (call['arguments'] as { readonly expression: Node }[]).map(({ expression }) => expression);
    const last = parts.pop();
    if (!last || !FUNCTIONS.has(last.type)) return false;
    const isDag = callee === 'defineDag';
    const isTask = time === 'wire' && TASK_KINDS.some((kind) => callee === `${this.#wirer}.${kind}`);
    if (!isDag && !isTask) return false;
    for (const part of parts) this.visit(part, time);
    if (isTask) {
      this.#visitChildren(last, 'task');
      return true;
    }
    const [refs, wirer] = [this.#refs, this.#wirer];
    const [parameter] = last['params'] as (Node & { readonly pat?: Node })[];
    this.#refs = new Set();
    this.#wirer = ((parameter?.pat ?? parameter)?.['value'] as string | undefined) ?? null;
    this.#visitChildren(last, 'wire');
    [this.#refs, this.#wirer] = [refs, wirer];
    return true;
  }

  #checkUnstable(node: Node, time: Time): void {
    const name =
      node.type === 'CallExpression'
        ? nameOf(node['callee'] as Node)
        : node.type === 'NewExpression' &&
            nameOf(node['callee'] as Node) === 'Date' &&
            (node['arguments'] as unknown[]).length === 0
          ? 'new Date'
          : null;
    if (name === null || !(UNSTABLE_CALLS.has(name) || name === 'new Date')) return;
    const when = time === 'wire' ? 'while wiring' : 'while the file is imported';
    this.#warn(
      'D105',
      node,
      `${name}() ${when} gives another answer each time: if the graph depends on it, workers refuse the DAG`,
      `${name}()`,
    );
  }

  #checkRefs(node: Node): void {
    if (node.type === 'VariableDeclarator' && this.#isWiring(node['init'] as Node | null)) {
      const name = (node['id'] as Node)['value'];
      if (typeof name === 'string') this.#refs.add(name);
    }
    const operator = node['operator'];
    const condition =
      node.type === 'IfStatement' || node.type === 'ConditionalExpression' || node.type === 'WhileStatement'
        ? (node['test'] as Node)
        : node.type === 'UnaryExpression' && operator === '!'
          ? (node['argument'] as Node)
          : node.type === 'BinaryExpression' && (operator === '&&' || operator === '||')
            ? (node['left'] as Node)
            : null;
    const name = condition?.type === 'Identifier' ? String(condition['value']) : null;
    if (condition === null || name === null || !this.#refs.has(name)) return;
    const text = `"${name}" is the output of a task and always true while wiring; use ${this.#wirer}.when(${name}, ...), or move the decision into a task`;
    this.#warn('D101', condition, text, name);
  }

  /** `t.extract()`, `t.score.map(...)`, `t.load().after(...)`: something made from the parameter of `wire`. */
  #isWiring(node: Node | null): boolean {
    let at: Node | null = node;
    let calls = 0;
    while (at) {
      if (at.type === 'CallExpression') {
        calls++;
        at = at['callee'] as Node;
      } else if (at.type === 'MemberExpression') at = at['object'] as Node;
      else return calls > 0 && at.type === 'Identifier' && at['value'] === this.#wirer;
    }
    return false;
  }

  #warn(code: 'D101' | 'D105', node: Node, message: string, value: string): void {
    this.warnings.push(importProblem(code, this.#path, message, { ...this.#tree.positionOf(node), value }));
  }
}

/** `Date.now` of a callee made of plain names; null for others. */
function nameOf(node: Node | null): string | null {
  if (node?.type === 'Identifier') return String(node['value']);
  if (node?.type !== 'MemberExpression') return null;
  const object = nameOf(node['object'] as Node);
  const property = node['property'] as Node;
  return object !== null && property.type === 'Identifier' ? `${object}.${String(property['value'])}` : null;
}
