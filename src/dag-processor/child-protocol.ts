/** What goes over the channel between the dag processor and its children. Data only; a child is never trusted with more. */
import type { ParsedFile } from '../model/dag.js';
import type { ParseRequest } from './parse-file.js';

export interface ParseOrder {
  readonly id: number;
  readonly request: ParseRequest;
  /** After this long the parent kills the child; it leaves a hint on where it stands shortly before. */
  readonly timeoutMs: number;
}

export type ChildMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'parsed';
      readonly id: number;
      readonly parsed: ParsedFile;
      /** Why this child must not get another file; null: it may. */
      readonly unfit: string | null;
      readonly heapMb: number;
    };

/** File descriptor for one-line JSON hints, written synchronously so that they survive the process. */
export const HINT_FD = 4;

/** Where a file stood when its process ended or hung. */
export interface Hint {
  readonly id: number;
  readonly text: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** How long before the deadline the hint is made. */
export const hintLeadMs = (timeoutMs: number): number => Math.min(1_500, timeoutMs / 3);
