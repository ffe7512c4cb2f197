import type { SourcePosition } from '../model/dag-spec.js';

/**
 * Says more exactly than a stack trace where something is written. Whoever has the source text at hand (the dag processor) gives one;
 * without it, mistakes are placed at the decorator or call that they belong to.
 */
export interface PlaceFinder {
  /**
   * Where the part `name` is written of what stands at `position`: an option of a decorator, call or nested object, or a member of the
   * class that a decorator stands before. Null when it cannot be told, for example because the options are a variable.
   */
  partOf(position: SourcePosition, name: string): SourcePosition | null;
  /** Where `name` is exported from the file, as it is written. */
  exported(file: string, name: string): SourcePosition | null;
  /** The keyword by which the class member whose decorator stands at `position` is hidden; null: it is public. */
  hiddenBy(position: SourcePosition): 'private' | 'protected' | null;
}
