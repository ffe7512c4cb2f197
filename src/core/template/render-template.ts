/**
 * Renders a parsed template. It owns scopes, strictness (a name that does not exist is an error, except for `default` and `is defined`) and the
 * places in errors. Values that only the database knows are asked for with `NeedValue`: the caller finds them and renders again.
 */
import { nearestName } from '../../model/nearest-name.js';
import { Budget } from './budget.js';
import { applyFilter, TOLERANT_FILTERS } from './filters.js';
import { elementsOf } from './list-filters.js';
import { memberNames, memberOf, sliceOf } from './members.js';
import { operate } from './operators.js';
import { TemplateError, type TemplatePlace } from './template-error.js';
import type { Arguments, CompareOperator, Expression, MacroDefinition, Statement, Template } from './template-node.js';
import { TemplateFunction, TemplateRecord, typeName, type CallArguments } from './template-object.js';
import { applyTest, contains, TOLERANT_TESTS } from './tests.js';
import { compareValues, isEqual, isTruthy, printValue } from './values.js';
import { TimeSpan } from './time-span.js';

/** Names that a template may use. A name whose function gives undefined does not exist. */
export type TemplateNames = Readonly<Record<string, () => unknown>>;

export interface RenderOptions {
  readonly names: TemplateNames;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/** Thrown by a name or method whose value is not known yet. Not an error: the renderer lets it pass. */
export class NeedValue extends Error {
  constructor(readonly request: unknown) {
    super('a value has to be found first');
  }
}

/**
 * @throws TemplateError with its place.
 * @throws NeedValue when a value has to be found first.
 */
export function renderTemplate(template: Template, options: RenderOptions): string {
  return new Renderer(options).run(template);
}

/** What `set`, `for` and macros have named. */
class Scope {
  private readonly values = new Map<string, unknown>();

  constructor(private readonly parent: Scope | null) {}

  set(name: string, value: unknown): void {
    this.values.set(name, value);
  }

  find(name: string): { readonly value: unknown } | null {
    if (this.values.has(name)) return { value: this.values.get(name) };
    return this.parent?.find(name) ?? null;
  }
}

/** The place of what goes wrong between statements. */
const START: TemplatePlace = { line: 1, column: 1 };

/** Names of the language itself; a variable may hide them. */
const BUILT_IN: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

class Renderer {
  private readonly budget = new Budget();

  constructor(private readonly options: RenderOptions) {}

  run(template: Template): string {
    try {
      return this.placed(START, () => this.output(template.body, new Scope(null)));
    } catch (error) {
      if (error instanceof RangeError) throw new TemplateError('limit', 'the template is nested too deeply', START);
      throw error;
    }
  }

  private output(statements: readonly Statement[], scope: Scope): string {
    let output = '';
    for (const statement of statements) {
      const text = this.statement(statement, scope);
      this.budget.text(output.length + text.length);
      output += text;
    }
    return output;
  }

  private statement(statement: Statement, scope: Scope): string {
    this.budget.spend(1);
    switch (statement.kind) {
      case 'text':
        return statement.text;
      case 'print':
        return this.placed(statement.place, () => printValue(this.value(statement.value, scope), this.budget));
      case 'if':
        return this.output(isTruthy(this.value(statement.condition, scope)) ? statement.body : statement.otherwise, scope);
      case 'for':
        return this.placed(statement.place, () => this.loop(statement, scope));
      case 'set':
        this.placed(statement.place, () => assign(statement.names, this.value(statement.value, scope), scope));
        return '';
      case 'macro':
        scope.set(statement.name, this.macro(statement.name, statement.macro, scope));
        return '';
    }
  }

  private loop({ names, source, body, otherwise }: Extract<Statement, { kind: 'for' }>, scope: Scope): string {
    const items = elementsOf(this.value(source, scope), this.budget);
    if (items.length === 0) return this.output(otherwise, scope);
    let output = '';
    items.forEach((item, index) => {
      const inner = new Scope(scope);
      assign(names, item, inner);
      inner.set('loop', loopOf(items, index));
      output += this.output(body, inner);
      this.budget.text(output.length);
    });
    return output;
  }

  private macro(name: string, { parameters, body }: MacroDefinition, scope: Scope): TemplateFunction {
    return new TemplateFunction(name, ({ positional, named }) => {
      const inner = new Scope(scope);
      const known = parameters.map((parameter) => parameter.name);
      const unknown = Object.keys(named).find((given) => !known.includes(given) && given !== 'caller');
      if (unknown !== undefined || positional.length > known.length) {
        throw new TemplateError('type', `the macro "${name}" takes ${known.join(', ') || 'no arguments'}`);
      }
      inner.set('caller', named['caller']);
      parameters.forEach(({ name: parameter, fallback }, index) => {
        if (index < positional.length) inner.set(parameter, positional[index]);
        else if (Object.hasOwn(named, parameter)) inner.set(parameter, named[parameter]);
        else if (fallback) inner.set(parameter, this.value(fallback, inner));
        else throw new TemplateError('undefined', `the macro "${name}" needs "${parameter}"`);
      });
      return this.budget.nested(name, () => this.output(body, inner));
    });
  }

  /** @throws TemplateError of kind `undefined` when it does not exist. */
  private value(expression: Expression, scope: Scope): unknown {
    const value = this.find(expression, scope);
    if (value !== undefined) return value;
    throw this.missing(expression, scope);
  }

  /** Undefined: it does not exist. */
  private find(expression: Expression, scope: Scope): unknown {
    this.budget.spend(1);
    return this.placed(expression.place, () => this.evaluate(expression, scope));
  }

  private evaluate(expression: Expression, scope: Scope): unknown {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'name':
        return this.name(expression.name, scope);
      case 'list':
        return expression.items.map((item) => this.value(item, scope));
      case 'object':
        return Object.fromEntries(
          expression.entries.map(({ key, value }) => [this.key(key, scope), this.value(value, scope)] as const),
        );
      case 'member':
        return memberOf(this.value(expression.target, scope), this.value(expression.key, scope), this.budget);
      case 'slice': {
        const bounds = [expression.start, expression.stop, expression.step].map((bound) => this.bound(bound, scope));
        return sliceOf(this.value(expression.target, scope), bounds, this.budget);
      }
      case 'call':
        return this.call(expression, scope);
      case 'filter': {
        const isTolerant = TOLERANT_FILTERS.includes(expression.name);
        const target = isTolerant ? this.find(expression.target, scope) : this.value(expression.target, scope);
        return applyFilter(expression.name, target, this.args(expression.args, scope), this.budget, this.options.random);
      }
      case 'test': {
        const isTolerant = TOLERANT_TESTS.includes(expression.name);
        const target = isTolerant ? this.find(expression.target, scope) : this.value(expression.target, scope);
        return applyTest(expression.name, target, this.args(expression.args, scope), this.budget);
      }
      case 'not':
        return !isTruthy(this.value(expression.target, scope));
      case 'negate':
        return negate(this.value(expression.target, scope));
      case 'and':
      case 'or': {
        const left = this.value(expression.left, scope);
        return isTruthy(left) === (expression.kind === 'and') ? this.value(expression.right, scope) : left;
      }
      case 'in':
        return contains(this.value(expression.right, scope), this.value(expression.left, scope), this.budget);
      case 'binary':
        return operate(expression.operator, this.value(expression.left, scope), this.value(expression.right, scope), this.budget);
      case 'compare':
        return this.compare(expression, scope);
      case 'conditional':
        if (isTruthy(this.value(expression.condition, scope))) return this.value(expression.value, scope);
        return expression.otherwise ? this.value(expression.otherwise, scope) : undefined;
      case 'capture':
        return this.output(expression.body, scope);
      case 'caller':
        return this.macro('caller', expression.macro, scope);
    }
  }

  private name(name: string, scope: Scope): unknown {
    const own = scope.find(name);
    if (own) return own.value;
    if (Object.hasOwn(this.options.names, name)) return (this.options.names[name] as () => unknown)();
    if (name === 'range') return new TemplateFunction('range', (args) => range(args, this.budget));
    return Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  }

  private key(key: Expression, scope: Scope): string {
    const value = key.kind === 'name' ? key.name : this.value(key, scope);
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new TemplateError('type', `the key of an object must be a text, got ${typeName(value)}`, key.place);
  }

  private bound(bound: Expression | null, scope: Scope): number | null {
    if (!bound) return null;
    const value = this.value(bound, scope);
    if (value === null || Number.isSafeInteger(value)) return value as number | null;
    throw new TemplateError('type', `a slice needs whole numbers, got ${typeName(value)}`, bound.place);
  }

  private call({ target, args }: Extract<Expression, { kind: 'call' }>, scope: Scope): unknown {
    const called = this.value(target, scope);
    if (!(called instanceof TemplateFunction)) throw new TemplateError('type', `${describe(target)} is no function`);
    return called.call(this.args(args, scope), this.budget);
  }

  private args({ positional, named }: Arguments, scope: Scope): CallArguments {
    const argument = (expression: Expression): unknown => {
      const value = this.value(expression, scope);
      this.budget.read(value);
      return value;
    };
    return {
      positional: positional.map(argument),
      named: Object.fromEntries(named.map(({ name, value }) => [name, argument(value)])),
    };
  }

  /** `1 < x < 3` means `1 < x and x < 3`. */
  private compare({ first, rest }: Extract<Expression, { kind: 'compare' }>, scope: Scope): boolean {
    let left = this.value(first, scope);
    for (const { operator, value } of rest) {
      const right = this.value(value, scope);
      if (!compareBy(operator, left, right, this.budget)) return false;
      left = right;
    }
    return true;
  }

  /** Gives errors without a place the one of the innermost expression. */
  private placed<T>(place: TemplatePlace, run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw error instanceof TemplateError ? error.at(place) : error;
    }
  }

  private missing(expression: Expression, scope: Scope): TemplateError {
    if (expression.kind === 'member') {
      const target = this.value(expression.target, scope);
      const key = this.value(expression.key, scope);
      const name = typeof key === 'string' ? key : null;
      const suggestion = name === null ? null : nearestName(name, memberNames(target));
      const what = name === null ? `no element ${printValue(key, this.budget)}` : `no "${name}"`;
      return new TemplateError('undefined', `${describe(expression.target)} has ${what}`, expression.place, suggestion);
    }
    if (expression.kind !== 'name') {
      return new TemplateError('undefined', `${describe(expression)} has no value`, expression.place);
    }
    const { names } = this.options;
    const isWithoutDate = Object.hasOwn(names, expression.name);
    const message = isWithoutDate
      ? `"${expression.name}" does not exist in this run: it has no logical date`
      : `"${expression.name}" is not defined`;
    const suggestion = isWithoutDate ? null : nearestName(expression.name, Object.keys(names));
    return new TemplateError('undefined', message, expression.place, suggestion);
  }
}

/** One name takes the value, several take the elements of a list. */
function assign(names: readonly string[], value: unknown, scope: Scope): void {
  if (names.length === 1) return scope.set(names[0] as string, value);
  if (!Array.isArray(value) || value.length !== names.length) {
    throw new TemplateError('type', `${names.join(', ')} need a list of ${names.length} elements, got ${typeName(value)}`);
  }
  names.forEach((name, index) => scope.set(name, value[index] as unknown));
}

function loopOf(items: readonly unknown[], index: number): TemplateRecord {
  const { length } = items;
  return new TemplateRecord('loop', {
    index: () => index + 1,
    index0: () => index,
    revindex: () => length - index,
    revindex0: () => length - index - 1,
    first: () => index === 0,
    last: () => index === length - 1,
    length: () => length,
    previtem: () => items[index - 1],
    nextitem: () => items[index + 1],
    cycle: () => new TemplateFunction('cycle', ({ positional }) => positional[index % positional.length]),
  });
}

function range({ positional }: CallArguments, budget: Budget): number[] {
  const [first, second, step = 1] = positional.map((value) => {
    if (Number.isSafeInteger(value)) return value as number;
    throw new TemplateError('type', `range needs whole numbers, got ${typeName(value)}`);
  });
  if (first === undefined || step === 0) throw new TemplateError('value', 'range needs an end, and a step other than 0');
  const [start, end] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((end - start) / step));
  budget.spend(length);
  return Array.from({ length }, (_, index) => start + index * step);
}

function negate(value: unknown): unknown {
  if (typeof value === 'number') return -value;
  if (value instanceof TimeSpan) return value.times(-1);
  throw new TemplateError('type', `- needs a number, got ${typeName(value)}`);
}

function compareBy(operator: CompareOperator, left: unknown, right: unknown, budget: Budget): boolean {
  if (operator === '==' || operator === '!=') return isEqual(left, right, budget) === (operator === '==');
  const order = compareValues(left, right, budget);
  if (operator === '<') return order < 0;
  if (operator === '>') return order > 0;
  return operator === '<=' ? order <= 0 : order >= 0;
}

/** An expression as a message names it. */
function describe(expression: Expression): string {
  if (expression.kind === 'filter') return `the filter "${expression.name}"`;
  const path = pathOf(expression);
  return path === null ? 'the value' : `"${path}"`;
}

/** `params.rows[0].get()`; null for what does not begin with a name. */
function pathOf(expression: Expression): string | null {
  if (expression.kind === 'name') return expression.name;
  if (expression.kind !== 'member' && expression.kind !== 'call') return null;
  const target = pathOf(expression.target);
  if (target === null) return null;
  if (expression.kind === 'call') return `${target}()`;
  const { key } = expression;
  if (key.kind !== 'literal') return `${target}[...]`;
  return typeof key.value === 'string' ? `${target}.${key.value}` : `${target}[${String(key.value)}]`;
}
