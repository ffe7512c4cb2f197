/**
 * A daily pipeline over real observations: 1,461 days of Seattle's weather, 2012 to 2015. Each run reads the one day of its data
 * interval, checks it, stores it as a partition, and carries 7-day figures forward; a rerun replaces exactly its own day.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { asset, context, dag, FailTask, task, type Wired } from 'airflow-like';
import { parse } from 'csv-parse';
import { parse as parseWhole } from 'csv-parse/sync';

const COLUMNS = ['date', 'precipitation', 'temp_max', 'temp_min', 'wind', 'weather'] as const;
const WEATHERS = ['drizzle', 'rain', 'sun', 'snow', 'fog'];
/** Plausible values: millimetres, degrees Celsius, metres per second. */
const RANGES = { precipitation: [0, 500], temp_max: [-60, 60], temp_min: [-60, 60], wind: [0, 120] } as const;
const WINDOW_DAYS = 7;
const DAY_MS = 86_400_000;

/** One line of the source as it was found, and where. */
export interface SourceRow {
  file: string;
  line: number;
  fields: Record<string, string>;
}

/** One day, checked. */
export interface Observation {
  date: string;
  precipitation: number;
  temp_max: number;
  temp_min: number;
  wind: number;
  weather: string;
}

/** The week that ends with `date`; at the start of the record it holds fewer than seven days. */
export interface WeekFigures {
  date: string;
  days: number;
  meanTemperature: number;
  totalPrecipitation: number;
  maxWind: number;
  rainyDays: number;
}

/** A day that has gone through, with its week. DAGs that wait for it run without knowing when or how it is made. */
export const SEATTLE_DAYS = asset('seattle_days', { uri: 'file://data/weather/reports', group: 'weather' });

@dag({
  schedule: '@daily',
  startDate: '2015-12-01',
  endDate: '2015-12-31',
  catchup: true,
  maxActiveRuns: 8,
  tags: ['example', 'weather'],
  defaultArgs: { retries: 1, retryDelay: '5s' },
})
export class SeattleWeather {
  /** The rows of this run's day, read in a stream: memory does not grow with the file. */
  @task()
  async extract(): Promise<SourceRow[]> {
    return readDay(settings().source, dayOfRun());
  }

  /** Exactly one row, every column there, every value plausible. A bad row stays bad: no retry. */
  @task()
  async validate(rows: SourceRow[]): Promise<Observation> {
    const [row, second] = rows;
    if (!row) throw new FailTask('the source has no row for this day');
    if (second)
      throw new FailTask(`${second.file}:${second.line}: a second row for ${second.fields['date']}, the first is line ${row.line}`);
    return checkRow(row);
  }

  @task()
  async writePartition(observation: Observation): Promise<string> {
    const path = partitionPath(settings().output, observation.date);
    await writeAtomically(path, `${COLUMNS.join(',')}\n${COLUMNS.map((name) => observation[name]).join(',')}\n`);
    return path;
  }

  /** Needs the partitions of the days before, so it waits until the previous day has gone through. */
  @task({ dependsOnPast: true })
  async rollingMetrics(partition: string, observation: Observation): Promise<WeekFigures> {
    const week = [observation];
    for (let back = 1; back < WINDOW_DAYS; back++) {
      const date = isoDay(Date.parse(observation.date) - back * DAY_MS);
      const day = await readPartition(partitionPath(settings().output, date));
      if (day) week.push(day);
    }
    const figures = summarise(observation.date, week);
    await writeAtomically(join(dirname(partition), 'week.json'), `${JSON.stringify(figures, null, 2)}\n`);
    return figures;
  }

  /** Its success is an event of the days of Seattle, with the figures for those who read it. */
  @task({ outlets: [SEATTLE_DAYS] })
  async report(observation: Observation, week: WeekFigures): Promise<string> {
    const path = join(settings().output, 'reports', `${observation.date}.md`);
    await writeAtomically(path, reportText(observation, week));
    context().outletEvents.get(SEATTLE_DAYS).extra = { ...week, weather: observation.weather };
    console.log(`wrote ${path}`);
    return path;
  }

  wire(t: Wired<SeattleWeather>) {
    const observation = t.validate(t.extract());
    const week = t.rollingMetrics(t.writePartition(observation), observation);
    t.report(observation, week);
  }
}

/** `conf` may point a run at another file or folder: `dags trigger seattle_weather --conf '{"source": "..."}'`. */
function settings(): { source: string; output: string } {
  const { source, output } = context().conf;
  return {
    source: typeof source === 'string' ? source : datasetPath('seattle-weather.csv'),
    output: typeof output === 'string' ? output : join(process.cwd(), 'data', 'weather'),
  };
}

function datasetPath(name: string): string {
  const packageEntry = createRequire(import.meta.url).resolve('vega-datasets');
  return join(dirname(packageEntry), '..', 'data', name);
}

function dayOfRun(): string {
  const { dataInterval } = context();
  if (!dataInterval) throw new Error('this DAG works on a data interval; trigger it with --logical-date');
  return isoDay(dataInterval.start.getTime());
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function readDay(file: string, day: string): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  const lines = createReadStream(file).pipe(parse({ columns: true, info: true, relax_column_count: true, skip_empty_lines: true }));
  for await (const { record, info } of lines as AsyncIterable<{ record: Record<string, string>; info: { lines: number } }>) {
    if (record['date'] === day) rows.push({ file: basename(file), line: info.lines, fields: record });
  }
  return rows;
}

function checkRow({ file, line, fields }: SourceRow): Observation {
  const place = `${file}:${line}`;
  for (const name of COLUMNS) {
    if (!fields[name]) throw new FailTask(`${place}: ${name} is missing`);
  }
  const number = (name: keyof typeof RANGES): number => {
    const value = Number(fields[name]);
    const [min, max] = RANGES[name];
    if (!(value >= min && value <= max))
      throw new FailTask(`${place}: ${name} must be between ${min} and ${max}, got "${fields[name]}"`);
    return value;
  };
  const { date, weather } = fields as { date: string; weather: string };
  const [low, high] = [number('temp_min'), number('temp_max')];
  if (low > high) throw new FailTask(`${place}: temp_min ${low} is above temp_max ${high}`);
  if (!WEATHERS.includes(weather)) throw new FailTask(`${place}: weather must be one of ${WEATHERS.join(', ')}, got "${weather}"`);
  return { date, precipitation: number('precipitation'), temp_max: high, temp_min: low, wind: number('wind'), weather };
}

function partitionPath(folder: string, date: string): string {
  const [year, month, day] = date.split('-');
  return join(folder, `year=${year}`, `month=${month}`, `day=${day}`, 'part.csv');
}

/** Null when there is no such day: the record starts on 2012-01-01. */
async function readPartition(path: string): Promise<Observation | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const [fields] = parseWhole(text, { columns: true }) as Record<string, string>[];
  if (!fields) throw new Error(`${path} holds no row`);
  return checkRow({ file: path, line: 2, fields });
}

function summarise(date: string, week: readonly Observation[]): WeekFigures {
  const round = (value: number) => Math.round(value * 100) / 100;
  const sum = (pick: (day: Observation) => number) => week.reduce((total, day) => total + pick(day), 0);
  return {
    date,
    days: week.length,
    meanTemperature: round(sum((day) => (day.temp_max + day.temp_min) / 2) / week.length),
    totalPrecipitation: round(sum((day) => day.precipitation)),
    maxWind: Math.max(...week.map((day) => day.wind)),
    rainyDays: week.filter((day) => day.precipitation > 0).length,
  };
}

function reportText(day: Observation, week: WeekFigures): string {
  return [
    `# Seattle, ${day.date}: ${day.weather}`,
    '',
    `${day.temp_min} to ${day.temp_max} °C, ${day.precipitation} mm, wind ${day.wind} m/s.`,
    `The ${week.days} days up to it: ${week.meanTemperature} °C on average, ${week.totalPrecipitation} mm on ${week.rainyDays} days,` +
      ` wind up to ${week.maxWind} m/s.`,
    '',
  ].join('\n');
}

/** Readers see the old file or the new one, never half of it, however often and wherever a run is killed or repeated. */
async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
