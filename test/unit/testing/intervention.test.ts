/** What a person does to a run: clear and mark, in the middle of it and afterwards. */
import { describe, expect, it } from '@jest/globals';
import { context, defineDag, type DagBuilder } from '../../../src/sdk/index.js';
import { testDag, testSchedule } from '../../../src/testing/index.js';

const manual = (wire: (d: DagBuilder) => void) => defineDag('mended', { schedule: null }, wire);

describe('clear', () => {
  it('runs what failed, and what was held up by it, once more', async () => {
    let isDown = true;
    const dag = manual((d) => {
      const call = d.task('call', { retries: 1, retryDelay: '1m' }, () => {
        if (isDown) throw new Error('down');
        return context().tryNumber;
      });
      d.task('load', (n: number) => n)(call());
    });
    const run = await (await testDag(dag)).finish();
    expect(run.task('load').state).toBe('upstream_failed');
    isDown = false;
    await run.clear({ onlyFailed: true });
    expect(run.state).toBe('success');
    // The tries before the clear still count.
    expect(run.task('call')).toMatchObject({ state: 'success', tryNumber: 3, output: 3 });
    expect(run.task('load').output).toBe(3);
  });

  it('pitfall 41: takes copies away, or adds some, when the list to map over has changed', async () => {
    let rows = ['a', 'b', 'c'];
    const dag = manual((d) => {
      const each = d.task('each', (row: string) => row).map(d.task('rows', () => rows)());
      d.task('all', (values: string[]) => values.join(''))(each);
    });
    const run = await testDag(dag);
    expect(run.task('all').output).toBe('abc');
    rows = ['x'];
    await run.clear();
    expect(run.task('each').instances.map(({ state }) => state)).toEqual(['success', 'removed', 'removed']);
    expect(run.task('all').output).toBe('x');
    rows = ['p', 'q', 'r', 's'];
    await run.clear();
    expect(run.task('each').outputs).toEqual(['p', 'q', 'r', 's']);
    expect(run).toMatchObject({ state: 'success' });
    expect(run.task('all').output).toBe('pqrs');
  });

  it('pitfall 44: skips a child of a branch again that is cleared alone, until the branch decides anew', async () => {
    let choice = 'left';
    const dag = manual((d) => {
      const choose = d.branch('choose', () => choice)();
      d.task('left', () => 1)().after(choose);
      d.task('right', () => 2)().after(choose);
    });
    const run = await testDag(dag);
    const states = () => [run.task('left').state, run.task('right').state];
    expect(states()).toEqual(['success', 'skipped']);
    await run.clear({ tasks: ['right'] });
    expect(states()).toEqual(['success', 'skipped']);
    choice = 'right';
    await run.clear({ tasks: ['choose'], downstream: true });
    expect(states()).toEqual(['skipped', 'success']);
  });

  it('takes the result of an attempt that is under way away', async () => {
    let wait = true;
    const dag = manual((d) => {
      d.sensor('landed', { pokeInterval: '1m', timeout: '1h' }, () => !wait)();
    });
    const run = await testDag(dag);
    expect(run.task('landed').state).toBe('running');
    wait = false;
    await run.clear();
    expect(run.task('landed')).toMatchObject({ state: 'success', tryNumber: 2 });
    expect(run.state).toBe('success');
  });
});

describe('mark', () => {
  it('lets a run go on past what failed', async () => {
    const dag = manual((d) => {
      const broken = d.task('broken', () => {
        throw new Error('broken');
      })();
      d.task('next', () => 1)().after(broken);
    });
    const run = await testDag(dag);
    expect(run.state).toBe('failed');
    await run.mark('broken', 'success');
    expect(run.task('next')).toMatchObject({ state: 'success', output: 1 });
    expect(run.state).toBe('success');
    await run.markRun('failed');
    expect(run.state).toBe('failed');
  });

  it('reaches later runs, and a schedule shows them', async () => {
    const dag = defineDag('days', { schedule: '@daily', startDate: '2026-01-01', catchup: true }, (d) => {
      d.task('work', { dependsOnPast: true }, () => {
        if (context().tryNumber === 1 && context().logicalDate?.getUTCDate() === 1) throw new Error('the first day fails');
        return 1;
      })();
    });
    const schedule = await testSchedule(dag, { from: '2026-01-01', to: '2026-01-05' });
    expect(schedule.states).toEqual({ failed: 1, running: 3 });
    await schedule.run('2026-01-01').mark('work', 'success');
    await schedule.refresh();
    // The run itself has ended; those after it go on.
    expect(schedule.states).toEqual({ failed: 1, success: 3 });
    await schedule.run('2026-01-02').clear({ future: true });
    await schedule.refresh();
    expect(schedule.runs.map((run) => run.task('work').tryNumber)).toEqual([1, 2, 2, 2]);
  });
});

describe('XComs of a sensor that gives its slot back', () => {
  it('pitfall 15: do not outlive the look that pushed them', async () => {
    const dag = manual((d) => {
      const landed = d.sensor('landed', { mode: 'reschedule', pokeInterval: '1m', timeout: '1h' }, async () => {
        const { pokeNumber, xcom } = context();
        const before = await xcom.pull('landed', { key: 'seen' });
        await xcom.push(pokeNumber === 1 ? 'seen' : 'before', pokeNumber === 1 ? 1 : [before ?? 'nothing']);
        return pokeNumber === 2;
      })();
      d.task('show', async () => [
        (await context().xcom.pull('landed', { key: 'seen' })) ?? 'nothing',
        await context().xcom.pull('landed', { key: 'before' }),
      ])().after(landed);
    });
    const run = await (await testDag(dag)).finish();
    expect(run.task('show').output).toEqual(['nothing', ['nothing']]);
  });
});
