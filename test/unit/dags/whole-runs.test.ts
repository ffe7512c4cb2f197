/** The examples as whole runs in memory, through the published test kit. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { day, graph, testDag } from 'airflow-like/testing';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { AirportsFanOut } from '../../../dags/airports_fan_out.js';
import { SEATTLE_DAYS, SeattleWeather } from '../../../dags/seattle_weather.js';
import { WaitForFile } from '../../../dags/wait_for_file.js';
import { WeatherDigest } from '../../../dags/weather_digest.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whole-runs-'));
  jest.spyOn(console, 'log').mockImplementation(() => {});
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs for assets have no conf, so the digest is written where the process stands. */
async function inFolder<T>(path: string, run: () => Promise<T>): Promise<T> {
  const cwd = jest.spyOn(process, 'cwd').mockReturnValue(path);
  return run().finally(() => cwd.mockRestore());
}

it('seattle_weather handles one day', async () => {
  const run = await testDag(SeattleWeather, { dataInterval: day('2012-03-04'), conf: { output: folder } });
  expect(run.state).toBe('success');
  expect(run.task('validate').output).toMatchObject({ date: '2012-03-04', wind: 5.6 });
  expect(run.task('rollingMetrics').output).toMatchObject({ days: 1, maxWind: 5.6 });
});

it('weather_digest is made of the days that seattle_weather brings', async () => {
  const made = [];
  for (const date of ['2012-03-04', '2012-03-05', '2012-03-04']) {
    const run = await testDag(SeattleWeather, { dataInterval: day(date), conf: { output: folder } });
    made.push(...run.assertState('success').assetEvents);
  }
  expect(made.map(({ asset: { name }, extra }) => [name, extra['date'], extra['weather']])).toEqual([
    ['seattle_days', '2012-03-04', 'rain'],
    ['seattle_days', '2012-03-05', 'rain'],
    ['seattle_days', '2012-03-04', 'rain'],
  ]);
  const waiting = made.map(({ extra }) => ({ asset: SEATTLE_DAYS, extra }));
  const digest = await inFolder(folder, () => testDag(WeatherDigest, { assetEvents: waiting }));
  expect(digest.assertState('success').task('newDays').output).toEqual(['2012-03-04', '2012-03-05']);
  const { path, days } = digest.task('write').output as { path: string; days: number };
  expect(days).toBe(2);
  expect(readFileSync(path, 'utf8')).toContain('# Seattle, 2 days\n');
  expect(readFileSync(path, 'utf8')).toMatch(/\| 2012-03-04 \(new\) \| rain \| 8\.65 °C \| 0 mm \|/);
});

it('weather_digest by hand finds no day before there is one', async () => {
  const digest = await testDag(WeatherDigest);
  expect(digest.task('write')).toMatchObject({ state: 'skipped' });
});

it('seattle_weather fails for good at a bad row, with its line, and writes nothing of it', async () => {
  const source = join(folder, 'bad.csv');
  writeFileSync(source, 'date,precipitation,temp_max,temp_min,wind,weather\n2012-03-04,0,10.6,6.7,-1,rain\n');
  const run = await testDag(SeattleWeather, { dataInterval: day('2012-03-04'), conf: { output: folder, source } });
  expect(run.state).toBe('failed');
  expect(run.task('validate')).toMatchObject({ state: 'failed', tryNumber: 1 });
  expect(run.task('validate').instances[0]?.error?.message).toContain('bad.csv:2: wind must be between 0 and 120, got "-1"');
  expect(run.task('writePartition').state).toBe('upstream_failed');
});

it('airports_fan_out joins whatever number of copies there is', async () => {
  const run = await testDag(AirportsFanOut, { conf: { output: folder }, stubs: { findStates: ['AK', 'WY'] } });
  expect(run.task('summarise').instances).toHaveLength(2);
  expect(run.task('join').output).toMatchObject({ states: 2 });
});

it('wait_for_file waits, fails once, and goes through as the clock moves on', async () => {
  const run = await testDag(WaitForFile, { conf: { inbox: folder } });
  expect(run.task('landed').state).toBe('up_for_reschedule');
  writeFileSync(join(folder, 'go.txt'), 'go');
  await run.advance('2s');
  expect(run.task('landed').state).toBe('success');
  expect(run.task('load')).toMatchObject({ state: 'up_for_retry', tryNumber: 1 });
  await run.advance('10s');
  expect(run.task('load')).toMatchObject({ state: 'success', tryNumber: 2, output: 'go' });
  expect(run.state).toBe('success');
});

it('shows the graph as text', () => {
  expect(graph(WaitForFile)).toContain('load');
});
