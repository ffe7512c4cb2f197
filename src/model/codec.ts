import { AirflowLikeError } from './errors.js';
import type { TaggedJson } from './tagged-json.js';

/**
 * Turns JavaScript values into `TaggedJson` and back. It owns the rule what may travel between tasks: JSON, `Date`, `bigint`, `Map`,
 * `Set` and `Uint8Array`/`Buffer`. Everything that JSON would lose without a word (NaN, Infinity, `undefined` inside a value, functions,
 * class instances, circles) is refused with the key path. It does not know sizes: the limit of an XCom is its caller's.
 *
 * `-0` becomes `0`, an object without prototype becomes an ordinary one, and symbol keys are left out, as in JSON.
 */

type NotSerializable = 'XCOM_NOT_SERIALIZABLE' | 'ARG_NOT_SERIALIZABLE';

/** Deeper values are refused: they would overflow the stack of some reader on their way. */
const MAX_DEPTH = 500;
/** A level of a Map, the widest tag, is four of JSON. */
const MAX_JSON_DEPTH = 4 * MAX_DEPTH;
const ALLOWED = 'JSON values, Date, bigint, Map, Set, Uint8Array and Buffer';
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** NUL and halves of surrogate pairs are valid in JavaScript strings, but a Postgres `jsonb` refuses them. */
const UNSAFE_TEXT = /[\0]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/**
 * The tagged form of `value`. `place` begins the key path in messages, for example `return_value` or `tasks.load.args`.
 * A top-level `undefined` means "no output" and has no tagged form: callers ask for it before.
 * @throws AirflowLikeError with `code`, naming the key path of the first part that cannot be stored.
 */
export function encodeTagged(value: unknown, place: string, code: NotSerializable = 'XCOM_NOT_SERIALIZABLE'): TaggedJson {
  return new Encoder(code).encode(value, place, 0);
}

/** Stands for `undefined` where a list needs something in its place. `encodeTagged` never makes it: what a task hands on has no such parts. */
export const ABSENT: TaggedJson = { $type: 'undefined' };

/** The value that `encodeTagged` was given. Keys such as `__proto__` become own properties and never touch a prototype. */
export function decodeTagged(value: TaggedJson): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(decodeTagged);
  if (typeof value['$type'] === 'string') return decodeTag(value['$type'], value['value'] as TaggedJson);
  return plainObject(Object.entries(value).map(([key, part]) => [key, decodeTagged(part)]));
}

/** Length as `TaskInstance.outputLength` defines it: of an array or an object, -1 for every other value. */
export function outputLength(value: TaggedJson): number {
  if (value === null || typeof value !== 'object') return -1;
  if (isList(value)) return value.length;
  if (value['$type'] === 'object') return (value['value'] as readonly TaggedJson[]).length;
  return '$type' in value ? -1 : Object.keys(value).length;
}

/**
 * True for what a Postgres `jsonb` takes and `decodeTagged` understands, whoever made it. For values whose maker is not to be trusted, where
 * `encodeTagged` is not at hand.
 */
export function isTaggedJson(value: unknown): value is TaggedJson {
  if (!isStorable(value, 0)) return false;
  try {
    decodeTagged(value);
    return true;
  } catch {
    return false;
  }
}

/** False for a text that Postgres would refuse, or change on its way. */
export function isStorableText(text: string): boolean {
  return !UNSAFE_TEXT.test(text);
}

function isStorable(value: unknown, depth: number): value is TaggedJson {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || depth > MAX_JSON_DEPTH) return false;
  if (Array.isArray(value)) return value.every((part) => isStorable(part, depth + 1));
  return Object.entries(value).every(([key, part]) => isStorableText(key) && isStorable(part, depth + 1));
}

class Encoder {
  readonly #code: NotSerializable;
  /** Objects between the root and the current part; meeting one again is a circle. */
  readonly #open = new Set<object>();

  constructor(code: NotSerializable) {
    this.#code = code;
  }

  encode(value: unknown, path: string, depth: number): TaggedJson {
    switch (typeof value) {
      case 'string':
        return encodeText(value);
      case 'boolean':
        return value;
      case 'number':
        if (!Number.isFinite(value)) throw this.#refuse(path, `is ${value}`);
        return value === 0 ? 0 : value;
      case 'bigint':
        return { $type: 'bigint', value: String(value) };
      case 'undefined':
        throw this.#refuse(path, 'is undefined', 'use null, or leave the key out');
      case 'function':
        throw this.#refuse(path, 'is a function');
      case 'symbol':
        throw this.#refuse(path, 'is a symbol');
      case 'object':
        return value === null ? null : this.#encodeObject(value, path, depth);
    }
  }

  #encodeObject(value: object, path: string, depth: number): TaggedJson {
    if (this.#open.has(value)) throw this.#refuse(path, 'refers back to a value that contains it');
    if (depth > MAX_DEPTH) throw this.#refuse(path.slice(0, 80), `is nested deeper than ${MAX_DEPTH} levels`);
    this.#open.add(value);
    try {
      return this.#encodeParts(value, path, depth + 1);
    } catch (error) {
      if (error instanceof AirflowLikeError) throw error;
      throw this.#refuse(path, `could not be read (${describeThrown(error)})`, undefined, error);
    } finally {
      this.#open.delete(value);
    }
  }

  #encodeParts(value: object, path: string, depth: number): TaggedJson {
    if (Array.isArray(value)) return this.#encodeItems(value, path, depth);
    switch (Object.prototype.toString.call(value)) {
      case '[object Date]': {
        const time = Date.prototype.getTime.call(value);
        if (Number.isNaN(time)) throw this.#refuse(path, 'is an invalid Date');
        return { $type: 'Date', value: new Date(time).toISOString() };
      }
      case '[object Map]': {
        const entries: TaggedJson[] = [];
        for (const [key, part] of value as Map<unknown, unknown>) {
          const name = typeof key === 'string' ? JSON.stringify(key) : `#${entries.length}`;
          entries.push([this.encode(key, `${path}.key(${name})`, depth), this.encode(part, `${path}.get(${name})`, depth)]);
        }
        return { $type: 'Map', value: entries };
      }
      case '[object Set]':
        return { $type: 'Set', value: this.#encodeItems([...(value as Set<unknown>)], path, depth) };
      case '[object Uint8Array]': {
        const bytes = value as Uint8Array;
        const type = value instanceof Buffer ? 'Buffer' : 'Uint8Array';
        return { $type: type, value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
      }
    }
    if (!isPlain(value)) throw this.#refuse(path, `is ${describeInstance(value)}`, 'return plain data made from it');
    return this.#encodeFields(value, path, depth);
  }

  #encodeItems(items: readonly unknown[], path: string, depth: number): TaggedJson[] {
    const encoded: TaggedJson[] = [];
    for (let index = 0; index < items.length; index++) {
      if (!(index in items)) throw this.#refuse(`${path}[${index}]`, 'is a hole in an array', 'use null');
      encoded.push(this.encode(items[index], `${path}[${index}]`, depth));
    }
    return encoded;
  }

  #encodeFields(value: object, path: string, depth: number): TaggedJson {
    const entries: (readonly [string, TaggedJson])[] = [];
    let plain = true;
    for (const key of Object.keys(value)) {
      if (key === '$type' || key === '__proto__' || UNSAFE_TEXT.test(key)) plain = false;
      entries.push([key, this.encode((value as Record<string, unknown>)[key], joinPath(path, key), depth)]);
    }
    if (plain) return Object.fromEntries(entries);
    return { $type: 'object', value: entries.map(([key, part]) => [encodeText(key), part]) };
  }

  #refuse(place: string, message: string, suggestion?: string, cause?: unknown): AirflowLikeError {
    const hint = suggestion ? ` (${suggestion})` : '';
    return new AirflowLikeError(this.#code, { place, message: message + hint, allowed: ALLOWED, cause });
  }
}

function encodeText(text: string): TaggedJson {
  return UNSAFE_TEXT.test(text) ? { $type: 'string', value: Buffer.from(text, 'utf16le').toString('base64') } : text;
}

function decodeTag(type: string, value: TaggedJson): unknown {
  switch (type) {
    case 'Date':
      return new Date(value as string);
    case 'bigint':
      return BigInt(value as string);
    case 'Map':
      return new Map((value as [TaggedJson, TaggedJson][]).map(([key, part]) => [decodeTagged(key), decodeTagged(part)]));
    case 'Set':
      return new Set((value as readonly TaggedJson[]).map(decodeTagged));
    case 'Uint8Array':
      return new Uint8Array(Buffer.from(value as string, 'base64'));
    case 'Buffer':
      return Buffer.from(value as string, 'base64');
    case 'undefined':
      return undefined;
    case 'string':
      return Buffer.from(value as string, 'base64').toString('utf16le');
    case 'object':
      return plainObject(
        (value as [TaggedJson, TaggedJson][]).map(([key, part]) => [decodeTagged(key) as string, decodeTagged(part)]),
      );
    default:
      throw new AirflowLikeError('XCOM_NOT_SERIALIZABLE', { message: 'a stored value has an unknown tag', value: type });
  }
}

/** `Object.fromEntries` defines own properties, `__proto__` included: it never calls the setter of `Object.prototype`. */
function plainObject(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

/** True for `{}` of any realm and for objects without prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty'));
}

function isList(value: TaggedJson): value is readonly TaggedJson[] {
  return Array.isArray(value);
}

function joinPath(path: string, key: string): string {
  return IDENTIFIER.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function describeInstance(value: object): string {
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise that was not awaited';
  if (value instanceof Error) return `an error (${value.name}: ${value.message})`;
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'not a plain object';
}

/** A getter may throw anything, also what cannot be turned into a text. */
function describeThrown(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'a value that cannot be shown was thrown';
  }
}
