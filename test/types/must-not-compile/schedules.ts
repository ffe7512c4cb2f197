import { cronTrigger, dag, deltaTrigger, events, fileWatch, hybrid } from 'airflow-like';

export const schedules = [
  // expect: 'intervall' does not exist
  cronTrigger('@daily', { intervall: '1d' }),
  // expect: is not assignable to parameter of type
  deltaTrigger('6 hours'),
  // expect: is not assignable to parameter of type
  events('2026-01-01'),
  // expect: is not assignable to type
  fileWatch('inbox/*.csv', { settleFor: '2 seconds' }),
  // expect: Property 'file' is missing
  hybrid('@daily', { waitFor: '4h' }),
  // expect: Type '"wait"' is not assignable to type
  hybrid('@daily', { file: 'a.csv', onTimeout: 'wait' }),
];

// expect: 'cron' does not exist in type
@dag({ schedule: { cron: '@daily' } })
export class Wrong {}
