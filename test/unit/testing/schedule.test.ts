/** A DAG by its schedule, over days and months of virtual time. */
import { describe, expect, it } from '@jest/globals';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import { context, dag, defineDag, task, timetable, type DagOptions, type Wired } from '../../../src/sdk/index.js';
import { takes, testDag, testSchedule } from '../../../src/testing/index.js';

@dag({ schedule: '@hourly', startDate: '2026-01-01', catchup: true, maxActiveRuns: 4 })
class Hourly {
  @task() async extract(): Promise<number> {
    return (context().dataInterval?.start.getTime() ?? 0) / 3_600_000;
  }
  @task({ retries: 1, retryDelay: '5m' }) async load(hours: number): Promise<number> {
    return hours + 1;
  }
  wire(t: Wired<Hourly>) {
    t.load(t.extract());
  }
}

const daily = (options: Partial<DagOptions> = {}, body: () => unknown = () => 1) =>
  defineDag('daily', { schedule: '@daily', startDate: '2026-01-01', catchup: true, ...options }, (d) => {
    d.task('work', body as () => number)();
  });

const dates = (runs: readonly { readonly logicalDate: Date | null }[]) =>
  runs.map(({ logicalDate }) => logicalDate?.toISOString().slice(5, 10));

describe('testSchedule', () => {
  const twoDays: Timetable = {
    next: (last, { earliest, latest }) => {
      const start = last?.end ?? earliest!;
      const end = start + 2 * 86_400_000;
      return latest !== null && start > latest ? null : { logicalDate: start, dataInterval: { start, end }, runAfter: end };
    },
    inferManualInterval: (at) => ({ start: at, end: at }),
    summary: 'every two days',
    periodic: true,
  };
  const byPlugin = daily({ schedule: timetable('two_days') });

  it('follows a timetable that a plugin would register, and says so when it is not given or fails', async () => {
    const span = { from: '2026-03-01', to: '2026-03-06' };
    const schedule = await testSchedule(byPlugin, { ...span, timetables: { two_days: twoDays } });
    expect(dates(schedule.runs)).toEqual(['03-01', '03-03']);
    const run = await testDag(byPlugin, { logicalDate: '2026-03-03', timetables: { two_days: twoDays } });
    expect(run.dataInterval?.end).toEqual(new Date('2026-03-05'));
    await expect(testSchedule(byPlugin, span)).rejects.toThrow('UNKNOWN_NAME');
    const broken = { ...twoDays, next: () => 5 as never };
    await expect(testSchedule(byPlugin, { ...span, timetables: { two_days: broken } })).rejects.toThrow('TIMETABLE_FAILED');
  });

  it('runs one continuous run after the other; one that takes no time is followed a minute later', async () => {
    const continuous = daily({ schedule: '@continuous', maxActiveRuns: 1, catchup: false });
    const span = { from: '2026-03-01', to: '2026-03-01T04:00' };
    const slow = await (await testSchedule(continuous, { ...span, stubs: { work: takes('1h', 1) } })).finish();
    expect(slow.states).toEqual({ success: 4 });
    expect(slow.runs.map(({ dataInterval }) => dataInterval?.end.toISOString().slice(11, 16))).toEqual([
      '00:01',
      '01:01',
      '02:01',
      '03:01',
    ]);
    const quick = await testSchedule(continuous, { from: '2026-03-01', to: '2026-03-01T00:10' });
    expect(quick.states).toEqual({ success: 9 });
    await quick.pause();
    await quick.advance('1h');
    expect(quick.states).toEqual({ success: 9 });
  });

  it('runs a month of hours, each at its own time', async () => {
    const schedule = await testSchedule(Hourly, { from: '2026-03-01', to: '2026-04-01' });
    expect(schedule.states).toEqual({ success: 744 });
    const run = schedule.run('2026-03-29T02:00');
    expect(run).toMatchObject({ runType: 'scheduled', state: 'success' });
    expect(run.dataInterval?.end).toEqual(new Date('2026-03-29T03:00Z'));
    expect(run.startedAt).toEqual(run.dataInterval?.end);
    expect(run.task('load').output).toBe(run.task('extract').output! + 1);
    expect(schedule.clock.now()).toBe(Date.UTC(2026, 3, 1));
    expect(schedule.runs.map(({ logicalDate }) => logicalDate?.getTime())).toEqual(
      Array.from({ length: 744 }, (_, hour) => Date.UTC(2026, 2, 1, hour)),
    );
  });

  it('lets runs overlap, retry and wait for each other as they would', async () => {
    let fails = true;
    const schedule = await testSchedule(Hourly, {
      from: '2026-03-01',
      to: '2026-03-02',
      stubs: {
        extract: takes('6h', 1),
        load: () => {
          if (!fails) return 2;
          fails = false;
          throw new Error('the first load fails');
        },
      },
    });
    // Four at once, each six hours long.
    expect(schedule.states['success']).toBeLessThan(16);
    expect(schedule.runs.filter(({ state }) => state === 'running')).toHaveLength(4);
    const [first, second] = schedule.runs;
    expect(first?.task('load')).toMatchObject({ state: 'success', tryNumber: 2 });
    expect(first?.endedAt).toEqual(new Date(Date.UTC(2026, 2, 1, 7, 5) + 1));
    expect(second?.endedAt).toEqual(new Date('2026-03-01T08:00Z'));
    await schedule.finish();
    expect(schedule.states).toEqual({ success: 24 });
    expect(schedule.clock.now()).toBeGreaterThan(Date.UTC(2026, 2, 2));
  });

  it.each<[DagOptions['catchup'], readonly string[]]>([
    [true, ['01-01', '01-02', '01-03', '01-04', '01-05']],
    [false, ['01-05']],
    ['latest', ['01-05']],
    [{ last: 2 }, ['01-04', '01-05']],
  ])('shows what catchup %j makes of the time before', async (catchup, expected) => {
    const schedule = await testSchedule(daily({ catchup }), { from: '2026-01-01', to: '2026-01-06', now: '2026-01-06' });
    expect(dates(schedule.runs)).toEqual(expected);
  });

  it('keeps to the dates of the DAG, and to its own', async () => {
    const dag = daily({ startDate: '2026-01-03', endDate: '2026-01-20' });
    const schedule = await testSchedule(dag, { from: '2026-01-01', to: '2026-01-06' });
    expect(dates(schedule.runs)).toEqual(['01-03', '01-04', '01-05']);
    await schedule.advance('90d');
    expect(schedule.runs).toHaveLength(3);
    await expect(testSchedule(dag, { from: '2026-01-06', to: '2026-01-06' })).rejects.toThrow(/DATE_ORDER: to/);
  });

  it('waits for the past where a task depends on it', async () => {
    const dag = defineDag('chain', { schedule: '@daily', startDate: '2026-01-01', catchup: true }, (d) => {
      d.task('work', { dependsOnPast: true }, () => {
        if (context().logicalDate?.getUTCDate() === 3) throw new Error('the third day fails');
        return 1;
      })();
    });
    const schedule = await testSchedule(dag, { from: '2026-01-01', to: '2026-01-07' });
    expect(schedule.runs.map(({ state }) => state)).toEqual(['success', 'success', 'failed', 'running', 'running', 'running']);
    expect(schedule.run('2026-01-04').task('work').state).toBe('none');
    await schedule.finish();
    expect(schedule.run('2026-01-06').state).toBe('running');
  });

  it('triggers runs by hand among the others', async () => {
    const schedule = await testSchedule(
      daily({}, () => context().conf),
      { from: '2026-01-01', to: '2026-01-03' },
    );
    const run = await schedule.trigger({ conf: { day: 'today' } });
    expect(run).toMatchObject({ state: 'success', runType: 'manual', logicalDate: null });
    expect(run.task('work').output).toEqual({ day: 'today' });
    await schedule.advance(1);
    expect((await schedule.trigger({ logicalDate: '2026-01-02T12:00' })).logicalDate).toEqual(new Date('2026-01-02T12:00Z'));
    expect(schedule.states).toEqual({ success: 4 });
    await schedule.advance(1);
    await expect(schedule.trigger({ logicalDate: '2026-01-02' })).rejects.toThrow(/RUN_EXISTS/);
    expect(() => schedule.run('2026-01-09')).toThrow(/NOT_FOUND: daily: there is no such run, got "2026-01-09"; allowed: /);
  });

  it('pitfall 58: keeps a run of a paused DAG queued until that is unpaused', async () => {
    const schedule = await testSchedule(daily(), { from: '2026-01-01', to: '2026-01-10', now: '2026-01-03' });
    await schedule.pause();
    const run = await schedule.trigger();
    expect(run.state).toBe('queued');
    await schedule.advance('5d');
    expect(run.state).toBe('queued');
    await schedule.unpause();
    expect(schedule.run(run.runId).state).toBe('success');
  });

  it('shows every run, and the one that failed', async () => {
    const dag = daily({}, () => {
      if (context().logicalDate?.getUTCDate() === 2) throw new Error('no data on the second');
      return 1;
    });
    const schedule = await testSchedule(dag, { from: '2026-01-01', to: '2026-01-04' });
    expect(String(schedule)).toBe(
      [
        'daily: 3 runs',
        'scheduled__2026-01-02T00:00:00+00:00  success  1 success',
        'scheduled__2026-01-03T00:00:00+00:00  failed  1 failed',
        'scheduled__2026-01-04T00:00:00+00:00  success  1 success',
      ].join('\n'),
    );
    expect(() => schedule.assertStates('success')).toThrow(/every run should be success[^]*no data on the second/);
    expect((await testSchedule(daily(), { from: '2026-01-01', to: '2026-01-03' })).assertStates('success').runs).toHaveLength(2);
  });

  it('keeps the lines of each run apart', async () => {
    const dag = daily({}, () => context().log.info(`day ${context().logicalDate?.getUTCDate()}`));
    const schedule = await testSchedule(dag, { from: '2026-01-01', to: '2026-01-04' });
    const said = schedule.run('2026-01-02').log.filter(({ source }) => source === 'task');
    expect(said.map(({ message, taskId }) => [taskId, message])).toEqual([['work', 'day 2']]);
  });
});
