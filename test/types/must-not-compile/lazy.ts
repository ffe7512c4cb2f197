/** A list that is read piece by piece is no array, and an array is none of these. */
import { dag, task, type Lazy, type Wired } from 'airflow-like';

@dag()
export class Totals {
  @task() rows(): number[] {
    return [1, 2];
  }
  @task() one(n: number): number {
    return n;
  }
  @task() eager(numbers: number[]): number {
    return numbers.length;
  }
  @task() async lazy(numbers: Lazy<number>): Promise<number> {
    return numbers.length;
  }
  wire(t: Wired<Totals>) {
    const rows = t.rows();
    // expect: Type 'Lazy<number>' is missing the following properties from type 'number[]'
    t.eager(rows.lazy());
    // expect: Argument of type 'Ref<number[]>' is not assignable to parameter of type 'Lazy<number> | Ref<Lazy<number>>'
    t.lazy(rows);
    // expect: Argument of type 'Ref<Lazy<number>>' is not assignable to parameter of type 'MapSource<number>'
    t.one.map(rows.lazy());
    // expect: Type 'number' is not assignable to type 'readonly unknown[]'
    t.one(1).lazy();
  }
}
