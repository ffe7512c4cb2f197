import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AirportsFanOut } from '../../../dags/airports_fan_out.js';
import { Hello } from '../../../dags/hello.js';
import { WaitForFile } from '../../../dags/wait_for_file.js';
import { inRunOf } from './task-context.js';

let folder: string;
let printed: unknown[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'examples-'));
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(line));
  printed = [];
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('hello', () => {
  it('prints what it was given', async () => {
    const tasks = new Hello();
    await tasks.print(await tasks.greet());
    expect(printed).toContain('Hello, world');
  });
});

describe('airports_fan_out', () => {
  const tasks = new AirportsFanOut();

  it('counts every airport once, in the state it is in', async () => {
    const states = await tasks.findStates();
    expect(states).toEqual([...new Set(states)].sort());
    const summaries = await Promise.all(states.map((state) => tasks.summarise(state)));
    const joined = await inRunOf('2024-01-01', { output: folder }, () => tasks.join(summaries));
    expect(joined).toEqual({ path: join(folder, 'summary.json'), states: states.length, airports: 3_376 });
    const written = JSON.parse(readFileSync(joined.path, 'utf8')) as {
      airports: number;
      states: { state: string; airports: number }[];
    };
    expect(written.states.find(({ state }) => state === 'AK')).toEqual({
      state: 'AK',
      airports: 263,
      northernmost: 'BRW Wiley Post Will Rogers Memorial',
    });
  });

  it('refuses a state that is not in the file', async () => {
    await expect(tasks.summarise('Atlantis')).rejects.toThrow('no airport in Atlantis');
  });
});

describe('wait_for_file', () => {
  const tasks = new WaitForFile();
  const inRun = <R>(tryNumber: number, call: () => R) => inRunOf('2024-01-01', { inbox: folder }, call, tryNumber);

  it('waits until the file is there', async () => {
    expect(await inRun(1, () => tasks.landed())).toBe(false);
    writeFileSync(join(folder, 'go.txt'), 'go\n');
    expect(await inRun(1, () => tasks.landed())).toBe(true);
  });

  it('fails its first try on purpose, and says so', async () => {
    await expect(inRun(1, () => tasks.load())).rejects.toThrow('failing on purpose');
    expect(await inRun(2, () => tasks.load())).toBe('go');
  });
});
