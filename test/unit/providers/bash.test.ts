import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bash, type BashOptions } from '../../../src/providers/standard/bash.js';
import { LineReader } from '../../../src/providers/standard/line-reader.js';
import { runWithContext, type TaskContext } from '../../../src/sdk/context.js';
import { operatorUseOf } from '../../../src/sdk/operator.js';

interface Ran {
  readonly result: Promise<string>;
  readonly lines: readonly string[];
  /** Resolves with the first line for which `test` holds. */
  line(test: (line: string) => boolean): Promise<string>;
}

function run(options: BashOptions, args: readonly unknown[] = [], signal: AbortSignal = new AbortController().signal): Ran {
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const log = (level: string) => (line: string) => {
    lines.push(`${level} ${line}`);
    waiting.forEach((check) => check(line));
  };
  const context = {
    dagId: 'd',
    taskId: 't',
    runId: 'manual__1',
    mapIndex: 2,
    tryNumber: 3,
    logicalDate: new Date(0),
    dataInterval: { start: new Date(0), end: new Date(86_400_000) },
    signal,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  } as unknown as TaskContext;
  const line = (test: (line: string) => boolean) =>
    new Promise<string>((resolve) => waiting.push((text) => test(text) && resolve(text)));
  const use = operatorUseOf(bash(options))!;
  // A worker does the same, and renders texts besides.
  const rendered = Object.entries(use.templates).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'function' ? (value as (context: TaskContext) => unknown)(context) : value,
  ]);
  const result = runWithContext(context, () => use.execute(args, Object.fromEntries(rendered))) as Promise<string>;
  return { lines, line, result };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Resolves once no process has this id any more; bounded by the test's timeout. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid) && !(await isZombie(pid))) await new Promise((resolve) => setImmediate(resolve));
}
async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '0 () Z');
  return / Z /.test(stat.slice(stat.lastIndexOf(')')));
}

describe('bash', () => {
  it('logs both streams and returns the last line of standard output', async () => {
    const ran = run({ command: 'echo one; echo oops >&2; printf "two\\r\\nthree"' });
    expect(await ran.result).toBe('three');
    expect(ran.lines.filter((line) => line.startsWith('info'))).toEqual(['info one', 'info two', 'info three']);
    expect(ran.lines).toContain('warn oops');
  });

  it('gives inputs as positional parameters, without a second look at them', async () => {
    expect(await run({ command: 'echo "$#:$1:$2"' }, ['a b; $(date)', 7]).result).toBe('2:a b; $(date):7');
  });

  it('pitfall 66: adds to the environment: its own variables and the context', async () => {
    const command =
      'echo "$A|$AIRFLOW_CTX_DAG_ID|$AIRFLOW_CTX_TRY_NUMBER|$AIRFLOW_CTX_MAP_INDEX|$AIRFLOW_CTX_DATA_INTERVAL_END|${PATH:+path}"';
    expect(await run({ command, env: { A: 'x=y' } }).result).toBe('x=y|d|3|2|1970-01-02T00:00:00.000Z|path');
  });

  it('takes functions of the context', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bash-'));
    expect(
      await run({ command: ({ dagId }) => `echo ${dagId}-$X-$PWD`, env: ({ taskId }) => ({ X: taskId }), cwd: () => folder })
        .result,
    ).toBe(`d-t-${folder}`);
  });

  it('ends when the command has, though a process that left its group holds the output open', async () => {
    // Field 6 is the session: until it has one of its own, it still is in the group that is killed.
    const hasLeft = '[ "$(cut -d" " -f6 /proc/$pid/stat)" = $pid ]';
    const ran = run({ command: `setsid sleep 300 & pid=$!; until ${hasLeft}; do :; done; echo $pid` });
    const pid = Number(await ran.result);
    expect(process.kill(pid, 'SIGKILL')).toBe(true);
  });

  it('returns an empty text when nothing was printed', async () => {
    expect(await run({ command: 'true' }).result).toBe('');
  });

  it.each<[string, BashOptions, string]>([
    [
      'an exit code',
      { command: 'echo why >&2; exit 3' },
      'COMMAND_FAILED: bash: the command ended with exit code 3: why, got "echo why >&2; exit 3"',
    ],
    ['an unknown command', { command: 'no-such-command-here' }, 'COMMAND_NOT_FOUND: bash: the command ended with exit code 127'],
    ['a file that cannot be executed', { command: '/etc/passwd' }, 'exit code 126 (not executable)'],
    ['a child killed by a signal', { command: 'sh -c "kill -9 \\$\\$"; exit $?' }, 'exit code 137 (killed by signal 9)'],
    ['the shell killed by a signal', { command: 'kill -SEGV $$' }, 'the command was killed by SIGSEGV'],
    [
      'a command that is too long for the system',
      { command: () => `echo ${'x'.repeat(3_000_000)}` },
      'COMMAND_FAILED: bash: the shell could not be started: spawn E2BIG',
    ],
    [
      'a missing folder',
      { command: 'true', cwd: '/no/such/folder' },
      'COMMAND_FAILED: bash.cwd: there is no such folder, got "/no/such/folder"',
    ],
    ['a folder that is a file', { command: 'true', cwd: '/etc/passwd' }, 'COMMAND_FAILED: bash.cwd: this is not a folder'],
    [
      'a variable name with =',
      { command: 'true', env: { 'A=B': '1' } },
      'VALUE_RANGE: bash.env: this cannot be the name of a variable',
    ],
    ['NUL in a variable', { command: 'true', env: { A: '\0' } }, 'ARG_HAS_NUL: bash.env.A'],
    ['NUL in the command', { command: 'echo \0' }, 'ARG_HAS_NUL: bash.command'],
    ['a command that is no text', { command: 5 as never }, 'VALUE_TYPE: bash.command: this must be a text, got 5'],
  ])('fails by name for %s', async (_what, options, message) => {
    await expect(run(options).result).rejects.toThrow(message);
  });

  it('fails by name for NUL in an argument', async () => {
    await expect(run({ command: 'true' }, ['a\0b']).result).rejects.toThrow('ARG_HAS_NUL: bash.args[0]');
  });

  it('pitfall 66: skips by exit code 99, or another one, or none', async () => {
    const skip = { name: 'SkipTask', message: 'the command ended with exit code 99' };
    await expect(run({ command: 'exit 99' }).result).rejects.toMatchObject(skip);
    await expect(run({ command: 'exit 4', skipOnExitCode: 4 }).result).rejects.toMatchObject({ name: 'SkipTask' });
    await expect(run({ command: 'exit 99', skipOnExitCode: null }).result).rejects.toThrow('COMMAND_FAILED');
  });

  it('survives much output and bytes that are no text', async () => {
    const ran = run({
      command: 'head -c 3000000 /dev/zero | tr "\\0" x; head -c 5000 /dev/urandom; echo; yes | head -100000; echo end',
    });
    expect(await ran.result).toBe('end');
    expect(Math.max(...ran.lines.map((line) => line.length))).toBeLessThan(20_000);
  });

  it('kills the whole group when the attempt is aborted, also what ignores SIGTERM', async () => {
    const controller = new AbortController();
    const ran = run({ command: `trap '' TERM; (trap '' TERM; sleep 1000) & echo "child $!"; wait` }, [], controller.signal);
    const pid = Number((await ran.line((line) => line.startsWith('child'))).slice(6));
    controller.abort(new Error('cleared'));
    await expect(ran.result).rejects.toThrow('cleared');
    await gone(pid);
  });

  it('does not start when the attempt is over already', async () => {
    await expect(run({ command: 'echo x' }, [], AbortSignal.abort(new Error('over'))).result).rejects.toThrow('over');
  });

  it('leaves nothing of its group behind when it ends', async () => {
    const ran = run({ command: 'sleep 1000 & echo $!' });
    await gone(Number(await ran.result));
  });

  it('dies with the process that runs it, even by SIGKILL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bash-'));
    const [script, pidFile] = [join(folder, 'runner.mjs'), join(folder, 'pid')];
    const built = (path: string) => new URL(`../../../dist/${path}`, import.meta.url).href;
    await writeFile(
      script,
      `import { operatorUseOf } from '${built('sdk/operator.js')}';
       import { runWithContext } from '${built('sdk/context.js')}';
       import { bash } from '${built('providers/standard/bash.js')}';
       const log = { info() {}, warn() {} };
       const use = operatorUseOf(bash({ command: 'echo $$ > ${pidFile}; sleep 1000' }));
       await runWithContext({ signal: new AbortController().signal, log, mapIndex: -1 }, () => use.execute([]));`,
    );
    const written = new Promise<void>((resolve) => {
      const watcher = watch(folder, (_event, name) => {
        if (name !== 'pid') return;
        void readFile(pidFile, 'utf8').then((text) => {
          if (text === '') return;
          watcher.close();
          resolve();
        });
      });
    });
    const runner = spawn(process.execPath, [script], { stdio: 'inherit' });
    await written;
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    await gone(pid);
  });
});

describe('LineReader', () => {
  it('joins characters and lines that were cut anywhere', () => {
    const bytes = Buffer.from('grün\r\nzwei\n\ndrei€');
    for (let size = 1; size <= bytes.length; size++) {
      const lines: string[] = [];
      const reader = new LineReader((line) => lines.push(line));
      for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
      reader.end();
      expect(lines).toEqual(['grün', 'zwei', '', 'drei€']);
    }
  });

  it('cuts endless lines', () => {
    const lines: string[] = [];
    const reader = new LineReader((line) => lines.push(line));
    for (let i = 0; i < 10; i++) reader.write(Buffer.alloc(10_000, 'x'));
    expect(lines.length).toBeGreaterThan(4);
    reader.end();
    expect(lines.join('')).toHaveLength(100_000);
  });
});
