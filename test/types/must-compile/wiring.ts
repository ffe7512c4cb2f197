import { bash, context, dag, operator, PokeResult, task, type Group, type In, type Ref, type Wired } from 'airflow-like';

/** Compiles only when both types are the same. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Equal<A, B> extends true ? [] : ['the types differ', A, B]): void {}

interface Order {
  id: number;
  total: number;
  at: Date;
}
interface Tree {
  name: string;
  children: Tree[];
}
interface Report {
  title: string;
  totals: number[];
  meta?: { by: string; at: Date };
}

const fetchRows = operator<{ table: string }, Promise<Order[]>>({
  name: 'fetch_rows',
  optionNames: ['table'],
  execute: async ({ table }) => [{ id: table.length, total: 1, at: new Date(0) }],
});

@dag({ schedule: '1h30m', startDate: new Date(0), catchup: { last: 3 }, defaultArgs: { retries: 2, executionTimeout: '1h' } })
export class Sales {
  ingest = bash({ command: ({ dataInterval }) => `node ingest.js ${dataInterval?.start.toISOString()}`, retries: 2 });
  rows = fetchRows({ table: 'orders', pool: 'db' });
  readonly regions = ['eu', 'us'] as const;

  @task.sensor({ pokeInterval: '30s', timeout: '2h', mode: 'reschedule' })
  landed(): boolean {
    return true;
  }

  @task.sensor()
  async found(): Promise<PokeResult<{ path: string }>> {
    return new PokeResult(true, { path: 'a' });
  }

  @task() async extract(): Promise<Order[]> {
    return [];
  }
  @task() async tree(): Promise<Tree> {
    return { name: 'root', children: [] };
  }
  @task() sync(): number {
    return context<{ limit: number }>().params.limit;
  }
  @task() async score(order: Order, weight: number): Promise<number> {
    return order.total * weight;
  }
  @task() async pair([name, count]: readonly [string, number]): Promise<string> {
    return name.repeat(count);
  }
  @task() async counts(): Promise<Record<string, number>> {
    return {};
  }
  @task() async report(input: Report, copies = 1): Promise<Map<string, Uint8Array>> {
    void [input, copies];
    return new Map();
  }
  @task() async anything(value: unknown): Promise<void> {
    void value;
  }
  @task({ optional: true }) async choose(value: 'a' | 'b' | null): Promise<bigint> {
    return value === null ? 0n : 1n;
  }

  wire(t: Wired<Sales>) {
    const orders = t.extract().after(t.landed(), t.ingest(), t.tree());
    same<typeof orders, Ref<Order[]>>();
    const one = t.sync();
    same<typeof one, Ref<number>>();
    const scores = t.score.map(orders, one);
    same<typeof scores, Ref<number[]>>();
    t.score.as('literal').map([{ id: 1, total: one, at: new Date(0) }], 2);
    t.score({ id: one, total: 3, at: new Date(0) }, one).as('single');
    t.pair.map(t.counts());
    t.pair.as('literal_pairs').map({ a: 1, b: one });
    const report = t.report({ title: 'x', totals: scores, meta: { by: 'me', at: new Date(0) } });
    same<typeof report, Ref<Map<string, Uint8Array>>>();
    t.report({ title: 'y', totals: [1, one] }, 2).as('second');
    t.anything([report, t.rows()]);
    const found = t.found();
    same<typeof found, Ref<{ path: string }>>();
    for (const region of this.regions) t.anything(region).as(`region_${region}`);
    const staging = t.group(
      'staging',
      (g) => {
        g.group('inner', () => undefined).after(g.extract());
        return g.sync();
      },
      { retries: 2 },
    );
    same<typeof staging, Group<Ref<number>>>();
    t.choose('a').after(staging, found);
    same<In<number>, number | Ref<number>>();
  }
}

export async function taskIsAMethod(): Promise<number> {
  return new Sales().score({ id: 1, total: 2, at: new Date(0) }, 3);
}
