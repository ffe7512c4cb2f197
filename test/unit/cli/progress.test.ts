import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BackfillReporter, renderBar, renderCounts } from '../../../src/cli/progress/backfill-reporter.js';
import { RunReporter } from '../../../src/cli/progress/run-reporter.js';
import { Throttle } from '../../../src/cli/progress/throttle.js';
import { backfillProgress } from './backfill-progress.js';
import { dagRun, FakeTerminal, NOW, taskInstance } from './fake-cli.js';

// What is drawn depends on how much time has passed: none, however slow the machine is.
beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('backfill progress', () => {
  it('counts and draws', () => {
    const progress = backfillProgress({ success: 40, failed: 10, running: 5, etaMs: 50_000 });
    expect(renderCounts(progress)).toBe('done 40 of 100  running 5  failed 10  waiting 45  ETA 50s');
    expect(renderBar(progress)).toBe(`[${'#'.repeat(16)}${'x'.repeat(4)}${'>'.repeat(2)}${' '.repeat(18)}] 50%`);
    expect(renderBar(backfillProgress({}, 0))).toBe(`[${' '.repeat(40)}] 0%`);
    expect(renderBar(backfillProgress({ success: 100 }))).toBe(`[${'#'.repeat(40)}] 100%`);
  });

  it('is plain lines off a terminal, one per change, and the last state is always said', () => {
    const terminal = new FakeTerminal();
    const reporter = new BackfillReporter(terminal);
    reporter.update(backfillProgress({ running: 1 }));
    reporter.update(backfillProgress({ running: 1 }));
    reporter.update(backfillProgress({ success: 99, running: 1 }));
    reporter.update(backfillProgress({ success: 100 }));
    reporter.end();
    expect(terminal.stderr.trim().split('\n')).toEqual([
      'done 0 of 100  running 1  failed 0  waiting 99',
      'done 100 of 100  running 0  failed 0  waiting 0',
    ]);
    expect(terminal.frames).toEqual([]);
  });

  it('is a bar on a terminal, within its width', () => {
    const terminal = new FakeTerminal();
    terminal.noteWidth = 50;
    const reporter = new BackfillReporter(terminal);
    for (let success = 0; success <= 100; success++) reporter.update(backfillProgress({ success }));
    reporter.end();
    expect(terminal.frames.length).toBeLessThanOrEqual(3);
    for (const line of terminal.frames.flat()) expect(line.length).toBeLessThan(50);
    expect(terminal.stderr).toBe('done 100 of 100  running 0  failed 0  waiting 0\n');
  });
});

describe('Throttle', () => {
  it('draws at once, then at most once per interval, and what waits at the end', () => {
    let drawn = 0;
    const throttle = new Throttle(60_000, () => drawn++);
    for (let i = 0; i < 10; i++) throttle.request();
    expect(drawn).toBe(1);
    throttle.end();
    throttle.end();
    expect(drawn).toBe(2);
  });
});

describe('run progress', () => {
  it('says every end of a task once, with tries and map index, and starts off a terminal', () => {
    const terminal = new FakeTerminal();
    const reporter = new RunReporter(terminal);
    const running = dagRun('r1', { state: 'running', startedAt: NOW });
    const load = { id: 2, startedAt: NOW, tryNumber: 2, maxTries: 3 };
    reporter.update({
      run: running,
      taskInstances: [taskInstance('extract', { state: 'running' }), taskInstance('load', { id: 2, state: 'scheduled' })],
    });
    reporter.update({ run: running, taskInstances: [taskInstance('extract', { state: 'running' })] });
    reporter.update({
      run: { ...running, state: 'failed', endedAt: NOW + 3_000 },
      taskInstances: [
        taskInstance('extract', { state: 'success', startedAt: NOW, endedAt: NOW + 350 }),
        taskInstance('load', { ...load, mapIndex: 4, state: 'failed', endedAt: NOW + 2_000 }),
      ],
    });
    reporter.end();
    expect(terminal.stderr.split('\n').map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      'running extract',
      'success extract 350ms',
      'failed load[4] try 2 of 3 2s',
      'sales r1: failed after 3s',
      'See why with: airflow-like tasks logs sales load r1 --map-index 4',
      '',
    ]);
  });

  it('redraws what runs now on a terminal, and wipes it at the end', () => {
    const terminal = new FakeTerminal();
    terminal.noteWidth = 80;
    const reporter = new RunReporter(terminal);
    const many = Array.from({ length: 12 }, (_, index) => taskInstance('score', { id: index, mapIndex: index, state: 'running' }));
    reporter.update({ run: dagRun('r1', { state: 'running' }), taskInstances: many });
    reporter.end();
    expect(terminal.frames[0]).toHaveLength(10);
    expect(terminal.frames[0]?.[0]).toBe('running: 0 of 12 task instances done, 12 running');
    expect(terminal.frames[0]?.at(-1)).toBe('  and 4 more');
    expect(terminal.frames.at(-1)).toEqual([]);
  });
});
