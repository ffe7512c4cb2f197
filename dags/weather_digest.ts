/**
 * Waits for data instead of a time: each day that `seattle_weather` brings makes a new digest. Days that come faster than digests are made
 * go into one together, and a day that is made again replaces itself.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type AssetEvent, context, dag, SkipTask, task, type Wired } from 'airflow-like';
import { SEATTLE_DAYS, type WeekFigures } from './seattle_weather.js';

/** What each event says of its day. */
export type DayFigures = WeekFigures & { weather: string };

@dag({ schedule: SEATTLE_DAYS, maxActiveRuns: 1, tags: ['example', 'weather'] })
export class WeatherDigest {
  /** The days for which this run was made; a run by hand has none. */
  @task()
  async newDays(): Promise<string[]> {
    const days = daysOf(await context().triggeringAssetEvents.all()).map(({ date }) => date);
    console.log(days.length === 0 ? 'no new day' : `new: ${days.join(', ')}`);
    return days;
  }

  /** All days so far, whenever and by whichever run they were made. */
  @task({ inlets: [SEATTLE_DAYS] })
  async write(newDays: string[]): Promise<{ path: string; days: number }> {
    const days = daysOf(await context().inletEvents.get(SEATTLE_DAYS, { limit: 10_000 }));
    if (days.length === 0) throw new SkipTask('no day has been made yet');
    const { output } = context().conf;
    const path = join(typeof output === 'string' ? output : join(process.cwd(), 'data', 'weather'), 'digest.md');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.tmp`, digestText(days, new Set(newDays)));
    await rename(`${path}.tmp`, path);
    return { path, days: days.length };
  }

  wire(t: Wired<WeatherDigest>) {
    t.write(t.newDays());
  }
}

/** One entry per day, the newest of several; in order of days. */
function daysOf(events: readonly AssetEvent[]): DayFigures[] {
  const days = new Map(events.map(({ extra }) => [extra['date'] as string, extra as unknown as DayFigures]));
  return [...days.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}

function digestText(days: readonly DayFigures[], newDays: ReadonlySet<string>): string {
  const lines = days.map(
    ({ date, weather, meanTemperature, totalPrecipitation }) =>
      `| ${date}${newDays.has(date) ? ' (new)' : ''} | ${weather} | ${meanTemperature} °C | ${totalPrecipitation} mm |`,
  );
  return [
    `# Seattle, ${days.length} days`,
    '',
    '| Day | Weather | Mean of its week | Rain of its week |',
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
