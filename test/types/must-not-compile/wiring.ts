import { bash, dag, task, type Wired } from 'airflow-like';

interface Order {
  id: number;
  total: number;
}

@dag({ schedule: '@daily', startDate: '2024-01-01' })
export class Sales {
  ingest = bash({ command: 'true' });
  @task() async extract(): Promise<Order[]> {
    return [];
  }
  @task() async total(orders: Order[], rate: number): Promise<number> {
    return orders.length * rate;
  }
  @task() async rate(): Promise<number> {
    return 1;
  }
  @task() async load(input: { scores: number[]; label: string }): Promise<void> {
    void input;
  }
  @task() private async secret(): Promise<number> {
    return 1;
  }
  notATask = 5;

  wire(t: Wired<Sales>) {
    const orders = t.extract();
    // expect: Argument of type 'Ref<Order[]>' is not assignable
    t.total(t.extract(), orders);
    // expect: Property 'totl' does not exist on type 'Wired<Sales>'. Did you mean 'total'?
    t.totl(orders, 1);
    // expect: Expected 2 arguments, but got 1
    t.total(orders);
    // expect: Property 'length' does not exist on type 'Ref<Order[]>'
    orders.length;
    // expect: Property 'label' is missing
    t.load({ scores: [1] });
    // expect: Type 'Ref<Order[]>' is not assignable
    t.load({ scores: orders, label: 'x' });
    // expect: is not assignable
    t.load.map(orders);
    // expect: is not callable
    t.extract.map([1]);
    // expect: Property 'secret' does not exist
    t.secret();
    // expect: Property 'notATask' does not exist
    t.notATask();
    // expect: Property 'wire' does not exist
    t.wire();
    // expect: Argument of type 'number' is not assignable
    t.ingest().after(5);
  }
}
