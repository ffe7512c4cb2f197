import { bash, dag, defineDag, task, type Wired } from 'airflow-like';

// expect: wire must not be async
@dag()
export class AsyncWire {
  @task() async one(): Promise<number> {
    return 1;
  }
  async wire(t: Wired<AsyncWire>) {
    t.one();
  }
}

export class Outputs {
  // expect: its result contains a function
  @task() async close(): Promise<{ rows: number; close: () => void }> {
    return { rows: 1, close: () => undefined };
  }
  // expect: its result contains a function
  @task() async deep(): Promise<{ id: number; run(): void }[]> {
    return [];
  }
}

// expect: is not assignable to type
@dag({ schedule: '@daily', startDate: '2024-01-01', dagrunTimeout: '10 min' })
export class Minutes {
  // expect: 'retires' does not exist
  @task({ retires: 3 }) one() {
    return 1;
  }
  // expect: Type '"none"' is not assignable
  @task({ triggerRule: 'none' }) two() {
    return 1;
  }
  // expect: is not assignable
  @task.sensor({ pokeInterval: '10s' }) three(): string {
    return 'yes';
  }
  // expect: 'comand' does not exist
  four = bash({ comand: 'true' });
}

// expect: wiring must not be async
export const asynchronous = defineDag('asynchronous', {}, async (d) => {
  d.task('one', () => 1)();
});
