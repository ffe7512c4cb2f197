/** The DAGs in `dags/`, run whole by the test kit on their real data. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AirportsFanOut } from '../../../dags/airports_fan_out.js';
import { Hello } from '../../../dags/hello.js';
import { SeattleWeather } from '../../../dags/seattle_weather.js';
import { WaitForFile } from '../../../dags/wait_for_file.js';
import { day, testDag } from '../../../src/testing/index.js';

let folder: string;
let printed: unknown[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-dag-'));
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(line));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('hello', async () => {
  const run = await testDag(Hello, { dataInterval: day('2024-01-01') });
  expect(run.assertState('success').task('print').input).toBe('Hello, world');
  expect(printed).toContain('Hello, world');
});

it('airports_fan_out', async () => {
  const run = await testDag(AirportsFanOut, { conf: { output: folder }, stubs: { findStates: ['AK', 'HI'] } });
  run.assertState('success');
  expect(run.task('summarise').outputs).toEqual([
    { state: 'AK', airports: 263, northernmost: expect.stringContaining('BRW ') },
    { state: 'HI', airports: 16, northernmost: expect.any(String) },
  ]);
  expect(run.task('join').output).toMatchObject({ states: 2, airports: 279 });
});

describe('seattle_weather', () => {
  it('reads the day of its interval', async () => {
    const run = await testDag(SeattleWeather, { dataInterval: day('2015-12-05'), conf: { output: folder } });
    run.assertState('success');
    expect(run.task('validate').output).toMatchObject({ date: '2015-12-05' });
    expect(existsSync(join(folder, 'year=2015', 'month=12', 'day=05', 'part.csv'))).toBe(true);
  });

  it('does not repeat a day that the source has not', async () => {
    const run = await testDag(SeattleWeather, { dataInterval: day('2016-01-01'), conf: { output: folder } });
    run.assertState('failed');
    expect(run.task('validate')).toMatchObject({ state: 'failed', tryNumber: 1 });
    expect(run.task('validate').error?.message).toBe('the source has no row for this day');
  });
});

it('wait_for_file', async () => {
  const run = await testDag(WaitForFile, { conf: { inbox: folder } });
  await run.advance('1h');
  expect(run.task('landed').state).toBe('up_for_reschedule');
  writeFileSync(join(folder, 'go.txt'), 'go\n');
  await run.advance('2s');
  expect(run.task('load')).toMatchObject({ state: 'up_for_retry', tryNumber: 1 });
  await run.finish();
  expect(run.assertState('success').task('load')).toMatchObject({ tryNumber: 2, output: 'go' });
  expect(readFileSync(join(folder, 'go.txt'), 'utf8')).toBe('go\n');
});
