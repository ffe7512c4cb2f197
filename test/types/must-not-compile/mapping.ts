import { dag, each, task, type Wired } from 'airflow-like';

@dag()
export class Mapping {
  @task() async days(): Promise<string[]> {
    return [];
  }
  @task() async numbers(): Promise<number[]> {
    return [];
  }
  @task() async plot(day: string, rate: number, scale: number): Promise<Date> {
    return new Date(day + rate * scale);
  }
  @task() async one(day: string): Promise<void> {
    void day;
  }
  @task() async total(values: number[]): Promise<void> {
    void values;
  }

  wire(t: Wired<Mapping>) {
    // expect: Argument of type 'Ref<number[]>' is not assignable to parameter of type
    t.plot.map(t.numbers(), 1, 2);
    // expect: Expected 3-4 arguments, but got 2
    t.plot.map(t.days(), 1);
    // expect: 'concurency' does not exist in type 'MapOptions<string>'. Did you mean to write 'concurrency'?
    t.plot.map(t.days(), 1, 2, { concurency: 3 });
    // expect: Type '"many"' is not assignable to type
    t.plot.map(t.days(), 1, 2, { allowFailures: 'many' });
    // expect: Property 'slise' does not exist on type 'string'
    t.plot.map(t.days(), 1, 2, { name: (day) => day.slise(5) });
    // expect: 'chunk' does not exist in type
    t.plot.mapZip(t.days(), t.numbers(), 2, { chunk: 3 });
    // expect: Argument of type 'Ref<string[]>' is not assignable to parameter of type
    t.plot.mapZip(t.days(), t.days(), 2);
    // expect: Argument of type 'Each<string>' is not assignable to parameter of type
    t.plot.mapProduct(t.days(), t.numbers(), each(['x']));
    // expect: Argument of type 'Ref<number[]>' is not assignable to parameter of type
    t.plot.mapProduct(t.days(), t.numbers(), t.numbers());
    // expect: is not callable
    t.one.mapZip(t.days(), t.days());
    // expect: 'fill' does not exist in type
    t.plot.mapProduct(t.days(), t.numbers(), 1, { fill: null });
    // expect: Argument of type 'Ref<string | number[]>' is not assignable
    t.total(t.numbers().orElse('none'));
    // expect: Argument of type 'Ref<string>' is not assignable to parameter of type 'number | Ref<number>'
    t.group.map('g', t.days(), (g, day) => g.plot('x', day, 1));
    const group = t.group.map('h', t.days(), (g, day) => g.one.as('in_group')(day));
    // expect: Argument of type 'Ref<undefined[]>' is not assignable
    t.total(group.result);
    // expect: wiring must not be async
    t.group.map('i', t.days(), async (g) => g.days());
    // expect: 'chunk' does not exist in type 'MappedGroupOptions'
    t.group.map('j', t.days(), (g, day) => g.one(day), { chunk: 2 });
  }
}
