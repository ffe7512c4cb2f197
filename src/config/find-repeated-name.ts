/** A name that an object literal gives twice, such as `api.port`; JavaScript would let the last one win without a word. */
import type { Module } from '@swc/core';

interface Node {
  readonly type?: string;
  readonly properties?: readonly Node[];
  readonly key?: Node;
  readonly value?: unknown;
}

/** Looks through a parsed file; null when no object literal repeats a name. Computed names are not looked at. */
export function findRepeatedName(module: Module): string | null {
  return searchIn(module.body, []);
}

function searchIn(part: unknown, path: readonly string[]): string | null {
  if (part === null || typeof part !== 'object') return null;
  const { type, properties } = part as Node;
  if (type === 'ObjectExpression' && properties) return searchInObject(properties, path);
  for (const child of Object.values(part)) {
    const found = searchIn(child, path);
    if (found !== null) return found;
  }
  return null;
}

function searchInObject(properties: readonly Node[], path: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const property of properties) {
    const isNamed = property.type === 'KeyValueProperty' && ['Identifier', 'StringLiteral'].includes(property.key?.type ?? '');
    const name = isNamed ? String(property.key?.value) : null;
    if (name !== null && seen.has(name)) return [...path, name].join('.');
    if (name !== null) seen.add(name);
    const found = searchIn(isNamed ? property.value : property, name === null ? path : [...path, name]);
    if (found !== null) return found;
  }
  return null;
}
