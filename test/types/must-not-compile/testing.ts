import { dag, task, type Wired } from 'airflow-like';
import { takes, testDag } from 'airflow-like/testing';

interface Order {
  id: number;
}

@dag({ schedule: null })
class Sales {
  @task.sensor() async landed(): Promise<boolean> {
    return true;
  }
  @task() async extract(): Promise<Order[]> {
    return [];
  }
  @task() async score(order: Order): Promise<number> {
    return order.id;
  }
  wire(t: Wired<Sales>) {
    t.score.map(t.extract().after(t.landed()));
  }
}

export async function tests(): Promise<void> {
  // expect: 'extrct' does not exist in type 'Stubs<Sales>'. Did you mean to write 'extract'?
  await testDag(Sales, { stubs: { extrct: [] } });
  // expect: 'wire' does not exist in type
  await testDag(Sales, { stubs: { wire: () => undefined } });
  // expect: Type 'string' is not assignable to type
  await testDag(Sales, { stubs: { extract: 'orders' } });
  // expect: Type 'string' is not assignable to type 'number'
  await testDag(Sales, { stubs: { extract: [{ id: '1' }] } });
  // expect: Type 'string' is not assignable to type
  await testDag(Sales, { stubs: { landed: 'yes' } });
  // expect: Property 'total' does not exist on type 'Order'
  await testDag(Sales, { stubs: { score: (order) => order.total } });
  // expect: is not assignable to type
  await testDag(Sales, { stubs: { score: takes('1h', 'late') } });
  // expect: is not assignable to type
  await testDag(Sales, { stubs: { 'eu.score': 'high' } });
  const run = await testDag(Sales);
  // expect: Argument of type '"10 min"' is not assignable
  await run.advance('10 min');
  // expect: Type 'number' is not assignable to type 'string'
  const output: string = run.task('score').mapped(0).output!;
  // expect: Argument of type
  await testDag(class Plain {}.prototype, {});
  void output;
}
