import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Observation, SeattleWeather, type SourceRow, type WeekFigures } from '../../../dags/seattle_weather.js';
import { inRunOf } from './task-context.js';

const tasks = new SeattleWeather();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seattle-'));
  jest.spyOn(console, 'log').mockImplementation(() => {});
});
afterAll(() => rmSync(folder, { recursive: true }));

const rawLines = readFileSync(
  join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data', 'seattle-weather.csv'),
  'utf8',
).split('\n');

const good = { date: '2015-12-07', precipitation: '27.4', temp_max: '11.1', temp_min: '8.3', wind: '3.4', weather: 'rain' };
const row = (fields: Record<string, string>, line = 12): SourceRow => ({ file: 'source.csv', line, fields });

/** One run of a day, as the wiring puts it together. */
async function runDay(day: string): Promise<{ observation: Observation; partition: string; week: WeekFigures; report: string }> {
  return inRunOf(day, { output: folder }, async () => {
    const observation = await tasks.validate(await tasks.extract());
    const partition = await tasks.writePartition(observation);
    const week = await tasks.rollingMetrics(partition, observation);
    return { observation, partition, week, report: await tasks.report(observation, week) };
  });
}

describe('extract', () => {
  it.each(['2012-01-01', '2012-02-29', '2015-12-07', '2015-12-31'])('finds exactly the row of %s, with its line', async (day) => {
    const rows = await inRunOf(day, {}, () => tasks.extract());
    const index = rawLines.findIndex((line) => line.startsWith(`${day},`));
    expect(rows).toEqual([{ file: 'seattle-weather.csv', line: index + 1, fields: expect.objectContaining({ date: day }) }]);
    expect(Object.values(rows[0]!.fields).join(',')).toBe(rawLines[index]);
  });

  it('finds nothing outside the record', async () => {
    expect(await inRunOf('2016-01-01', {}, () => tasks.extract())).toEqual([]);
  });

  it('reads another file when the run says so', async () => {
    const source = join(folder, 'other.csv');
    writeFileSync(source, 'date,precipitation\n2015-12-06,1\n2015-12-07,2,3\n2015-12-07\n');
    const rows = await inRunOf('2015-12-07', { source }, () => tasks.extract());
    expect(rows.map(({ line }) => line)).toEqual([3, 4]);
  });
});

describe('validate', () => {
  it('turns a good row into numbers', async () => {
    expect(await tasks.validate([row(good)])).toEqual({
      date: '2015-12-07',
      precipitation: 27.4,
      temp_max: 11.1,
      temp_min: 8.3,
      wind: 3.4,
      weather: 'rain',
    });
  });

  it.each([
    ['a missing column', [row({ date: '2015-12-07', precipitation: '1' })], 'source.csv:12: temp_max is missing'],
    ['an empty field', [row({ ...good, wind: '' })], 'source.csv:12: wind is missing'],
    ['text for a number', [row({ ...good, wind: 'calm' })], 'source.csv:12: wind must be between 0 and 120, got "calm"'],
    ['a value above its range', [row({ ...good, temp_max: '61' })], 'source.csv:12: temp_max must be between -60 and 60, got "61"'],
    [
      'a value below its range',
      [row({ ...good, precipitation: '-0.1' })],
      'source.csv:12: precipitation must be between 0 and 500',
    ],
    ['NaN', [row({ ...good, temp_min: 'NaN' })], 'source.csv:12: temp_min must be between'],
    ['minimum above maximum', [row({ ...good, temp_min: '12' })], 'source.csv:12: temp_min 12 is above temp_max 11.1'],
    [
      'unknown weather',
      [row({ ...good, weather: 'frogs' })],
      'source.csv:12: weather must be one of drizzle, rain, sun, snow, fog, got "frogs"',
    ],
    ['no row', [], 'the source has no row for this day'],
    ['two rows', [row(good, 12), row(good, 40)], 'source.csv:40: a second row for 2015-12-07, the first is line 12'],
  ])('refuses %s, says where, and asks for no retry', async (_case, rows, message) => {
    await expect(tasks.validate(rows)).rejects.toMatchObject({ name: 'FailTask', message: expect.stringContaining(message) });
  });
});

describe('a run', () => {
  it('uses what there is at the start of the record, then seven days', async () => {
    const weeks: WeekFigures[] = [];
    for (let day = 1; day <= 9; day++) weeks.push((await runDay(`2012-01-0${day}`)).week);
    expect(weeks.map(({ days }) => days)).toEqual([1, 2, 3, 4, 5, 6, 7, 7, 7]);
    const rain = rawLines.slice(3, 10).map((line) => Number(line.split(',')[1]));
    const last = weeks.at(-1)!;
    expect(last.totalPrecipitation).toBeCloseTo(
      rain.reduce((sum, value) => sum + value, 0),
      6,
    );
    expect(last.rainyDays).toBe(rain.filter((value) => value > 0).length);
    expect(last.maxWind).toBe(Math.max(...rawLines.slice(3, 10).map((line) => Number(line.split(',')[4]))));
  });

  it('replaces exactly its own partition when it is repeated, and leaves nothing half-written', async () => {
    const first = await runDay('2015-12-07');
    expect(first.partition).toBe(join(folder, 'year=2015', 'month=12', 'day=07', 'part.csv'));
    expect(readFileSync(first.partition, 'utf8')).toBe(
      'date,precipitation,temp_max,temp_min,wind,weather\n2015-12-07,27.4,11.1,8.3,3.4,rain\n',
    );
    expect(await runDay('2015-12-07')).toEqual(first);
    expect(readdirSync(dirname(first.partition)).sort()).toEqual(['part.csv', 'week.json']);
    expect(readFileSync(first.report, 'utf8')).toContain('# Seattle, 2015-12-07: rain');
  });

  it('does not hide a broken partition of a day before', async () => {
    const { partition } = await runDay('2014-05-01');
    writeFileSync(partition, 'date,precipitation\n2014-05-01,1\n');
    await expect(runDay('2014-05-02')).rejects.toThrow(/day=01\/part\.csv:2: temp_max is missing/);
  });

  it('needs a data interval', async () => {
    await expect(inRunOf(null, {}, () => tasks.extract())).rejects.toThrow('trigger it with --logical-date');
  });
});
