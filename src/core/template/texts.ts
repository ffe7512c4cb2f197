/** What filters and methods do to texts. */
import type { Budget } from './budget.js';

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

/** In the middle of `width`; of an odd number of blanks the odd one goes to the left if the width is odd as well, as in Python. */
export function center(text: string, width: number, fill = ' '): string {
  const missing = Math.max(0, width - text.length);
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return text.padStart(text.length + left, fill).padEnd(width, fill);
}

/** Without the characters around it that are in `characters`; without that text, without blanks. */
export function strip(text: string, characters: unknown, fromStart: boolean, fromEnd: boolean): string {
  const isKept = (one: string): boolean => (typeof characters === 'string' ? !characters.includes(one) : one.trim() !== '');
  const all = [...text];
  const start = fromStart ? all.findIndex(isKept) : 0;
  const end = fromEnd ? all.findLastIndex(isKept) + 1 : all.length;
  return start < 0 ? '' : all.slice(start, end).join('');
}

/** Replaces every occurrence, or the first `count`; a negative count means all. Before the result is made its length is known. */
export function replaceAll(text: string, old: string, replacement: string, count: number, budget: Budget): string {
  const parts = old === '' ? ['', ...text, ''] : text.split(old);
  const occurrences = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  budget.spend(parts.length);
  budget.text(text.length + occurrences * (replacement.length - old.length));
  return (
    parts.slice(0, occurrences + 1).join(replacement) +
    parts
      .slice(occurrences + 1)
      .map((part) => old + part)
      .join('')
  );
}

/** Before the result is made its length is known. */
export function joinTexts(texts: readonly string[], separator: string, budget: Budget): string {
  budget.text(texts.reduce((sum, text) => sum + text.length, separator.length * (texts.length - 1)));
  return texts.join(separator);
}
