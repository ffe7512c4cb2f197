/** `airflow-like/testing`: what tests of DAGs need. No server, no database, no global clock. */
export { graph } from '../sdk/graph-text.js';
export { lazyOf } from '../sdk/lazy.js';
export type { TestAssetEvent } from './asset-events.js';
export type { TestExternalRun, TestExternalRuns } from './external-runs.js';
export { day, hour, type DateInput, type TestInterval } from './intervals.js';
export { takes, type TimedStub } from './stubs.js';
export type { Stub, Stubs, TestableDag } from './task-types.js';
export type { TestCallback } from './test-callback.js';
export { testDag, type TestDagOptions } from './test-dag.js';
export { TestRun, type TestClear, type TestMark } from './test-run.js';
export { testSchedule, TestSchedule, type TestScheduleOptions, type TestTrigger } from './test-schedule.js';
export { TestTask, type TestTaskInstance } from './test-task.js';
export type { TestLogLine } from './test-world.js';
export { VirtualClock } from './virtual-clock.js';
