/** Lists that are read piece by piece. */
import { dag, task, type Lazy, type Wired } from 'airflow-like';

@dag()
export class Totals {
  @task() rows(): number[] {
    return [1, 2];
  }
  @task() square(n: number): number {
    return n * n;
  }
  @task() async total(numbers: Lazy<number>, options: { also?: Lazy<number> }): Promise<number> {
    let total = numbers.length;
    for await (const n of numbers) total += n;
    return total + ((await options.also?.toArray()) ?? []).length;
  }
  wire(t: Wired<Totals>) {
    const squares = t.square.map(t.rows());
    t.total(squares.lazy(), { also: t.rows().orElse([3]).lazy() });
  }
}
