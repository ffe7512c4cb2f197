import { bash, dag, defineDag, defineDags, graph, task, timetable, type Ref, type Wired } from 'airflow-like';
import { z } from 'zod';

interface Order {
  id: number;
}

export const sales = defineDag(
  'sales',
  { schedule: timetable('workdays', { hour: 6 }), params: z.object({ day: z.iso.date(), limit: z.number().min(1).default(100) }) },
  (d) => {
    const extract = d.task('extract', { retries: 2 }, async (): Promise<Order[]> => []);
    const load = d.task('load', async (order: Order, label: string) => `${order.id}${label}`);
    const landed = d.sensor('landed', { mode: 'reschedule' }, async () => true);
    const ingest = d.operator('ingest', bash({ command: 'true' }));
    const labels: Ref<string[]> = load.map(extract().after(landed(), ingest()), 'x');
    d.group('last', (g) => g.task('end', (texts: string[]) => texts.length)(labels));
  },
);

/** Decorators are not allowed on class expressions, so the class is declared and returned. */
export const family = defineDags([{ region: 'eu' }, { region: 'us' }], ({ region }) => {
  @dag({ dagId: `sales_${region}`, schedule: null })
  class Regional {
    @task({ input: z.object({ id: z.number() }) }) async load(order: Order): Promise<number> {
      return order.id;
    }
    wire(t: Wired<Regional>) {
      t.load({ id: 1 });
    }
  }
  return Regional;
});

export const byKey = defineDags({ eu: 1, us: 2 }, (priority, region) =>
  defineDag(`priority_${region}`, { defaultArgs: { priorityWeight: priority } }, (d) => d.task('one', () => priority)()),
);

export const text: string = graph(sales);

@dag()
export class Sugar {
  @task() first(): number {
    return 1;
  }
  @task({ upstream: ['first'] }) second(value: number): number {
    return value;
  }
}
