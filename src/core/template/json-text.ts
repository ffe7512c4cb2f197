import type { Budget } from './budget.js';
import { isMapping } from './mapping.js';
import { TemplateObject } from './template-object.js';

const MAX_INDENT = 10;

/**
 * JSON of a value; instants and other objects of ours as texts. Unlike `JSON.stringify` it pays for every part before it is made, and calls nothing
 * that a value brought along.
 * @param indent Blanks for each level; 0 is all on one line.
 * @throws TemplateError of kind `limit`.
 */
export function jsonText(value: unknown, budget: Budget, indent = 0): string {
  const step = ' '.repeat(Math.min(Math.max(indent, 0), MAX_INDENT));
  const [newline, colon] = step === '' ? [() => '', ':'] : [(margin: string) => `\n${margin}`, ': '];
  let text = '';
  const add = (piece: string): void => {
    text += piece;
    budget.fits(text.length);
  };
  const addAll = <T>(open: string, items: readonly T[], close: string, margin: string, addItem: (item: T) => void): void => {
    if (items.length === 0) return add(open + close);
    items.forEach((item, index) => {
      add((index === 0 ? open : ',') + newline(margin + step));
      addItem(item);
    });
    add(newline(margin) + close);
  };
  const write = (part: unknown, margin: string): void => {
    budget.spend(1);
    const inner = margin + step;
    if (Array.isArray(part)) return addAll('[', part as unknown[], ']', margin, (item) => write(item, inner));
    if (!isMapping(part)) return add(leafText(part));
    const entries = Object.entries(part).filter(([, item]) => item !== undefined && typeof item !== 'function');
    addAll('{', entries, '}', margin, ([key, item]) => {
      add(JSON.stringify(key) + colon);
      write(item, inner);
    });
  };
  write(value, '');
  budget.text(text.length);
  return text;
}

function leafText(value: unknown): string {
  // `JSON.stringify` would call what a function has as `toJSON`.
  if (typeof value === 'function') return 'null';
  return JSON.stringify(value instanceof TemplateObject || typeof value === 'bigint' ? String(value) : value) ?? 'null';
}
