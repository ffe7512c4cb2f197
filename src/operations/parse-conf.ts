/**
 * The `conf` of a run, as JSON text or as a value. Stricter than `JSON.parse`, which lets the last of two equal keys win, turns 1e400
 * into Infinity and overflows the stack of the next reader when the text is deep enough.
 */
import { AirflowLikeError, showValue } from '../model/errors.js';

/** Deepest nesting of a conf. */
const MAX_DEPTH = 32;
/** Longest text of a conf, in UTF-16 units. */
const MAX_LENGTH = 1_048_576;

export type Conf = Readonly<Record<string, unknown>>;

/**
 * Parses a conf. `place` names the flag or field it came from.
 * @throws AirflowLikeError JSON_INVALID with line and column (also for two equal keys and for numbers and integers that a double cannot hold),
 * CONF_NOT_OBJECT, JSON_TOO_DEEP, BODY_TOO_LARGE.
 */
export function parseConf(text: string, place: string): Conf {
  checkLength(text.length, place);
  return requireObject(new JsonReader(text, place).read(), place);
}

/**
 * Parses a JSON array with the same strictness.
 * @throws AirflowLikeError JSON_INVALID (also for a value that is no array), JSON_TOO_DEEP, BODY_TOO_LARGE.
 */
export function parseJsonList(text: string, place: string): readonly unknown[] {
  checkLength(text.length, place);
  const value = new JsonReader(text, place).read();
  if (Array.isArray(value)) return value;
  throw new AirflowLikeError('JSON_INVALID', { place, message: 'this is not a JSON array', value, allowed: '[value, ...]' });
}

/**
 * Checks a conf that is a value already; null and undefined are the empty conf.
 * @throws AirflowLikeError CONF_NOT_OBJECT, JSON_INVALID (a value that JSON does not have), JSON_TOO_DEEP, BODY_TOO_LARGE.
 */
export function checkConf(value: unknown, place: string): Conf {
  if (value === null || value === undefined) return {};
  const conf = requireObject(value, place);
  checkValue(conf, place, 1, new Set());
  checkLength(JSON.stringify(conf).length, place);
  return conf;
}

function requireObject(value: unknown, place: string): Conf {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Conf;
  throw new AirflowLikeError('CONF_NOT_OBJECT', {
    place,
    message: 'this is not a JSON object',
    value,
    allowed: '{"name": value, ...}',
  });
}

function checkLength(length: number, place: string): void {
  if (length <= MAX_LENGTH) return;
  throw new AirflowLikeError('BODY_TOO_LARGE', { place, message: `${length} characters are more than ${MAX_LENGTH}` });
}

function tooDeep(place: string): AirflowLikeError {
  return new AirflowLikeError('JSON_TOO_DEEP', { place, message: `nested deeper than ${MAX_DEPTH} levels` });
}

function checkValue(value: unknown, path: string, depth: number, parents: Set<object>): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') return checkText(value, path);
  if (typeof value === 'number' && Number.isFinite(value)) return;
  const isPlain =
    typeof value === 'object' && (Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value)));
  if (!isPlain) throw new AirflowLikeError('JSON_INVALID', { place: path, message: 'JSON has no such value', value });
  if (depth > MAX_DEPTH || parents.has(value as object)) throw tooDeep(path);
  parents.add(value as object);
  for (const [key, part] of Object.entries(value as object)) {
    checkText(key, path);
    if (part !== undefined) checkValue(part, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, depth + 1, parents);
  }
  parents.delete(value as object);
}

/** NUL and halves of surrogate pairs: valid in JavaScript, refused by a Postgres `jsonb`. */
export const UNSAFE_TEXT = /[\0]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function checkText(text: string, place: string): void {
  if (UNSAFE_TEXT.test(text)) {
    throw new AirflowLikeError('JSON_INVALID', {
      place,
      message: 'the text holds a NUL character or half a character',
      value: text,
    });
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// A quoted text without raw control characters, with the escapes that JSON knows.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const BLANKS = /[ \t\r\n]*/y;
const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
]);

/** Recursive descent over one text; the recursion is bounded by `MAX_DEPTH`. */
class JsonReader {
  private offset = 0;

  constructor(
    private readonly text: string,
    private readonly place: string,
  ) {}

  read(): unknown {
    const value = this.value(1);
    if (this.offset < this.text.length) this.fail('there is more text after the end of the JSON');
    return value;
  }

  private value(depth: number): unknown {
    this.match(BLANKS);
    const value = this.valueHere(depth);
    this.match(BLANKS);
    return value;
  }

  private valueHere(depth: number): unknown {
    const first = this.text[this.offset];
    if (first === undefined) this.fail('the text ends where a value should be');
    if (first === '{' || first === '[') {
      if (depth > MAX_DEPTH) throw tooDeep(this.place);
      this.offset++;
      return first === '{' ? this.object(depth) : this.list(depth);
    }
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.offset)) continue;
      this.offset += word.length;
      return value;
    }
    return this.number();
  }

  private object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.match(BLANKS);
    if (this.skip('}')) return object;
    do {
      this.match(BLANKS);
      if (this.text[this.offset] !== '"') this.fail('a name in double quotes should be here');
      const start = this.offset;
      const key = this.string();
      if (Object.hasOwn(object, key)) this.fail(`the name ${JSON.stringify(key)} is given twice`, start);
      this.match(BLANKS);
      if (!this.skip(':')) this.fail('a colon should be here');
      // Not an assignment: a key such as __proto__ must become a property like any other.
      Object.defineProperty(object, key, { value: this.value(depth + 1), enumerable: true, writable: true, configurable: true });
    } while (this.skip(','));
    if (!this.skip('}')) this.fail('a comma or } should be here');
    return object;
  }

  private list(depth: number): unknown[] {
    const list: unknown[] = [];
    this.match(BLANKS);
    if (this.skip(']')) return list;
    do list.push(this.value(depth + 1));
    while (this.skip(','));
    if (!this.skip(']')) this.fail('a comma or ] should be here');
    return list;
  }

  private string(): string {
    const start = this.offset;
    const quoted = this.match(STRING);
    if (quoted === '') this.fail('this text is not closed, or holds a character that must be escaped');
    const value = JSON.parse(quoted) as string;
    if (UNSAFE_TEXT.test(value)) this.fail('the text holds a NUL character or half a character', start);
    return value;
  }

  private number(): number {
    const start = this.offset;
    const digits = this.match(NUMBER);
    if (digits === '') this.fail(`${showValue(this.text[this.offset])} does not begin a JSON value`);
    const value = Number(digits);
    if (!Number.isFinite(value)) this.fail(`the number ${digits.slice(0, 40)} is too large`, start);
    // As a double it would silently become another number.
    if (/^-?\d+$/.test(digits) && !Number.isSafeInteger(value) && String(value) !== digits && String(BigInt(value)) !== digits)
      this.fail(`the number ${digits.slice(0, 40)} cannot be held exactly; write it as a text, in quotes`, start);
    return value;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.offset += found.length;
    return found;
  }

  private skip(character: string): boolean {
    if (this.text[this.offset] !== character) return false;
    this.offset++;
    return true;
  }

  private fail(message: string, offset = this.offset): never {
    const before = this.text.slice(0, offset).split('\n');
    const line = before.length;
    const column = (before.at(-1) as string).length + 1;
    throw new AirflowLikeError('JSON_INVALID', { place: `${this.place} at ${line}:${column}`, message, line, column });
  }
}
