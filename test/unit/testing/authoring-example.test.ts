/** The example of the authoring guide, compiled and run. */
import { describe, expect, it } from '@jest/globals';
import { context, dag, task, type Wired } from '../../../src/sdk/index.js';
import { day, graph, testDag } from '../../../src/testing/index.js';

interface Order {
  id: number;
  total: number;
}
interface Model {
  factor: number;
}

const order: Order = { id: 1, total: 10 };

@dag({
  schedule: '0 2 * * *',
  timezone: 'Europe/Paris',
  startDate: '2024-01-01',
  catchup: true,
  maxActiveRuns: 3,
  tags: ['etl'],
  defaultArgs: { retries: 2, retryDelay: '5m' },
})
export class DailySales {
  @task.sensor({ pokeInterval: '30s', timeout: '2h', mode: 'reschedule' })
  async landed(): Promise<boolean> {
    return context().pokeNumber > 3;
  }

  @task({ retries: 3, retryExponentialBackoff: true, maxRetryDelay: '30m' })
  async extract(): Promise<Order[]> {
    const { dataInterval } = context();
    throw new Error(`no warehouse here for ${dataInterval?.start.toISOString()}`);
  }

  @task({ pool: 'cpu', maxActiveTisPerDagrun: 20 })
  async score(sold: Order, model: Model): Promise<number> {
    return sold.total * model.factor;
  }

  @task() async model(): Promise<Model> {
    return { factor: 0.2 };
  }

  @task({ dependsOnPast: true })
  async load(input: { scores: number[]; label: string }): Promise<void> {
    context().log.info(`${input.scores.length} scores`);
  }

  wire(t: Wired<DailySales>) {
    const orders = t.extract().after(t.landed());
    const scores = t.score.map(orders, t.model());
    t.load({ scores, label: 'eu' });
  }
}

describe('the example of the authoring guide', () => {
  it('has tasks that are methods', async () => {
    expect(await new DailySales().score(order, { factor: 0.2 })).toBe(2);
  });

  it('runs whole, in memory', async () => {
    const run = await testDag(DailySales, { dataInterval: day('2026-03-29', 'Europe/Paris'), stubs: { extract: [order] } });
    expect(run.state).toBe('running');
    expect(run.task('landed').state).toBe('up_for_reschedule');
    expect(run.task('load').state).toBe('none');
    expect(run.task('load').inputs).toBeNull();
    await run.advance('2h');
    expect(run.task('load').input).toEqual({ scores: [2], label: 'eu' });
    expect(run.task('score').mapped(0)).toMatchObject({ input: order, inputs: [order, { factor: 0.2 }], output: 2 });
    expect(run.task('score').outputs).toEqual([2]);
    expect(run.log).toContainEqual(expect.objectContaining({ taskId: 'load', source: 'task', message: '1 scores' }));
    expect(run.state).toBe('success');
  });

  it('gives up when the warehouse stays away', async () => {
    const run = await testDag(DailySales, { dataInterval: day('2026-03-29', 'Europe/Paris'), stubs: { landed: true } });
    expect(run.task('extract')).toMatchObject({ state: 'up_for_retry', tryNumber: 1 });
    await run.finish();
    expect(run.task('extract')).toMatchObject({ state: 'failed', tryNumber: 4 });
    expect(run.task('load').state).toBe('upstream_failed');
    expect(run.state).toBe('failed');
  });

  it('shows its graph as text', () => {
    expect(graph(DailySales)).toMatchInlineSnapshot(`
"daily_sales
├─ landed [sensor] → extract
│  └─ score [mapped] → load
└─ model
   └─ score ↑"
`);
  });
});
