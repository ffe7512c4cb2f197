/** A point in time: whole milliseconds since 1970-01-01T00:00:00Z. Plain data, so that snapshots stay JSON. */
export type Instant = number;

/** A half-open span `[start, end)` of time that a DagRun covers. */
export interface DataInterval {
  readonly start: Instant;
  readonly end: Instant;
}
