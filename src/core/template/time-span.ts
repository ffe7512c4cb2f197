import { DAY_MS } from './strftime.js';
import { TemplateFunction, TemplateObject } from './template-object.js';

/** What `macros.timedelta` makes: calendar months and milliseconds, either of them negative for the past. */
export class TimeSpan extends TemplateObject {
  override readonly typeName = 'a time span';

  constructor(
    readonly months: number,
    readonly ms: number,
  ) {
    super();
  }

  plus(other: TimeSpan): TimeSpan {
    return new TimeSpan(this.months + other.months, this.ms + other.ms);
  }

  times(factor: number): TimeSpan {
    return new TimeSpan(this.months * factor, this.ms * factor);
  }

  override member(name: string): unknown {
    return Object.hasOwn(MEMBERS, name) ? (MEMBERS[name] as (span: TimeSpan) => unknown)(this) : undefined;
  }

  override memberNames(): readonly string[] {
    return Object.keys(MEMBERS);
  }

  override equals(other: unknown): boolean {
    return other instanceof TimeSpan ? this.months === other.months && this.ms === other.ms : super.equals(other);
  }

  /** As an ISO 8601 duration. */
  override toString(): string {
    return `P${this.months === 0 ? '' : `${this.months}M`}T${this.ms / 1_000}S`;
  }
}

const wholeDays = ({ ms }: TimeSpan): number => Math.floor(ms / DAY_MS);

const MEMBERS: Readonly<Record<string, (span: TimeSpan) => unknown>> = {
  days: wholeDays,
  // From 0 to a day: a second before the day is one day less and 86,399 seconds, as in Python.
  seconds: (span) => Math.floor((span.ms - wholeDays(span) * DAY_MS) / 1_000),
  total_seconds: ({ ms }) => new TemplateFunction('total_seconds', () => ms / 1_000),
};
