/** What waits, waits for the run's own clock. */
import { describe, expect, it } from '@jest/globals';
import { context, defineDag, FailTask, PokeResult, SkipTask } from '../../../src/sdk/index.js';
import { takes, testDag, VirtualClock } from '../../../src/testing/index.js';

const NOW = Date.UTC(2026, 2, 30);
const minutes = (count: number) => new Date(NOW + count * 60_000);

const flaky = (options: object, failures: number) =>
  defineDag('flaky', { schedule: null }, (d) => {
    d.task('call', options, () => {
      const { tryNumber } = context();
      if (tryNumber <= failures) throw new Error(`no answer to try ${tryNumber}`);
      return tryNumber;
    })();
  });

describe('a task that calls process.exit', () => {
  const exits = (body: () => unknown, retries = 1) =>
    defineDag('exits', { schedule: null }, (d) => {
      d.task('leave', { retries, retryDelay: '5m', retryPolicy: () => 'fail' }, body)();
    });

  it('fails its try, also by code 0, and is tried again whatever its policy is, as on a worker', async () => {
    const { exit } = process;
    const leave = async () => {
      if (context().tryNumber === 2) return 'stays';
      await Promise.resolve();
      return process.exit();
    };
    const run = await testDag(exits(leave), { now: NOW });
    expect(run.task('leave')).toMatchObject({ state: 'up_for_retry', error: { code: 'TASK_EXITED' } });
    await run.finish();
    expect(run.task('leave')).toMatchObject({ state: 'success', tryNumber: 2, output: 'stays' });
    expect(process.exit).toBe(exit);
  });

  it('cannot go on by catching what the call throws', async () => {
    const leave = () => {
      try {
        process.exit(3);
      } catch {
        return 'went on';
      }
    };
    const run = await testDag(exits(leave, 0), { now: NOW });
    expect(run.task('leave')).toMatchObject({ state: 'failed', output: undefined });
    expect(run.task('leave').error?.message).toBe('the task called process.exit with code 3 before it had a result');
  });
});

describe('retries', () => {
  it('waits for the delay, and not for less', async () => {
    const run = await testDag(flaky({ retries: 2, retryDelay: '5m' }, 2), { now: NOW });
    expect(run.task('call')).toMatchObject({ state: 'up_for_retry', tryNumber: 1, wakesAt: minutes(5) });
    expect(run.task('call').error).toMatchObject({ code: 'TASK_ERROR', message: 'no answer to try 1' });
    await run.advance('5m');
    expect(run.task('call').tryNumber).toBe(1);
    await run.advance(1);
    expect(run.task('call')).toMatchObject({ state: 'up_for_retry', tryNumber: 2 });
    await run.advance('10m');
    expect(run.task('call')).toMatchObject({ state: 'success', tryNumber: 3, output: 3, error: null, wakesAt: null });
    expect(run.state).toBe('success');
  });

  it('makes every try of a long wait at its own moment', async () => {
    const run = await testDag(flaky({ retries: 2, retryDelay: '5m' }, 2), { now: NOW });
    await run.advance('1d');
    expect(run.log.filter(({ message }) => message.startsWith('try ')).map(({ at }) => Date.parse(at) - NOW)).toEqual([
      0, 300_001, 600_002,
    ]);
    expect(run.clock.now()).toBe(NOW + 86_400_000);
    expect(run.task('call').endedAt).toEqual(new Date(NOW + 600_002));
  });

  it('backs off exponentially, up to the longest delay', async () => {
    const run = await testDag(flaky({ retries: 4, retryDelay: '1m', retryExponentialBackoff: true, maxRetryDelay: '5m' }, 9), {
      now: NOW,
    });
    const delays: number[] = [];
    while (!run.isOver) {
      const { wakesAt } = run.task('call');
      delays.push((wakesAt!.getTime() - run.clock.now()) / 60_000);
      await run.advance(wakesAt!.getTime() - run.clock.now() + 1);
    }
    const [first, second, third, fourth] = delays as [number, number, number, number];
    expect(delays).toHaveLength(4);
    expect(first).toBeGreaterThanOrEqual(1);
    expect(first).toBeLessThan(2);
    expect(second).toBeGreaterThanOrEqual(2);
    expect(second).toBeLessThan(4);
    expect(third).toBeGreaterThanOrEqual(4);
    expect(third).toBeLessThanOrEqual(5);
    expect(fourth).toBe(5);
    expect(run.task('call')).toMatchObject({ state: 'failed', tryNumber: 5 });
  });

  it('does not repeat what FailTask ended', async () => {
    const dag = defineDag('final', { schedule: null }, (d) => {
      d.task('call', { retries: 5 }, () => {
        throw new FailTask('bad input');
      })();
    });
    const run = await testDag(dag, { now: NOW });
    expect(run.state).toBe('failed');
    expect(run.task('call').tryNumber).toBe(1);
  });
});

describe.each(['poke', 'reschedule'] as const)('a sensor in mode %s', (mode) => {
  const waiting = mode === 'poke' ? 'running' : 'up_for_reschedule';
  const sensor = (looks: number, options: object = {}) =>
    defineDag('waits', { schedule: null }, (d) => {
      const landed = d.sensor('landed', { mode, pokeInterval: '1m', timeout: '1h', ...options }, () => {
        const { pokeNumber } = context();
        return pokeNumber >= looks ? new PokeResult(true, { pokeNumber }) : new PokeResult(false);
      });
      d.task('load', (found: unknown) => found)(landed());
    });

  it('looks once per interval until it finds something', async () => {
    const run = await testDag(sensor(4), { now: NOW });
    expect(run.task('landed').state).toBe(waiting);
    await run.advance('2m');
    expect(run.task('landed').state).toBe(waiting);
    await run.advance('1m');
    expect(run.task('landed')).toMatchObject({ state: 'success', tryNumber: 1, output: { pokeNumber: 4 } });
    expect(run.task('load').input).toEqual({ pokeNumber: 4 });
    expect(run.state).toBe('success');
  });

  it('fails after its timeout without another try', async () => {
    const run = await testDag(sensor(Number.POSITIVE_INFINITY, { retries: 3 }), { now: NOW });
    await run.advance('1h');
    expect(run.task('landed').state).toBe(waiting);
    await run.advance('1m');
    expect(run.task('landed')).toMatchObject({ state: 'failed', tryNumber: 1, error: { code: 'SENSOR_TIMEOUT' } });
    expect(run.task('load').state).toBe('upstream_failed');
  });

  it('is skipped after its timeout when it may fail softly, and what follows with it', async () => {
    const run = await testDag(sensor(Number.POSITIVE_INFINITY, { softFail: true }), { now: NOW });
    await run.finish();
    expect(run.task('landed')).toMatchObject({ state: 'skipped', endedAt: minutes(61) });
    expect(run.task('landed').reason).toContain('SENSOR_TIMEOUT');
    expect(run.task('load').state).toBe('skipped');
    expect(run.state).toBe('success');
  });

  it('pitfall 16: has a fresh timeout in each try, not for each look, and its timeout is not retried', async () => {
    let failures = 1;
    const dag = defineDag('fresh', { schedule: null }, (d) => {
      d.sensor('landed', { mode, pokeInterval: '1m', timeout: '10m', retries: 2, retryDelay: '30m' }, () => {
        if (context().pokeNumber === 9 && failures-- > 0) throw new Error('unreachable');
        return false;
      })();
    });
    const run = await testDag(dag, { now: NOW });
    await run.advance('8m');
    expect(run.task('landed')).toMatchObject({ state: 'up_for_retry', tryNumber: 1 });
    await run.finish();
    expect(run.task('landed')).toMatchObject({ state: 'failed', tryNumber: 2, error: { code: 'SENSOR_TIMEOUT' } });
    expect(run.task('landed').endedAt?.getTime()).toBeGreaterThan(NOW + 48 * 60_000);
  });

  it('is ended by the timeout of the run', async () => {
    const dag = defineDag('short', { schedule: null, dagrunTimeout: '10m' }, (d) => {
      d.sensor('landed', { mode, pokeInterval: '1m', timeout: '1h' }, () => false)();
    });
    const run = await testDag(dag, { now: NOW });
    await run.advance('10m');
    expect(run.state).toBe('running');
    await run.advance('1d');
    expect(run.state).toBe('failed');
    expect(run.task('landed')).toMatchObject({ state: 'skipped', reason: 'dagrun_timeout', endedAt: new Date(NOW + 600_001) });
    expect(run.clock.nextWakeAt()).toBeNull();
  });
});

describe('the time limit of a try', () => {
  it('pitfall 51: does not count the time in which a task has given its slot back', async () => {
    const dag = defineDag('patient', { schedule: null }, (d) => {
      d.sensor('landed', { mode: 'reschedule', pokeInterval: '10m', timeout: '1d', executionTimeout: '1m' }, () => {
        return context().pokeNumber > 12;
      })();
    });
    const run = await (await testDag(dag, { now: NOW })).finish();
    expect(run.task('landed')).toMatchObject({ state: 'success', tryNumber: 1, endedAt: minutes(120) });
  });
});

describe('errors of a sensor', () => {
  const failing = (error: () => Error, options: object, failures = Number.POSITIVE_INFINITY) =>
    defineDag('fails', { schedule: null }, (d) => {
      d.sensor('landed', { pokeInterval: '1m', timeout: '10m', ...options }, () => {
        if (context().pokeNumber <= failures) throw error();
        return true;
      })();
    });
  const ordinary = () => new Error('no connection');
  const final = () => new FailTask('wrong bucket');
  const skip = () => new SkipTask('holiday');

  it.each<[string, () => Error, object, string, string]>([
    ['an error fails it', ordinary, {}, 'failed', 'TASK_ERROR'],
    ['softFail does not cover an error', ordinary, { softFail: true }, 'failed', 'TASK_ERROR'],
    ['neverFail skips it', ordinary, { neverFail: true }, 'skipped', 'Error: no connection'],
    ['silentFail looks on, until its timeout', ordinary, { silentFail: true }, 'failed', 'SENSOR_TIMEOUT'],
    ['silentFail goes before neverFail', ordinary, { silentFail: true, neverFail: true }, 'failed', 'SENSOR_TIMEOUT'],
    [
      'silentFail with softFail is skipped by its timeout',
      ordinary,
      { silentFail: true, softFail: true },
      'skipped',
      'SENSOR_TIMEOUT',
    ],
    ['FailTask fails it', final, { silentFail: true }, 'failed', 'TASK_ERROR'],
    ['FailTask with softFail skips it', final, { softFail: true }, 'skipped', 'wrong bucket'],
    ['FailTask with neverFail skips it', final, { neverFail: true }, 'skipped', 'wrong bucket'],
    ['SkipTask skips it', skip, { silentFail: true }, 'skipped', 'holiday'],
  ])('%s', async (_name, error, options, state, reason) => {
    const run = await (await testDag(failing(error, options), { now: NOW })).finish();
    expect(run.task('landed').state).toBe(state);
    expect(run.task('landed').reason).toContain(reason);
  });

  it('looks on after errors that count as "not yet", and writes them down', async () => {
    const run = await (await testDag(failing(ordinary, { silentFail: true }, 2), { now: NOW })).finish();
    expect(run.task('landed')).toMatchObject({ state: 'success', endedAt: minutes(2) });
    expect(run.log.filter(({ message }) => message.includes('no connection'))).toHaveLength(2);
  });

  it('B69: does not guess what an answer means, whatever may fail', async () => {
    const dag = defineDag('guess', { schedule: null }, (d) => {
      d.sensor('landed', { silentFail: true, neverFail: true }, () => 'yes' as unknown as boolean)();
    });
    const run = await testDag(dag, { now: NOW });
    expect(run.task('landed').error).toMatchObject({ code: 'VALUE_TYPE' });
  });

  it.each([['softFail'], ['neverFail']])('%s skips a sensor that reaches its executionTimeout', async (option) => {
    const dag = defineDag('limited', { schedule: null }, (d) => {
      d.sensor('landed', { executionTimeout: '5m', [option]: true }, () => false)();
    });
    const run = await (await testDag(dag, { now: NOW })).finish();
    expect(run.task('landed')).toMatchObject({ state: 'skipped', endedAt: minutes(5) });
    expect(run.task('landed').reason).toContain('TASK_TIMEOUT');
  });

  it('refuses softFail together with neverFail', async () => {
    await expect(testDag(failing(ordinary, { softFail: true, neverFail: true }))).rejects.toThrow(
      /VALUE_RANGE: tasks.landed.neverFail: softFail and neverFail exclude each other/,
    );
  });
});

describe('sensors side by side', () => {
  it('keep nobody from running, however many hold their slots', async () => {
    const dag = defineDag('many', { schedule: null, maxActiveTasks: 100 }, (d) => {
      for (let index = 0; index < 60; index++) d.sensor(`landed_${index}`, { pokeInterval: '1m' }, () => false)();
      d.task('load', () => 1)();
    });
    const run = await testDag(dag, { now: NOW });
    expect(run.task('landed_59').state).toBe('running');
    expect(run.task('load').state).toBe('success');
  });
});

describe('limits', () => {
  const slow = defineDag('slow', { schedule: null, dagrunTimeout: '3h' }, (d) => {
    d.task('call', { executionTimeout: '30m', retries: 1, retryDelay: '1m' }, () => 1)();
    d.task('other', () => 2)();
  });

  it('lets a stub take time', async () => {
    const run = await testDag(slow, { now: NOW, stubs: { call: takes('20m', 5) } });
    expect(run.task('call').state).toBe('running');
    await run.advance('20m');
    expect(run.task('call')).toMatchObject({ state: 'success', output: 5 });
  });

  it('ends a try after its time, and tries again', async () => {
    const run = await testDag(slow, { now: NOW, stubs: { call: takes('2h') } });
    await run.advance('30m');
    expect(run.task('call')).toMatchObject({ state: 'up_for_retry', error: { code: 'TASK_TIMEOUT' } });
    await run.finish();
    expect(run.task('call')).toMatchObject({ state: 'failed', tryNumber: 2, endedAt: new Date(NOW + 61 * 60_000 + 1) });
  });

  it('ends a run after its time, and what runs in it', async () => {
    const run = await testDag(slow, { now: NOW, stubs: { other: takes('5h') } });
    await run.finish();
    expect(run.task('other')).toMatchObject({
      state: 'skipped',
      reason: 'dagrun_timeout',
      endedAt: new Date(NOW + 3 * 3_600_000 + 1),
    });
    expect(run.state).toBe('failed');
    expect(run.clock.nextWakeAt()).toBeNull();
  });
});

describe('VirtualClock', () => {
  it('wakes sleepers in the order of their times', async () => {
    const clock = new VirtualClock('2026-03-29');
    const woken: string[] = [];
    void clock.sleep(3_000).then(() => woken.push('c'));
    void clock.sleep(1_000).then(() => woken.push('a'));
    void clock.sleep(2_000).then(() => woken.push('b'));
    expect(clock.nextWakeAt()).toBe(Date.UTC(2026, 2, 29, 0, 0, 1));
    clock.advance('2s');
    await Promise.resolve();
    expect(woken).toEqual(['a', 'b']);
    clock.moveTo(0);
    expect(clock.now()).toBe(Date.UTC(2026, 2, 29, 0, 0, 2));
  });

  it('ends a sleep that is aborted, at once and without a trace', async () => {
    const clock = new VirtualClock(0 + NOW);
    const abort = new AbortController();
    const asleep = clock.sleep(1_000, abort.signal);
    abort.abort();
    await asleep;
    await clock.sleep(1_000, abort.signal);
    await clock.sleep(0);
    expect(clock.nextWakeAt()).toBeNull();
    expect(clock.now()).toBe(NOW);
  });

  it('refuses what is no duration', () => {
    expect(() => new VirtualClock(NOW).advance('10 min' as '10m')).toThrow(/DURATION_INVALID: advance/);
  });
});
