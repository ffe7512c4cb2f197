/** Dates in the name of the file that a run waits for: `inbox/{{ ds }}.csv`. */
import type { NextRun } from '../../model/dag.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { Instant } from '../../model/instant.js';
import { nearestName } from '../../model/nearest-name.js';
import { zoneOffset } from './zone-offset.js';

const DATES: Readonly<Record<string, (run: NextRun) => Instant>> = {
  logical_date: ({ logicalDate }) => logicalDate,
  data_interval_start: ({ dataInterval }) => dataInterval.start,
  data_interval_end: ({ dataInterval }) => dataInterval.end,
};

/** As Airflow's filters of the same names, in UTC; those with `local_` in the zone of the DAG. */
const FORMATS: Readonly<Record<string, (utc: string, local: string) => string>> = {
  ds: (utc) => utc.slice(0, 10),
  ds_nodash: (utc) => utc.slice(0, 10).replaceAll('-', ''),
  ts: (utc) => `${utc.slice(0, 19)}+00:00`,
  ts_nodash: (utc) => utc.slice(0, 19).replace(/[-:]/g, ''),
  local_ds: (_utc, local) => local.slice(0, 10),
  local_ds_nodash: (_utc, local) => local.slice(0, 10).replaceAll('-', ''),
};

const PLACEHOLDER = /\{\{(.*?)\}\}/g;
const PARTS = /^\s*(\w+)\s*(?:\|\s*(\w+)\s*)?$/;

/**
 * `{{ ds }}` and the other names of formats stand for the logical date; `{{ data_interval_end | ds }}` names another date of the run.
 *
 * @throws AirflowLikeError FILE_PATTERN_INVALID for a placeholder that is none.
 */
export function fillFileTemplate(template: string, run: NextRun, timezone: string, place: string): string {
  return template.replace(PLACEHOLDER, (written, inner: string) => {
    const parts = PARTS.exec(inner);
    const first = parts?.[1] ?? '';
    const second = parts?.[2];
    const [date, format] = second === undefined ? ['logical_date', first] : [first, second];
    const dateOf = DATES[date];
    const formatted = FORMATS[format];
    if (dateOf && formatted) return formatted(isoOf(dateOf(run), 'UTC'), isoOf(dateOf(run), timezone));
    throw new AirflowLikeError('FILE_PATTERN_INVALID', {
      place,
      message: 'the name of a file can hold dates of its run only',
      value: written,
      allowed: `${Object.keys(FORMATS).join(', ')}, also as {{ ${Object.keys(DATES).join(' | ds }}, {{ ')} | ds }}`,
      suggestion: dateOf
        ? nearestName(format, Object.keys(FORMATS))
        : (nearestName(date, [...Object.keys(FORMATS), ...Object.keys(DATES)]) ?? null),
    });
  });
}

function isoOf(instant: Instant, timezone: string): string {
  return new Date(instant + zoneOffset(timezone)(instant)).toISOString();
}
