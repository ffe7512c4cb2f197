import { cronTrigger, dag, deltaTrigger, events } from 'airflow-like';

export const schedules = [
  // expect: 'intervall' does not exist
  cronTrigger('@daily', { intervall: '1d' }),
  // expect: is not assignable to parameter of type
  deltaTrigger('6 hours'),
  // expect: is not assignable to parameter of type
  events('2026-01-01'),
];

// expect: 'cron' does not exist in type
@dag({ schedule: { cron: '@daily' } })
export class Wrong {}
