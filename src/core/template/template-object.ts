import type { Budget } from './budget.js';

/** Arguments as a filter, macro or method gets them. */
export interface CallArguments {
  readonly positional: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

/** A value of a template that has members of its own: an instant, `ti`, `macros`. Nothing else of it can be reached. */
export abstract class TemplateObject {
  /** Undefined: there is no such member. */
  abstract member(name: string): unknown;
  /** For the message about one that does not exist. */
  abstract memberNames(): readonly string[];
  /** How it prints. */
  abstract toString(): string;

  /** The type of a run is its name, and its `value` too, as an enumeration of texts is in Python. */
  equals(other: unknown): boolean {
    return this === other || this.toString() === other;
  }

  /** As messages call it. */
  readonly typeName: string = 'an object';
}

/** Members that are found when they are asked for, and not before. A member that gives undefined does not exist. */
export class TemplateRecord extends TemplateObject {
  constructor(
    private readonly text: string,
    private readonly members: Readonly<Record<string, () => unknown>>,
    /** Finds members whose names are not known beforehand. */
    private readonly other: (name: string) => unknown = () => undefined,
  ) {
    super();
  }

  override member(name: string): unknown {
    return Object.hasOwn(this.members, name) ? (this.members[name] as () => unknown)() : this.other(name);
  }

  override memberNames(): readonly string[] {
    return Object.keys(this.members);
  }

  override toString(): string {
    return this.text;
  }
}

/** The only thing in a template that can be called. It may have members besides, as Python's `datetime` has. */
export class TemplateFunction extends TemplateObject {
  override readonly typeName = 'a function';

  constructor(
    readonly name: string,
    readonly call: (args: CallArguments, budget: Budget) => unknown,
    private readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super();
  }

  override member(name: string): unknown {
    return Object.hasOwn(this.members, name) ? this.members[name] : undefined;
  }

  override memberNames(): readonly string[] {
    return Object.keys(this.members);
  }

  override toString(): string {
    return `[function ${this.name}]`;
  }
}

/** What a value is, as messages call it. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof TemplateObject) return value.typeName;
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
    case 'bigint':
      return 'a number';
    case 'boolean':
      return 'a boolean';
    case 'undefined':
      return 'nothing';
    default:
      return 'an object';
  }
}
