/** Airflow's filters of dates. Null stays null. */
import { Moment } from './moment.js';
import { TemplateError } from './template-error.js';
import { typeName } from './template-object.js';

const FORMATS = {
  /** `2026-01-10` */
  ds: (moment: Moment) => moment.format('%Y-%m-%d'),
  /** `20260110` */
  ds_nodash: (moment: Moment) => moment.format('%Y%m%d'),
  /** `2026-01-10T00:00:00+00:00` */
  ts: String,
  /** `20260110T000000` */
  ts_nodash: (moment: Moment) => moment.format('%Y%m%dT%H%M%S'),
  /** `20260110T000000+0000` */
  ts_nodash_with_tz: (moment: Moment) => String(moment).replace(/[-:]/g, ''),
} as const;

export type DateFilter = keyof typeof FORMATS;
export const DATE_FILTERS = Object.keys(FORMATS) as DateFilter[];

/** @throws TemplateError when the value is neither an instant nor null. */
export function formatDate(name: DateFilter, value: unknown): string | null {
  if (value === null) return null;
  if (value instanceof Moment) return FORMATS[name](value);
  throw new TemplateError('type', `the filter "${name}" needs an instant, got ${typeName(value)}`);
}
