/**
 * - `syntax`: the text is no template, or uses something of the language that is not offered.
 * - `name`: a filter or test that does not exist.
 * - `undefined`: a variable, attribute or element that does not exist.
 * - `type`: a value of the wrong type.
 * - `value`: a value that a macro or filter cannot take.
 * - `overflow`: a date beyond those that there are.
 * - `limit`: the template does too much.
 */
export type TemplateErrorKind = 'syntax' | 'name' | 'undefined' | 'type' | 'value' | 'overflow' | 'limit';

/** A place in a template; both count from 1. */
export interface TemplatePlace {
  readonly line: number;
  readonly column: number;
}

/** Why a template cannot be parsed or rendered. Filters and macros throw it without a place; the renderer adds that of the expression. */
export class TemplateError extends Error {
  readonly kind: TemplateErrorKind;
  readonly place: TemplatePlace | null;
  /** The nearest right name. */
  readonly suggestion: string | null;

  constructor(kind: TemplateErrorKind, message: string, place: TemplatePlace | null = null, suggestion: string | null = null) {
    super(message);
    this.name = 'TemplateError';
    this.kind = kind;
    this.place = place;
    this.suggestion = suggestion;
  }

  at(place: TemplatePlace): TemplateError {
    return this.place === null ? new TemplateError(this.kind, this.message, place, this.suggestion) : this;
  }
}
