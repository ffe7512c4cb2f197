import { TemplateError } from './template-error.js';

/** Steps of one rendering: a node that is evaluated, an element or a hundred characters that are gone through. */
const MAX_STEPS = 1_000_000;
/** Longest text that a template may make, in UTF-16 units. */
const MAX_TEXT = 1_000_000;
/** Macros within macros. */
const MAX_DEPTH = 50;

/** What one rendering may still do, so that no template can hang or fill the memory of its worker. */
export class Budget {
  private steps = 0;
  private depth = 0;

  /** @throws TemplateError of kind `limit`. */
  spend(steps: number): void {
    this.steps += steps;
    if (!(this.steps <= MAX_STEPS)) throw new TemplateError('limit', `the template takes more than ${MAX_STEPS} steps`);
  }

  /** To be asked before a text of this length is made. */
  text(length: number): void {
    if (!(length <= MAX_TEXT)) throw new TemplateError('limit', `a text would have more than ${MAX_TEXT} characters`);
    this.spend(1 + length / 100);
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
