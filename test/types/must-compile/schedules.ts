import { cronTrigger, crons, dag, deltaTrigger, events, fileWatch, hybrid, task, type DagOptions, type Wired } from 'airflow-like';

const schedules: readonly DagOptions['schedule'][] = [
  cronTrigger('0 2 * * *', { interval: '1d', runImmediately: '10m' }),
  ['0 2 * * *', '30 14 * * 5'],
  crons(['@daily'] as const, { runImmediately: true }),
  deltaTrigger('1mo', { interval: '2h' }),
  events(['2026-03-01', new Date(0)], { restrictToEvents: true }),
  fileWatch('inbox/*.csv', { settleFor: '10s', existing: 'ignore', rewritten: 'ignore' }),
  hybrid('0 6 * * *', { file: 'inbox/{{ ds }}.csv', waitFor: '4h', onTimeout: 'skip' }),
  hybrid(cronTrigger('0 6 * * *'), { file: '/srv/in.csv' }),
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
