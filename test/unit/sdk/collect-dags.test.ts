import { describe, expect, it } from '@jest/globals';
import { bash, dag, defineDag, defineDags, graph, operator, task, timetable, type Wired } from '../../../src/sdk/index.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import type { DagSpec } from '../../../src/model/dag-spec.js';

interface Order {
  id: number;
  at: Date;
}

@dag({
  schedule: '0 2 * * *',
  timezone: 'Europe/Paris',
  startDate: '2024-01-01',
  catchup: true,
  maxActiveRuns: 3,
  tags: ['etl'],
  defaultArgs: { retries: 2, retryDelay: '5m' },
})
class DailySales {
  ingest = bash({ command: 'node ingest.js', pool: 'io' });

  @task.sensor({ pokeInterval: '30s', timeout: '2h', mode: 'reschedule' })
  async landed(): Promise<boolean> {
    return true;
  }

  @task({ retries: 3, retryExponentialBackoff: true, maxRetryDelay: '30m' })
  async extract(): Promise<Order[]> {
    return [];
  }

  @task({ pool: 'cpu', maxActiveTisPerDagrun: 20 })
  async score(order: Order, weight: number): Promise<number> {
    return order.id * weight;
  }

  @task() async weight(): Promise<number> {
    return 2;
  }

  @task({ dependsOnPast: true })
  async load(input: { scores: number[]; label: string; since: Date }): Promise<void> {
    void input;
  }

  wire(t: Wired<DailySales>) {
    const orders = t.extract().after(t.landed(), t.ingest());
    const scores = t.score.map(orders, t.weight());
    t.load({ scores, label: 'eu', since: new Date(0) });
  }
}

function specOf(exported: unknown): DagSpec {
  const { dags, problems } = collectDags({ Exported: exported }, 'sales/daily.ts');
  expect(problems).toEqual([]);
  expect(dags).toHaveLength(1);
  return dags[0]!.spec;
}

const taskOf = (spec: DagSpec, taskId: string) => spec.tasks.find((candidate) => candidate.taskId === taskId)!;

describe('collectDags', () => {
  it('turns the class of the guide into a spec', () => {
    const spec = specOf(DailySales);
    expect(spec).toMatchObject({
      specVersion: 1,
      dagId: 'daily_sales',
      owner: 'airflow',
      schedule: { kind: 'cron', expression: '0 2 * * *' },
      timezone: 'Europe/Paris',
      startDate: Date.parse('2023-12-31T23:00:00Z'),
      catchup: true,
      maxActiveRuns: 3,
      maxActiveTasks: 16,
      tags: ['etl'],
      file: 'sales/daily.ts',
      exportName: 'Exported',
      groups: [],
    });
    expect(spec.tasks.map(({ taskId, upstream }) => [taskId, upstream])).toEqual([
      ['extract', ['ingest', 'landed']],
      ['landed', []],
      ['ingest', []],
      ['weight', []],
      ['score', ['extract', 'weight']],
      ['load', ['score']],
    ]);
    expect(taskOf(spec, 'extract')).toMatchObject({
      operator: 'method',
      retries: 3,
      retryDelayMs: 300_000,
      retryExponentialBackoff: 2,
      maxRetryDelayMs: 1_800_000,
      triggerRule: 'all_success',
      pool: 'default_pool',
    });
    expect(taskOf(spec, 'landed').sensor).toEqual({
      pokeIntervalMs: 30_000,
      timeoutMs: 7_200_000,
      mode: 'reschedule',
      softFail: false,
      silentFail: false,
      neverFail: false,
      exponentialBackoff: false,
      maxWaitMs: null,
    });
    expect(taskOf(spec, 'score')).toMatchObject({
      map: { kind: 'each', sources: [{ kind: 'ref', taskId: 'extract' }] },
      inputs: [
        { kind: 'element', source: 0 },
        { kind: 'ref', taskId: 'weight' },
      ],
      maxActiveTisPerDagrun: 20,
    });
    expect(taskOf(spec, 'load').inputs).toEqual([
      {
        kind: 'object',
        fields: {
          scores: { kind: 'ref', taskId: 'score' },
          label: { kind: 'value', value: 'eu' },
          since: { kind: 'value', value: { $type: 'Date', value: '1970-01-01T00:00:00.000Z' } },
        },
      },
    ]);
    expect(taskOf(spec, 'ingest')).toMatchObject({ operator: 'bash', pool: 'io', retries: 2 });
    expect(taskOf(spec, 'weight').position).toMatchObject({ file: 'collect-dags.test.ts', line: expect.any(Number) });
  });
});
void [defineDag, defineDags, graph, operator, timetable];
