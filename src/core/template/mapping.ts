import { TemplateObject } from './template-object.js';

/** An object with keys: neither a list nor one of ours. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TemplateObject);
}
