/**
 * Outputs of attempts that ended on this worker a moment ago, so that their downstream tasks start without a query. It is a shortcut only
 * for what the store holds as well: entries leave soon, and starting a task again drops its old output.
 */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { Assignment } from '../../model/workload.js';

/** Entries older than this are asked of the store again, in milliseconds. */
const MAX_AGE_MS = 30_000;

interface Entry {
  /** Undefined: the task returned nothing. */
  readonly value: TaggedJson | undefined;
  readonly bytes: number;
  readonly storedAt: number;
}

export class OutputCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /** @param maxBytes Upper bound for the JSON text of all values together; 0 turns the cache off. */
  constructor(private readonly maxBytes: number) {}

  /** A clear of the run ends the life of all entries before it: what is skipped afterwards has no value any more. */
  static key({ dagRunId, run }: Pick<Assignment, 'dagRunId' | 'run'>, taskId: string, mapIndex: number): string {
    return `${dagRunId}/${run.clearNumber}/${taskId}/${mapIndex}`;
  }

  static keyOf(assignment: Assignment): string {
    const { taskId, mapIndex } = assignment.key;
    return OutputCache.key(assignment, taskId, mapIndex);
  }

  set(key: string, value: TaggedJson | undefined, bytes: number): void {
    this.delete(key);
    if (bytes > this.maxBytes) return;
    this.entries.set(key, { value, bytes: bytes + 200, storedAt: performance.now() });
    this.bytes += bytes + 200;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.maxBytes) break;
      this.delete(oldest);
    }
  }

  get(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (performance.now() - entry.storedAt <= MAX_AGE_MS) return entry;
    this.delete(key);
    return undefined;
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.bytes -= entry.bytes;
    this.entries.delete(key);
  }
}
