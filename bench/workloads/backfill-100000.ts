/** A backfill of 100,000 intervals: planned by the pure function over several kinds of schedules, and stored through the command line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planBackfill } from '../../dist/core/backfill/plan-backfill.js';
import { parseSchedule } from '../../dist/core/timetable/parse-schedule.js';
import { intervalsBetween } from '../../dist/core/timetable/preview.js';
import type { DagSpec } from '../../dist/model/dag-spec.js';
import { flatDag } from '../dag-files.js';
import { type Figure, percentile, printFigures } from '../figures.js';
import { specOf, taskOf } from '../run-views.js';
import { withHome, withStandalone } from '../standalone.js';

const INTERVALS = 100_000;
const ROUNDS = 7;
const FROM = Date.UTC(2010, 0, 1);
const NOW = Date.UTC(2026, 0, 1);
const TIMEZONE = 'America/New_York';

export async function backfill100000(): Promise<void> {
  printFigures('100,000 intervals of a backfill, planned', [
    planned('every hour', '0 * * * *', 0),
    planned('every hour, half of the runs are there', '0 * * * *', INTERVALS / 2),
    planned('every 20 minutes of working hours', '*/20 6-21 * * 1-5', 0),
    planned('every quarter of an hour after the last', '15m', 0),
  ]);
  printFigures('100,000 intervals of a backfill, from the command line', await stored());
}

function planned(name: string, schedule: string, existingCount: number): Figure {
  const spec = { ...specOf('d', [taskOf('t')]), schedule: parseSchedule(schedule, 'bench'), timezone: TIMEZONE } as DagSpec;
  const runs = intervalsBetween(spec, FROM, NOW, NOW, undefined, INTERVALS);
  const existing = runs.slice(0, existingCount).map(({ logicalDate }) => ({ logicalDate, state: 'failed' as const }));
  const to = runs.at(-1)!.logicalDate;
  const samples = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    const plan = planBackfill({
      spec,
      from: FROM,
      to,
      existing,
      reprocessBehavior: 'failed',
      runBackwards: false,
      maxRuns: INTERVALS,
      now: NOW,
    });
    const { user, system } = process.cpuUsage(before);
    if (plan.create.length + plan.reprocess.length !== INTERVALS) throw new Error(`${plan.create.length} runs planned`);
    return (user + system) / 1_000;
  });
  // The slowest counts: the first one has nothing to build on, as in a command.
  return { name, value: percentile(samples, 1), unit: 'ms', target: '< 1000 ms' };
}

function stored(): Promise<readonly Figure[]> {
  return withHome((home) =>
    withStandalone(home, async (system) => {
      const options = `{ schedule: '0 * * * *', timezone: '${TIMEZONE}', startDate: '2010-01-01', catchup: false, isPausedUponCreation: true }`;
      writeFileSync(join(home.dags, 'hourly.ts'), flatDag({ className: 'Hourly', tasks: 1, options }));
      await system.until('select count(*) from dag', [], 1, 20);
      const ask = ['backfill', 'create', '--dag-id', 'hourly', '--max-runs', String(INTERVALS), '--max-active-runs', '1'];
      const range = [
        '--from-date',
        '2010-01-01T05:00:00Z',
        '--to-date',
        new Date(Date.UTC(2010, 0, 1, 4) + INTERVALS * 3_600_000).toISOString(),
      ];
      const seconds = async (...args: readonly string[]) => {
        const startedAt = performance.now();
        await system.command(...args);
        return (performance.now() - startedAt) / 1_000;
      };
      const dryRun = await seconds(...ask, ...range, '--dry-run');
      const create = await seconds(...ask, ...range, '--detach');
      const runs = await system.number('select count(*) from dag_run');
      if (runs !== INTERVALS) throw new Error(`${runs} runs stored`);
      return [
        { name: '--dry-run, from the start of the command to its end', value: dryRun, unit: 's' },
        { name: 'created, with all its runs', value: create, unit: 's', goal: '<= 3 s' },
      ];
    }),
  );
}
