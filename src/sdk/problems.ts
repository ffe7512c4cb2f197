import type { ImportProblem } from '../model/dag.js';
import type { ErrorCode } from '../model/error-table.js';
import { AirflowLikeError, isAirflowLikeError, showPlace, showValue, type ErrorDetails } from '../model/errors.js';
import type { PlaceFinder } from './place-finder.js';
import { positionInStack, relativePosition, type LazyPosition } from './source-position.js';

/** Finds mistakes in texts that are templates. Handed in, so that only those who check have to load the parser. */
export interface TemplateChecker {
  /** @throws AirflowLikeError TEMPLATE_ERROR for the first text in `value` that is no template. */
  check(value: unknown, place: string): void;
}

/** Collects the mistakes of one DAG file, so that an author sees all of them at once. */
export class ProblemList {
  /** Null when the source text is not at hand. */
  readonly places: PlaceFinder | null;
  /** Null where templates are not checked: in runners, whose DAGs were checked before. */
  readonly templates: TemplateChecker | null;
  readonly #entryFile: string;
  readonly #problems: ImportProblem[] = [];

  constructor(entryFile: string, places: PlaceFinder | null = null, templates: TemplateChecker | null = null) {
    this.#entryFile = entryFile;
    this.places = places;
    this.templates = templates;
  }

  /** In the order of the file. */
  get all(): readonly ImportProblem[] {
    return this.#problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }

  get count(): number {
    return this.#problems.length;
  }

  /** Where the part `name` (an option, a member) is written of what stands at `position`; `position` itself when that is not known. */
  partOf(position: LazyPosition | null, name: string): LazyPosition | null {
    if (!position || !this.places) return position;
    return () => {
      const whole = position();
      return whole && (this.places?.partOf(whole, name) ?? whole);
    };
  }

  /** Where the entry file exports `name`. */
  exported(name: string): LazyPosition | null {
    const { places } = this;
    return places && (() => places.exported(this.#entryFile, name));
  }

  /** Adds a mistake that was written at `position`. */
  add(code: ErrorCode, details: ErrorDetails, position?: LazyPosition | null): void {
    this.#add(new AirflowLikeError(code, details), position);
  }

  /** Runs `check`; what it throws becomes a problem at `position`, and the answer is undefined. */
  try<T>(check: () => T, position?: LazyPosition | null): T | undefined {
    try {
      return check();
    } catch (error) {
      this.addThrown(error, 'IMPORT_ERROR', '', position);
      return undefined;
    }
  }

  /**
   * Adds what was thrown: our own errors as they are, others under `code`, at the place in the file where they came from. With
   * `position`, our own errors are placed there.
   */
  addThrown(error: unknown, code: ErrorCode, place: string, position?: LazyPosition | null): void {
    if (isAirflowLikeError(error)) {
      const thrownAt = position ? null : positionInStack(error.stack ?? '');
      this.#add(error, thrownAt ? () => thrownAt : position);
      return;
    }
    const stack = error instanceof Error ? (error.stack ?? null) : null;
    const text =
      error instanceof Error ? `${error.name}: ${error.message}` : `something that is not an Error was thrown: ${showValue(error)}`;
    const thrownAt = stack === null ? null : positionInStack(stack);
    this.#add(new AirflowLikeError(code, { place, message: text }), thrownAt ? () => thrownAt : position, stack);
  }

  #add(error: AirflowLikeError, position: LazyPosition | null | undefined, stack: string | null = null): void {
    const { details } = error;
    const own = details.file === undefined ? null : { file: details.file, line: details.line ?? 0, column: details.column ?? 0 };
    const at = relativePosition(own ?? position?.() ?? null, this.#entryFile);
    this.#problems.push({
      code: error.code,
      message: details.place ? `${showPlace(details.place)}: ${details.message}` : details.message,
      file: at?.file ?? this.#entryFile,
      line: at?.line ?? null,
      column: at?.column ?? null,
      value: 'value' in details ? showValue(details.value) : null,
      allowed: details.allowed ?? null,
      suggestion: details.suggestion ?? null,
      stack,
    });
  }
}
