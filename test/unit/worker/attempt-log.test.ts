import { describe, expect, it } from '@jest/globals';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attemptLogPath,
  followAttemptLog,
  printableMessage,
  readAttemptLog,
  type AttemptLogLine,
} from '../../../src/logging/attempt-log.js';
import { AttemptLogWriter, checkLogFolder, MAX_LOG_LINE_LENGTH } from '../../../src/worker/attempt/attempt-log-writer.js';

const now = () => Date.UTC(2024, 4, 6, 7, 8, 9, 10);

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'attempt-log-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readAll(file: string): Promise<AttemptLogLine[]> {
  const lines: AttemptLogLine[] = [];
  for await (const line of readAttemptLog(file)) lines.push(line);
  return lines;
}

describe('attemptLogPath', () => {
  const token = '018f0000-0000-7000-8000-0000deadbeef';
  it.each([
    [
      { dagId: 'etl', runId: 'scheduled__2024-01-01T00:00:00+00:00', taskId: 'load', mapIndex: -1 },
      2,
      'dag_id=etl/run_id=scheduled__2024-01-01T00:00:00+00:00/task_id=load/attempt=2-deadbeef.jsonl',
    ],
    [
      { dagId: 'etl', runId: 'r', taskId: 'g.t', mapIndex: 0 },
      1,
      'dag_id=etl/run_id=r/task_id=g.t/map_index=0/attempt=1-deadbeef.jsonl',
    ],
    [
      { dagId: '../x', runId: 'a/b', taskId: 'é', mapIndex: -1 },
      1,
      'dag_id=..%2Fx/run_id=a%2Fb/task_id=%C3%A9/attempt=1-deadbeef.jsonl',
    ],
  ])('%j', (key, tryNumber, path) => {
    expect(attemptLogPath(key, tryNumber, token)).toBe(path);
  });
});

describe('an attempt log', () => {
  it('holds one JSON line per message, with its fields, in order', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'a', 'b.jsonl');
      const log = new AttemptLogWriter(file, { tryNumber: 3, now });
      log.write('info', 'task', 'loaded', {
        rows: 7,
        at: 'not mine',
        when: new Date(0),
        big: 1n,
        bad: {
          get x() {
            throw new Error('no');
          },
        },
      });
      log.write('error', 'stderr', 'Grüße\u001b[31m\u0000\u009b \ud83d');
      log.close();
      log.write('info', 'task', 'after the end');
      expect(readFileSync(file, 'utf8')).not.toMatch(/[\u0000-\u0009\u007f-\u009f]/);
      const at = '2024-05-06T07:08:09.010Z';
      expect(await readAll(file)).toEqual([
        {
          at,
          level: 'info',
          source: 'task',
          try: 3,
          message: 'loaded',
          rows: 7,
          when: '1970-01-01T00:00:00.000Z',
          big: '[not serialisable]',
          bad: '[not serialisable]',
        },
        { at, level: 'error', source: 'stderr', try: 3, message: 'Grüße\u001b[31m\u0000\u009b \ud83d' },
      ]);
    }));

  it('cuts long lines, never inside a character', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log.jsonl');
      const text = `${'x'.repeat(MAX_LOG_LINE_LENGTH - 1)}😀${'y'.repeat(10)}`;
      const log = new AttemptLogWriter(file, { tryNumber: 1, now });
      log.write('info', 'stdout', text);
      log.close();
      const lines = await readAll(file);
      expect(lines.map(({ continues }) => continues)).toEqual([true, undefined]);
      expect(lines.map(({ message }) => message).join('')).toBe(text);
      expect(lines[1]?.message).toBe(`😀${'y'.repeat(10)}`);
    }));

  it('stops at its limit with a mark, says how much was dropped, and still takes what the system says', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log.jsonl');
      const log = new AttemptLogWriter(file, { tryNumber: 1, now, maxBytes: 400 });
      for (let index = 0; index < 20; index += 1) log.write('info', 'stdout', `line ${index}`);
      log.write('error', 'system', 'failed');
      log.close();
      const messages = (await readAll(file)).map(({ message }) => message);
      expect(messages.slice(0, 2)).toEqual(['line 0', 'line 1']);
      expect(messages).toHaveLength(8);
      expect(messages.slice(-3)).toEqual([
        'the log reached its limit of 400 bytes; what the task prints from here on is dropped',
        'failed',
        '15 messages were dropped',
      ]);
    }));

  it('exists only when there is something to say', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log.jsonl');
      const silent = new AttemptLogWriter(file, { tryNumber: 1, now });
      silent.note('info', 'system', 'try 1 of 1 started');
      silent.note('info', 'system', 'success');
      silent.close();
      expect(existsSync(file)).toBe(false);
      let opened = 0;
      const log = new AttemptLogWriter(file, { tryNumber: 1, now, onOpened: () => (opened += 1) });
      log.note('info', 'system', 'try 1 of 1 started');
      log.write('info', 'stdout', 'hello');
      log.note('info', 'system', 'success');
      log.close();
      log.writeLate('warn', 'system', 'one more thing');
      expect(opened).toBe(1);
      expect((await readAll(file)).map(({ message }) => message)).toEqual([
        'try 1 of 1 started',
        'hello',
        'success',
        'one more thing',
      ]);
    }));

  it('has its folder checked before a task begins', () =>
    inFolder(async (folder) => {
      checkLogFolder(join(folder, 'logs', 'dag_id=x'));
      checkLogFolder(join(folder, 'logs', 'dag_id=x'));
      expect(existsSync(join(folder, 'logs', 'dag_id=x'))).toBe(true);
      writeFileSync(join(folder, 'file'), '');
      expect(() => checkLogFolder(join(folder, 'file', 'dag_id=x'))).toThrow(/ENOTDIR/);
    }));

  it('does not fail the task when the disk is full', () => {
    const log = new AttemptLogWriter('/dev/full', { tryNumber: 1, now });
    expect(() => {
      log.write('info', 'stdout', 'lost');
      log.close();
    }).not.toThrow();
  });

  it('can be followed while it is written, and ends when asked', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'log.jsonl');
      const log = new AttemptLogWriter(file, { tryNumber: 1, now });
      log.write('info', 'stdout', 'first');
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const { message } of followAttemptLog(file, stop.signal)) {
        seen.push(message);
        if (message === 'first') log.write('info', 'stdout', 'second');
        if (message === 'second') {
          appendFileSync(file, 'not JSON\n{"message":"cut');
          stop.abort();
        }
      }
      expect(seen).toEqual(['first', 'second', 'not JSON', '{"message":"cut']);
    }));
});

it('printableMessage spells control characters out', () => {
  expect(printableMessage('a\tb\nc\u001b[2J\r\u2028')).toBe('a\tb\nc\\x1b[2J\\x0d\\u2028');
});
