import { bash, dag, defineDag, PokeResult, task, type Wired } from 'airflow-like';
import { day, hour, takes, testDag, type TestRun } from 'airflow-like/testing';

interface Order {
  id: number;
}

@dag({ schedule: null })
export class Sales {
  ingest = bash({ command: 'true' });
  @task.sensor() async landed(): Promise<boolean | PokeResult<string>> {
    return true;
  }
  @task() async extract(): Promise<Order[]> {
    return [];
  }
  @task() async score(order: Order, rate: number): Promise<number> {
    return order.id * rate;
  }
  @task() async load(scores: number[]): Promise<void> {
    void scores;
  }
  wire(t: Wired<Sales>) {
    t.group('eu', (g) => g.load(t.score.map(t.extract().after(t.landed(), t.ingest()), 2)));
  }
}

export async function tests(): Promise<void> {
  const run: TestRun<Sales> = await testDag(Sales, {
    dataInterval: day('2026-03-29', 'Europe/Paris'),
    stubs: {
      ingest: 'done',
      landed: new PokeResult(true, 'a.csv'),
      extract: takes('2h', [{ id: 1 }]),
      score: async (order, rate) => order.id * rate,
      'eu.load': undefined,
    },
  });
  await run.advance('2h');
  const orders: Order[] | undefined = run.task('extract').output;
  const order: Order | undefined = run.task('score').mapped(0).input;
  const scores: readonly (number | undefined)[] = run.task('score').outputs;
  const all: readonly [Order, number] | null = run.task('score').inputs;
  const grouped: number[] | undefined = run.task('eu.load').input;
  const line: string | undefined = run.task('ingest').output;
  const found: string | undefined = run.task('landed').output;
  void [orders, order, scores, all, grouped, line, found, run.task('any_other').output];

  const untyped = await testDag(
    defineDag('untyped', {}, (d) => d.task('one', () => 1)()),
    { dataInterval: hour('2026-03-29T02'), stubs: { one: (n: number) => n, 'group.two': [] } },
  );
  void untyped.task('one').output;
}
