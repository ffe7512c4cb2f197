/** How many parameters a function declares, read from its text: `length` counts neither those with a default nor those behind one. */

type Callable = (...parameters: readonly unknown[]) => unknown;

/** Null when there is no limit, because the last parameter collects all others. */
export function parameterCount(run: Callable): number | null {
  const text = Function.prototype.toString.call(run);
  if (/\{\s*\[native code\]\s*\}$/.test(text)) return run.length;
  const parameters = parametersIn(text);
  if (parameters === null) return 1;
  return parameters.at(-1)?.startsWith('...') ? null : parameters.length;
}

const OPENING = '([{';
const CLOSING = ')]}';

/** The texts of the parameters; null for an arrow function whose only parameter stands without parentheses. */
function parametersIn(text: string): readonly string[] | null {
  const start = text.indexOf('(');
  const arrow = text.indexOf('=>');
  if (start < 0 || (arrow >= 0 && arrow < start)) return null;
  const parameters: string[] = [];
  let current = '';
  let depth = 1;
  for (let index = start + 1; depth > 0 && index < text.length;) {
    const end = endOfLiteral(text, index, current);
    if (end > index) {
      current += text.startsWith('//', index) || text.startsWith('/*', index) ? ' ' : text.slice(index, end);
      index = end;
      continue;
    }
    const character = text.charAt(index++);
    if (OPENING.includes(character)) depth++;
    if (CLOSING.includes(character)) depth--;
    if (depth === 0 || (depth === 1 && character === ',')) {
      parameters.push(current.trim());
      current = '';
    } else current += character;
  }
  // Nothing behind a last comma is no parameter.
  return parameters.at(-1) === '' ? parameters.slice(0, -1) : parameters;
}

/** Behind the comment, text or regular expression that begins at `index`; `index` itself when none does. `before` is what stands before it. */
function endOfLiteral(text: string, index: number, before: string): number {
  const character = text.charAt(index);
  if (text.startsWith('//', index)) return behind(text, '\n', index + 2);
  if (text.startsWith('/*', index)) return behind(text, '*/', index + 2);
  if (character === '"' || character === "'" || character === '`') return endOfQuoted(text, index, character);
  if (character === '/' && /[=([{,:?!&|>]\s*$/.test(before)) return endOfQuoted(text, index, '/');
  return index;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let inClass = false;
  for (let index = start + 1; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '\\') index++;
    else if (quote === '/' && (character === '[' || character === ']')) inClass = character === '[';
    else if (quote === '`' && text.startsWith('${', index)) index = endOfSubstitution(text, index + 2) - 1;
    else if (character === quote && !inClass) return index + 1;
  }
  return text.length;
}

/** Behind the `}` of a `${` of a template. */
function endOfSubstitution(text: string, start: number): number {
  let depth = 1;
  let index = start;
  while (depth > 0 && index < text.length) {
    const end = endOfLiteral(text, index, text.slice(start, index));
    if (end > index) index = end;
    else {
      const character = text.charAt(index++);
      if (character === '{') depth++;
      if (character === '}') depth--;
    }
  }
  return index;
}

function behind(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}
