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
    switch (name) {
      case 'days':
        return Math.floor(this.ms / DAY_MS);
      // From 0 to a day: a second before the day is one day less and 86,399 seconds, as in Python.
      case 'seconds':
        return Math.floor((this.ms - Math.floor(this.ms / DAY_MS) * DAY_MS) / 1_000);
      case 'total_seconds':
        return new TemplateFunction('total_seconds', () => this.ms / 1_000);
      default:
        return undefined;
    }
  }

  override memberNames(): readonly string[] {
    return ['days', 'seconds', 'total_seconds'];
  }

  override equals(other: unknown): boolean {
    return other instanceof TimeSpan ? this.months === other.months && this.ms === other.ms : super.equals(other);
  }

  /** As an ISO 8601 duration. */
  override toString(): string {
    return `P${this.months === 0 ? '' : `${this.months}M`}T${this.ms / 1_000}S`;
  }
}
