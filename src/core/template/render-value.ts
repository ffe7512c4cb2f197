/** Renders every text of a value that an author wrote: the field of an operator, with its lists and objects. */
import { AirflowLikeError } from '../../model/errors.js';
import { plainText, isTemplate, parseTemplate } from './parse-template.js';
import { renderTemplate, type RenderOptions } from './render-template.js';
import { TemplateError } from './template-error.js';
import type { Template } from './template-node.js';

const MAX_DEPTH = 100;

/** Templates that were parsed before, by their text, the one used last at the end. */
export class TemplateCache {
  private readonly templates = new Map<string, Template>();

  constructor(private readonly maxSize = 500) {}

  /** @throws TemplateError */
  parse(text: string): Template {
    const known = this.templates.get(text);
    if (known) {
      this.templates.delete(text);
      this.templates.set(text, known);
      return known;
    }
    const template = parseTemplate(text);
    this.templates.set(text, template);
    if (this.templates.size > this.maxSize) this.templates.delete(this.templates.keys().next().value as string);
    return template;
  }
}

/**
 * @param field Names the value in messages.
 * @throws AirflowLikeError TEMPLATE_ERROR with field, line and column.
 * @throws NeedValue when a value has to be found first.
 */
export function renderValue(value: unknown, field: string, cache: TemplateCache, options: RenderOptions): unknown {
  return mapTexts(value, field, (text) => (isTemplate(text) ? renderTemplate(cache.parse(text), options) : plainText(text)));
}

/** @throws AirflowLikeError TEMPLATE_ERROR for the first text in the value that cannot be a template. */
export function checkTemplates(value: unknown, field: string): void {
  mapTexts(value, field, (text) => {
    if (isTemplate(text)) parseTemplate(text);
    return text;
  });
}

/** Lists and plain objects are gone through; what else there is (functions, dates, objects of classes) stays as it is. */
function mapTexts(value: unknown, field: string, change: (text: string) => string): unknown {
  const open = new Set<object>();
  const visit = (part: unknown, path: string): unknown => {
    if (typeof part === 'string') return placed(path, () => change(part));
    if (!Array.isArray(part) && !isPlainObject(part)) return part;
    if (open.has(part) || open.size >= MAX_DEPTH) {
      const message = open.has(part) ? 'this value contains itself' : `this value is nested more than ${MAX_DEPTH} levels deep`;
      throw new AirflowLikeError('TEMPLATE_ERROR', { place: `field ${path}`, message });
    }
    open.add(part);
    const changed = Array.isArray(part)
      ? part.map((item, index) => visit(item, `${path}[${index}]`))
      : Object.fromEntries(Object.entries(part).map(([key, item]) => [key, visit(item, `${path}.${key}`)]));
    open.delete(part);
    return changed;
  };
  return visit(value, field);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Objects of another module scope have another `Object.prototype`.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function placed<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { place, message, suggestion } = error;
    throw new AirflowLikeError('TEMPLATE_ERROR', {
      place: `field ${path}${place ? ` ${place.line}:${place.column}` : ''}`,
      message,
      suggestion,
    });
  }
}
