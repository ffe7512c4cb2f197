/**
 * S17: intervals are contiguous and positive, and forward and backward agree, around every change of the clocks from 1970 to 2050. `npm test` takes a sample of
 * the zones and of their changes, another one each time; `npm run test:zones` takes all of them.
 */
import { expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { parseCron } from '../../src/core/timetable/cron-fields.js';
import { CronFires } from '../../src/core/timetable/cron-fires.js';
import { offsetChanges } from '../../src/core/timetable/offset-changes.js';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import type { Instant } from '../../src/model/instant.js';
import { dagSpec, utc } from '../unit/core/factories.js';

const HOUR_MS = 3_600_000;
/** Looking back is slow; it is asked about what a change can touch. */
const NEAR_MS = 3 * HOUR_MS;
const FROM = utc('1970-01-02');
const TO = utc('2050-01-01');
const EXPRESSIONS = ['30 * * * *', '0 */2 * * *', '30 2 * * *', '0 0 * * *', '*/30 1-3 * * *'];
const ALL = Intl.supportedValuesOf('timeZone');
const SAMPLE = 6;
const SAMPLED_CHANGES = 10;
const TIMEOUT_MS = 30 * 60_000;

const isComplete = process.env['ALL_TIME_ZONES'] !== undefined;
const zones = isComplete ? ALL : fc.sample(fc.constantFrom(...ALL), SAMPLE);

it.each(zones)(
  'intervals in %s',
  (timezone) => {
    // A zone that never changes its clocks is looked at all the same.
    const all = [FROM, ...offsetChanges(timezone, FROM, TO).map(({ at }) => at)];
    const changes = isComplete ? all : fc.sample(fc.constantFrom(...all), SAMPLED_CHANGES);
    for (const expression of EXPRESSIONS) {
      for (const at of changes)
        expect({ expression, at, broken: brokenAt(expression, timezone, at) }).toEqual({ expression, at, broken: null });
    }
  },
  TIMEOUT_MS,
);

/** The first interval around `change` that does not follow the one before it; null: all do. */
function brokenAt(expression: string, timezone: string, change: Instant): unknown {
  const spec = dagSpec([], { schedule: { kind: 'cron', expression, text: expression }, timezone });
  const timetable = timetableFor(spec);
  const fires = new CronFires(parseCron(expression, 'schedule'), timezone);
  const restriction = { earliest: change - 30 * HOUR_MS, latest: null, catchup: true };
  let last = null;
  for (;;) {
    const run = timetable.next(last, restriction, change);
    if (!run) return 'it ended';
    const { start, end } = run.dataInterval;
    if (end <= start || (last !== null && start !== last.end)) return { last, run };
    const isNear = Math.abs(start - change) < NEAR_MS;
    if (isNear && (fires.prev(end) !== start || fires.alignPrev(start) !== start)) return { backwards: run };
    if (start > change + 6 * HOUR_MS) return null;
    last = run.dataInterval;
  }
}
