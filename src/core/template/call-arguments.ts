/** Reads the arguments of filters, macros and methods by position or by name, and says which one is wrong. */
import { TemplateError } from './template-error.js';
import { typeName, type CallArguments } from './template-object.js';

export class ArgumentReader {
  /** @param names of the parameters, in order. */
  constructor(
    private readonly owner: string,
    private readonly args: CallArguments,
    private readonly names: readonly string[],
  ) {
    if (args.positional.length > names.length) {
      throw new TemplateError('type', `${owner} takes at most ${names.length} arguments, got ${args.positional.length}`);
    }
    for (const name of Object.keys(args.named)) {
      const index = names.indexOf(name);
      if (index < 0) throw new TemplateError('type', `${owner} has no argument "${name}"; it has ${names.join(', ') || 'none'}`);
      if (index < args.positional.length) throw new TemplateError('type', `${owner} got its argument "${name}" twice`);
    }
  }

  /** Undefined: not given. */
  value(name: string): unknown {
    const index = this.names.indexOf(name);
    return index < this.args.positional.length ? this.args.positional[index] : this.args.named[name];
  }

  text(name: string, fallback?: string): string {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'string') return value;
    throw this.wrong(name, 'a text', value);
  }

  number(name: string, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'number') return value;
    throw this.wrong(name, 'a number', value);
  }

  integer(name: string, fallback?: number): number {
    const value = this.number(name, fallback);
    if (Number.isSafeInteger(value)) return value;
    throw this.wrong(name, 'a whole number', value);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false', value);
  }

  private wrong(name: string, expected: string, value: unknown): TemplateError {
    const got = typeof value === 'number' ? String(value) : typeName(value);
    return new TemplateError('type', `${this.owner} needs ${expected} as its argument "${name}", got ${got}`);
  }
}
