import { cronTrigger, crons, dag, deltaTrigger, events, task, type DagOptions, type Wired } from 'airflow-like';

const schedules: readonly DagOptions['schedule'][] = [
  cronTrigger('0 2 * * *', { interval: '1d', runImmediately: '10m' }),
  ['0 2 * * *', '30 14 * * 5'],
  crons(['@daily'] as const, { runImmediately: true }),
  deltaTrigger('1mo', { interval: '2h' }),
  events(['2026-03-01', new Date(0)], { restrictToEvents: true }),
  '@continuous',
];

@dag({ schedule: schedules[0] ?? null })
export class Nightly {
  @task() one(): number {
    return 1;
  }
  wire(t: Wired<Nightly>): void {
    t.one();
  }
}
