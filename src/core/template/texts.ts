/** What filters and methods do to texts. */
import type { Budget } from './budget.js';

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

/** Every run of letters begins with a capital. */
export function titleCase(text: string): string {
  return text.replace(/[\p{L}\p{N}']+/gu, capitalize);
}

/** In the middle of `width`; a blank too many goes to the right. */
export function center(text: string, width: number, fill = ' '): string {
  const missing = Math.max(0, width - text.length);
  return text.padStart(text.length + Math.floor(missing / 2), fill).padEnd(width, fill);
}

/** Replaces every occurrence, or the first `count`; a negative count means all. Before the result is made its length is known. */
export function replaceAll(text: string, old: string, replacement: string, count: number, budget: Budget): string {
  budget.text(text.length + old.length);
  const parts = old === '' ? ['', ...text, ''] : text.split(old);
  const occurrences = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  budget.spend(parts.length);
  budget.text(text.length + occurrences * Math.max(0, replacement.length - old.length));
  return (
    parts.slice(0, occurrences + 1).join(replacement) +
    parts
      .slice(occurrences + 1)
      .map((part) => old + part)
      .join('')
  );
}
