import { describe, expect, it } from '@jest/globals';
import { context, dag, externalTaskSensor, sensor, task, type Wired } from '../../../src/sdk/index.js';
import { day, testDag, testSchedule, type TestExternalRun } from '../../../src/testing/index.js';

@dag({ schedule: '@daily', startDate: '2024-01-01' })
class Report {
  orders = externalTaskSensor({
    externalDagId: 'orders',
    externalTaskId: 'load_{{ ds_nodash }}',
    executionDelta: '1h',
    failedStates: ['failed'],
    mode: 'reschedule',
    pokeInterval: '10m',
    timeout: '3h',
    retries: 1,
    retryDelay: '1h',
  });
  @task() build(): string {
    return 'built';
  }
  wire(t: Wired<Report>): void {
    t.build().after(t.orders());
  }
}

const interval = day('2024-01-05');
const at = '2024-01-04T23:00:00Z';
const run = (patch: Partial<TestExternalRun> = {}): TestExternalRun => ({ dagId: 'orders', logicalDate: at, ...patch });

describe('testDag with runs of other DAGs', () => {
  it('lets the sensor find the one that is meant', async () => {
    const found = await testDag(Report, { dataInterval: interval, externalRuns: [run({ tasks: { load_20240105: 'success' } })] });
    found.assertState('success');
    expect(found.task('orders').rendered).toEqual({ externalDagId: 'orders', externalTaskId: 'load_20240105' });
  });

  it('waits as time passes until the run is there, and its copies have ended', async () => {
    const states = (now: Date): TestExternalRun[] => {
      const hour = now.getUTCHours();
      if (hour < 1) return [run({ logicalDate: '2024-01-05T00:00:00Z' })];
      return [
        run({ state: 'running', tasks: { load_20240105: hour < 2 ? ['success', 'running', 'removed'] : ['success', 'success'] } }),
      ];
    };
    const waiting = await testDag(Report, { dataInterval: interval, externalRuns: states });
    expect(waiting.task('orders').state).toBe('up_for_reschedule');
    await waiting.advance('1h');
    const messages = waiting.log.map(({ message }) => message);
    expect(messages).toContain(
      'DAG "orders" has no run at 2024-01-04T23:00:00.000Z; the nearest run is at 2024-01-05T00:00:00.000Z. Only the very date counts: if the ' +
        'schedules differ, say by how much with executionDelta or executionDateFn',
    );
    expect(messages).toContain('"load_20240105" in run external__2024-01-04T23:00:00.000Z is running');
    expect(waiting.task('orders').state).toBe('up_for_reschedule');
    await waiting.advance('1h');
    waiting.assertState('success');
    expect(waiting.task('orders').endedAt).toEqual(new Date('2024-01-06T02:00:00Z'));
  });

  it('fails by a failed state and tries again, which a cleared run then satisfies', async () => {
    const states = (now: Date) => [run({ state: now < new Date('2024-01-06T01:00:00Z') ? 'failed' : 'success' })];
    const failing = await testDag(Report, { dataInterval: interval, externalRuns: states });
    expect(failing.task('orders').state).toBe('up_for_retry');
    expect(failing.task('orders').error).toMatchObject({ code: 'EXTERNAL_FAILED' });
    await failing.finish();
    failing.assertState('success');
    expect(failing.task('orders').tryNumber).toBe(2);
  });

  it('pitfall 65: waits for a date that never comes only as long as its timeout', async () => {
    const waiting = await testDag(Report, { dataInterval: interval, externalRuns: [run({ logicalDate: '2024-01-04T22:00:00Z' })] });
    await waiting.finish();
    waiting.assertState('failed');
    expect(waiting.task('orders').error).toMatchObject({ code: 'SENSOR_TIMEOUT' });
  });

  it('pitfall 65: does not wait, nor try again, in a run without a logical date', async () => {
    @dag({ schedule: null })
    class Undated {
      plain = externalTaskSensor({ externalDagId: 'orders', retries: 2, silentFail: true });
      soft = externalTaskSensor({ externalDagId: 'orders', softFail: true });
      told = externalTaskSensor({ externalDagId: 'orders', executionDateFn: () => new Date(at) });
      wire(t: Wired<Undated>): void {
        t.plain();
        t.soft();
        t.told();
      }
    }
    const undated = await testDag(Undated, { externalRuns: [run()] });
    undated.assertState('failed');
    expect(undated.task('plain')).toMatchObject({ state: 'failed', tryNumber: 1, error: { code: 'LOGICAL_DATE_MISSING' } });
    expect(undated.task('soft')).toMatchObject({ state: 'skipped', reason: expect.stringMatching(/^LOGICAL_DATE_MISSING: /) });
    expect(undated.task('told').state).toBe('success');
  });

  it('says how to stub what it cannot know, and takes the stub', async () => {
    const alone = await testDag(Report, { dataInterval: interval });
    expect(alone.task('orders').error).toMatchObject({ code: 'NOT_FOUND' });
    expect(alone.task('orders').error!.message).toContain("externalRuns: [{ dagId: 'orders', logicalDate, state }]");
    const stubbed = await testDag(Report, { dataInterval: interval, stubs: { orders: true } });
    stubbed.assertState('success');
  });

  it('knows groups by the ids of their tasks, and the own DAG by its runs', async () => {
    @dag({ schedule: '@daily', startDate: '2024-01-01' })
    class Chain {
      group = externalTaskSensor({ externalDagId: 'orders', externalTaskGroupId: 'g', allowedStates: ['success', 'skipped'] });
      whole = externalTaskSensor({ externalDagId: 'orders', allowedStates: ['partial'] });
      before = externalTaskSensor({
        externalDagId: 'chain',
        externalTaskIds: ['group', 'whole'],
        executionDelta: '1d',
        pokeInterval: '1h',
        timeout: '1h',
        softFail: true,
      });
      wire(t: Wired<Chain>): void {
        t.group();
        t.whole();
        t.before();
      }
    }
    const schedule = await testSchedule(Chain, {
      from: '2024-01-01',
      to: '2024-01-04',
      externalRuns: [1, 2, 3].map((date) => ({
        dagId: 'orders',
        logicalDate: `2024-01-0${date}`,
        state: 'partial',
        tasks: { 'g.a': 'success', 'g.h.b': date === 3 ? 'running' : 'skipped', other: 'failed' },
      })),
    });
    const states = schedule.runs.map((one) => ['group', 'whole', 'before'].map((taskId) => one.task(taskId).state));
    expect(states[1]).toEqual(['success', 'success', 'success']);
    expect(states[0]![0]).toBe('success');
    await schedule.advance('3h');
    expect(schedule.run('2024-01-01').task('before').state).toBe('skipped');
    expect(schedule.run('2024-01-03').task('group').state).toBe('running');
  });
});

describe('a kind of sensor of its own', () => {
  const settled = sensor<{ readonly dagId: string }, Promise<boolean>>({
    name: 'settled',
    optionNames: ['dagId'],
    async poke({ dagId }, _inputs, { softFail }) {
      const { externalStates, logicalDate } = context();
      const { dates } = await externalStates({ dagId, target: { kind: 'run' }, logicalDates: [logicalDate!] });
      context().log.info(`softFail ${softFail}`);
      return dates.every(({ run: found }) => found !== null && ['success', 'failed'].includes(found.state));
    },
  });

  @dag({ schedule: '@daily', startDate: '2024-01-01' })
  class Settled {
    first = settled({ dagId: 'orders', pokeInterval: '5m', timeout: '1h', softFail: true });
    second = settled({ dagId: 'orders' });
    wire(t: Wired<Settled>): void {
      t.second().after(t.first());
    }
  }

  it('is called again until it is done, and is told of softFail', async () => {
    const states = (now: Date): TestExternalRun[] => [
      run({ logicalDate: interval.start, state: now < new Date('2024-01-06T00:10:00Z') ? 'running' : 'failed' }),
    ];
    const ended = await testDag(Settled, { dataInterval: interval, externalRuns: states });
    expect(ended.task('first').state).toBe('running');
    await ended.advance('10m');
    ended.assertState('success');
    const lines = ended.log.filter(({ source }) => source === 'task').map(({ taskId, message }) => `${taskId} ${message}`);
    expect(lines).toEqual(['first softFail true', 'first softFail true', 'first softFail true', 'second softFail false']);
  });

  it('cannot take the name of an option of sensors', () => {
    expect(() => sensor({ name: 'late', optionNames: ['timeout'], poke: (_options: { timeout: string }) => true })).toThrow(
      'PLUGIN_INVALID: sensor late: an option of a sensor has the name of a task option, got "timeout"',
    );
  });

  it('checks what it is asked', async () => {
    @dag({ schedule: null })
    class Asking {
      @task() async ask(): Promise<void> {
        await context().externalStates({ dagId: 'a b', target: { kind: 'run' }, logicalDates: [new Date()] });
      }
      @task() async many(): Promise<void> {
        const logicalDates = Array.from({ length: 1_001 }, (_, index) => new Date(index));
        await context().externalStates({ dagId: 'orders', target: { kind: 'run' }, logicalDates });
      }
      @task() async none(): Promise<void> {
        await context().externalStates({ dagId: 'orders', target: { kind: 'tasks', taskIds: [] }, logicalDates: [new Date()] });
      }
      @task() async never(): Promise<void> {
        await context().externalStates({ dagId: 'orders', target: { kind: 'run' }, logicalDates: [new Date(Number.NaN)] });
      }
      @task() async nameless(): Promise<void> {
        await context().externalStates({ dagId: 'orders', target: { kind: 'group', groupId: '' }, logicalDates: [new Date()] });
      }
      wire(t: Wired<Asking>): void {
        t.ask();
        t.many();
        t.none();
        t.never();
        t.nameless();
      }
    }
    const asked = await testDag(Asking, { externalRuns: [] });
    expect(['ask', 'many', 'none', 'never', 'nameless'].map((taskId) => asked.task(taskId).error?.message)).toEqual([
      'ID_INVALID: this cannot be the id of a DAG, got "a b"',
      'VALUE_RANGE: too many logical dates, got 1001; allowed: 1 to 1000',
      'VALUE_RANGE: too few tasks, got 0; allowed: 1 to 1000',
      'DATE_INVALID: a logical date is no date, got NaN',
      'ID_INVALID: this cannot be the id of a task or group, got ""',
    ]);
  });
});
