import { describe, expect, it } from '@jest/globals';
import { asset, assetAlias, assetOrTime, context, dag, task, type AssetEvent, type Wired } from '../../../src/sdk/index.js';
import { day, testDag, testSchedule } from '../../../src/testing/index.js';

const orders = asset('orders', { uri: 's3://lake/orders' });
const rates = asset('rates');
const late = assetAlias('late');
const report = asset('report');

@dag({ schedule: orders.and(rates.or(late)) })
class Report {
  @task({ inlets: [orders], outlets: [report, assetAlias('parts')] })
  async build(): Promise<readonly AssetEvent[]> {
    const { outletEvents, inletEvents, triggeringAssetEvents } = context();
    outletEvents.get(report).extra = { rows: (await inletEvents.get(orders)).length };
    outletEvents.get(assetAlias('parts')).add(asset('part-1'), { index: 1 });
    return (await triggeringAssetEvents.all()).map((event) => ({ ...event, timestamp: event.timestamp }));
  }
  @task() last(): void {}
  wire(t: Wired<Report>): void {
    t.last().after(t.build());
  }
}

describe('testDag with events of assets', () => {
  it('makes the run that they would, which sees them and brings its own', async () => {
    const run = await testDag(Report, {
      now: '2026-03-01T12:00:00Z',
      assetEvents: [
        { asset: orders, extra: { day: new Date('2026-02-28') }, at: '2026-03-01T11:00:00Z' },
        { asset: orders },
        { asset: rates },
      ],
    });
    run.assertState('success');
    expect(run).toMatchObject({ runType: 'asset_triggered', logicalDate: null, dataInterval: null });
    expect(run.runId).toMatch(/^asset_triggered__2026-03-01T12:00:00\+00:00_/);
    expect(run.task('build').output).toMatchObject([
      {
        asset: { name: 'orders', uri: 's3://lake/orders' },
        timestamp: new Date('2026-03-01T11:00:00Z'),
        extra: { day: new Date('2026-02-28') },
      },
      { asset: { name: 'orders' }, extra: {}, source: null },
      { asset: { name: 'rates' } },
    ]);
    expect(run.assetEvents).toEqual([
      {
        asset: { name: 'report', uri: 'report' },
        timestamp: new Date('2026-03-01T12:00:00Z'),
        extra: { rows: 2 },
        source: { dagId: 'report', runId: run.runId, taskId: 'build', mapIndex: -1 },
      },
      expect.objectContaining({ asset: { name: 'part-1', uri: 'part-1' }, extra: { index: 1 } }),
    ]);
  });

  it('shows them to templates, as lists by name', async () => {
    @dag({ schedule: orders })
    class Shown {
      @task() async text(): Promise<string> {
        const list =
          '{% for name, events in triggering_asset_events.items() %}{{ name }}: {% for one in events %}{{ one.extra.rows }} {% endfor %}{% endfor %}';
        return context().render(list);
      }
      wire(t: Wired<Shown>): void {
        t.text();
      }
    }
    const rows = [3, 4].map((count) => ({ asset: orders, extra: { rows: count } }));
    const shown = await testDag(Shown, { assetEvents: rows });
    shown.assertState('success');
    expect(shown.task('text').output).toBe('orders: 3 4 ');
    expect((await testDag(Shown)).task('text').output).toBe('');
  });

  it('takes events through an alias', async () => {
    const run = await testDag(Report, { assetEvents: [{ asset: orders }, { asset: asset('anything'), alias: late }] });
    expect(run.assertState('success').task('build').output).toHaveLength(2);
  });

  it('runs the DAG by hand without them', async () => {
    const run = await testDag(Report);
    expect(run.assertState('success').runType).toBe('manual');
    expect(run.task('build').output).toEqual([]);
  });

  it('pitfall 49: brings nothing for a task that is marked a success, only for one that is', async () => {
    let tries = 0;
    const stubs = { build: () => (tries++ === 0 ? Promise.reject(new Error('no')) : []) };
    const run = await testDag(Report, { stubs });
    await run.assertState('failed').mark('build', 'success');
    expect(run.task('build').state).toBe('success');
    expect(run.assetEvents).toEqual([]);
    await run.clear({ tasks: ['build'] });
    expect(run.assetEvents.map(({ asset: { name } }) => name)).toEqual(['report']);
  });

  it('brings nothing for a task that fails or is skipped', async () => {
    const failing = await testDag(Report, {
      stubs: {
        build: () => {
          throw new Error('no');
        },
      },
    });
    expect(failing.assertState('failed').assetEvents).toEqual([]);
  });

  it.each<[string, Parameters<typeof testDag<typeof Report>>[1], string]>([
    [
      'events that are not enough',
      { assetEvents: [{ asset: orders }] },
      'STATE_CONFLICT: assetEvents: these events do not start a run: report waits for orders and (rates or alias late)',
    ],
    ['no events', { assetEvents: [] }, 'REQUEST_INVALID: assetEvents: there are no events'],
    [
      'an event of something else',
      { assetEvents: [{ asset: asset('order') }] },
      'UNKNOWN_NAME: assetEvents[0]: report does not wait for this, got "order"; allowed: orders and (rates or alias late)',
    ],
    ['what is no asset', { assetEvents: [{ asset: 'orders' as never }] }, 'VALUE_TYPE: assetEvents[0].asset'],
    ['dates beside them', { assetEvents: [{ asset: orders }], dataInterval: day('2026-03-01') }, 'REQUEST_INVALID'],
  ])('refuses %s', async (_case, options, message) => {
    await expect(testDag(Report, options)).rejects.toThrow(message);
  });

  it('refuses events for a DAG that waits for none', async () => {
    @dag()
    class Plain {
      @task() one(): void {}
      wire(t: Wired<Plain>): void {
        t.one();
      }
    }
    await expect(testDag(Plain, { assetEvents: [{ asset: orders }] })).rejects.toThrow(
      'the schedule of plain has no assets to wait for',
    );
  });
});

describe('testSchedule of a DAG with assets', () => {
  @dag({ schedule: assetOrTime('@daily', orders), startDate: '2026-03-01', catchup: true, maxActiveRuns: 1 })
  class Either {
    @task() one(): void {}
    wire(t: Wired<Either>): void {
      t.one();
    }
  }

  it('makes runs by time and runs for events, which do not move each other', async () => {
    const schedule = await testSchedule(Either, { from: '2026-03-01', to: '2026-03-03' });
    await schedule.report({ asset: orders }, { asset: orders });
    await schedule.advance('1d');
    await schedule.report({ asset: orders });
    await schedule.advance('1d');
    expect(
      schedule
        .assertStates('success')
        .runs.map(({ runType, logicalDate }) => `${runType} ${logicalDate?.toISOString().slice(0, 10)}`),
    ).toEqual(['scheduled 2026-03-01', 'scheduled 2026-03-02', 'asset_triggered undefined', 'asset_triggered undefined']);
  });

  it('pitfall 47: has no run for what happened while it was paused', async () => {
    const schedule = await testSchedule(Either, { from: '2026-03-01', to: '2026-03-02' });
    await schedule.pause();
    await schedule.report({ asset: orders });
    await schedule.unpause();
    expect(schedule.runs.map(({ runType }) => runType)).not.toContain('asset_triggered');
    await schedule.report({ asset: orders });
    expect(schedule.runs.map(({ runType }) => runType)).toContain('asset_triggered');
  });
});
