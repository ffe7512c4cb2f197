import { TemplateError } from './template-error.js';

/** Steps of one rendering: a node that is evaluated, an element or a hundred characters that are gone through. */
const MAX_STEPS = 1_000_000;
/** Longest text that a template may make, in UTF-16 units. */
const MAX_TEXT = 1_000_000;
/** Macros within macros. */
const MAX_DEPTH = 50;

/**
 * What one rendering may still do, so that no template can hang or fill the memory of its worker. Whatever takes longer for a longer value has to
 * be paid for here, also what makes nothing: a value may hold another one many times over, so that few steps make a list that is endless to go through.
 */
export class Budget {
  private steps = 0;
  private depth = 0;

  /** @throws TemplateError of kind `limit`. */
  spend(steps: number): void {
    // Less than nothing is nothing: what was spent never comes back. What is no number is too much.
    this.steps += Math.max(0, steps);
    if (!(this.steps <= MAX_STEPS)) throw new TemplateError('limit', `the template takes more than ${MAX_STEPS} steps`);
  }

  /** To be asked before a text of this length is made. */
  text(length: number): void {
    this.fits(length);
    this.spend(1 + length / 100);
  }

  /** To be asked for each part of a text that is made piece by piece, with the length of all parts. */
  fits(length: number): void {
    if (!(length <= MAX_TEXT)) throw new TemplateError('limit', `a text would have more than ${MAX_TEXT} characters`);
  }

  /** To be asked before a text is gone through. */
  read(value: unknown): void {
    if (typeof value === 'string') this.spend(value.length / 100);
  }

  /** Runs the body of a macro. */
  nested<T>(name: string, run: () => T): T {
    if (this.depth >= MAX_DEPTH) throw new TemplateError('limit', `the macro "${name}" calls itself more than ${MAX_DEPTH} times`);
    this.depth++;
    try {
      return run();
    } finally {
      this.depth--;
    }
  }
}
