import { dag, task, type Wired } from 'airflow-like';

@dag({ schedule: '@daily', startDate: '2024-01-01', tags: ['example'] })
export class Hello {
  @task() async greet(): Promise<string> { return 'Hello, world'; }
  @task() async print(greeting: string): Promise<void> { console.log(greeting); }
  wire(t: Wired<Hello>) {
    t.print(t.greet());
  }
}
