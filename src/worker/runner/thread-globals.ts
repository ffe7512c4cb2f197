/**
 * What a task may change in its thread so that the next attempt would see it. Environment variables are put back; a thread whose built-in
 * objects were changed (`JSON.stringify = ...`, `console.log = ...`) is not fit for another attempt. What the author's modules change
 * while they are loaded stays: they are loaded once. Names that are added to `globalThis` stay too: packages keep their state there.
 */
const { getOwnPropertyDescriptor, ownKeys } = Reflect;

interface Remembered {
  readonly holder: object;
  readonly key: PropertyKey;
  readonly value: unknown;
  readonly name: string;
}

const HOLDERS: Readonly<Record<string, object>> = {
  JSON,
  Reflect,
  Math,
  console,
  Object,
  'Object.prototype': Object.prototype,
  'Function.prototype': Function.prototype,
  Array,
  'Array.prototype': Array.prototype,
  'String.prototype': String.prototype,
  'RegExp.prototype': RegExp.prototype,
  Number,
  Date,
  'Date.prototype': Date.prototype,
  Promise,
  'Promise.prototype': Promise.prototype,
  'Map.prototype': Map.prototype,
  'Set.prototype': Set.prototype,
  Buffer,
  process,
  globalThis,
};

export class ThreadGlobals {
  private builtIns: readonly Remembered[] = [];
  private environment: NodeJS.ProcessEnv = { ...process.env };

  /** Remembers all as it is now: when modules of an author have just been loaded. */
  remember(): void {
    this.builtIns = Object.entries(HOLDERS).flatMap(([name, holder]) => functionsOf(name, holder));
    this.environment = { ...process.env };
  }

  restoreEnvironment(): void {
    const { env } = process;
    for (const name in env) if (!(name in this.environment)) delete env[name];
    for (const name in this.environment) if (env[name] !== this.environment[name]) env[name] = this.environment[name];
  }

  /**
   * The name of a built-in function that is no longer what it was; null: none is. Uses nothing that could have been changed.
   */
  changedBuiltIn(): string | null {
    const { builtIns } = this;
    for (let index = 0; index < builtIns.length; index += 1) {
      const { holder, key, value, name } = builtIns[index] as Remembered;
      if ((holder as Record<PropertyKey, unknown>)[key] !== value) return name;
    }
    return null;
  }
}

/** Getters are left out: asking them may create what they give. */
function functionsOf(name: string, holder: object): Remembered[] {
  const found: Remembered[] = [];
  for (const key of ownKeys(holder)) {
    const value: unknown = getOwnPropertyDescriptor(holder, key)?.value;
    if (typeof value === 'function') found.push({ holder, key, value, name: `${name}.${String(key)}` });
  }
  return found;
}
