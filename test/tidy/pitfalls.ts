/**
 * Where re-implementations of Airflow go wrong, as a list: what holds here, in one sentence each. A test whose title begins with `pitfall N: `
 * proves it; `docs/reference/airflow-differences.md` shows both, and the tidy test fails when one has no proof.
 */
export interface Pitfall {
  readonly number: number;
  readonly rule: string;
  /** Why no test can prove it here: what it is about does not exist in this design or is not built yet. */
  readonly notTested?: string;
}

const RULES: Readonly<Record<number, string>> = {
  1: 'under all_success the first failed or skipped parent decides, without waiting for the others',
  2: 'upstream_failed counts as failed for one_failed and all_failed, and does not count as done for one_done',
  3: 'none_failed runs when everything upstream was skipped, none_failed_min_one_success does not',
  4: 'all_done_min_one_success is skipped by any skipped parent',
  5: 'only the effective leaves decide how a run ends: a failed task in the middle can give a successful run',
  6: 'teardowns do not decide how a run ends, and what follows a group does not wait for its teardowns',
  7: 'a failed or skipped setup holds for the tasks in its scope whatever their trigger rule is, also when it is not their direct parent',
  8: 'removed instances are done and are taken off the number that is expected',
  9: 'a run with a task that looks at the past, waits under a limit shared with other runs, or is deferred is never a deadlock',
  10: 'a run whose tasks wait for a retry or a reschedule is not a deadlock',
  11: 'the try number grows when a task is scheduled, not for a reschedule or the resumption of a deferral',
  12: 'clearing never resets the try number: it grants tries and keeps the old ones as history',
  13: 'every dispatch has a token of its own, so a worker that was given up cannot report into a later try',
  14: 'XComs are deleted when the next try starts, not by a clear, a failure or the resumption of a deferral',
  15: 'XComs that a sensor pushed do not survive to its next poke in reschedule mode',
  16: 'a sensor that times out is not retried, and its timeout counts over all pokes of a try',
  17: 'the cap on a retry delay holds with backoff only, its jitter is the same every time, and no backoff exceeds a day',
  18: 'depends_on_past looks at the previous run by logical date, leaves manual runs out with catchup, and a run without a date has no past',
  19: 'ignore_first_depends_on_past matters only when the previous run has no instance of the task',
  20: 'without catchup the newest complete period still gets its run at once',
  21: 'missed runs are created only up to max_active_runs, counting queued and running ones',
  22: 'the next run follows the newest scheduled or backfill run: manual and asset runs do not shift the schedule',
  23: 'an end date bounds the start of an interval and is inclusive, so its run may be due after it',
  24: 'a cron schedule means data intervals here, whose start is the logical date; cronTrigger is the form of Airflow 3',
  25: 'a schedule follows the wall clock of its time zone, and an hourly one misses and repeats nothing',
  26: 'day of month and day of week together mean: one or the other',
  27: "'1d' is an exact duration and drifts against the wall clock where @daily does not",
  28: 'a logical date may be missing and is unique where it is given; the run id is the key',
  29: 'a run id is made from the instant at which the run is due',
  30: 'max_active_tasks limits each run by itself',
  31: 'pools and limits count queued instances as well as running ones',
  32: 'a task of a pool that does not exist is held, with a warning that says so',
  33: 'a smaller task of lower priority may pass one that needs more slots than are free',
  34: 'higher priority goes first everywhere',
  35: 'a late or repeated report of an earlier attempt changes nothing',
  36: 'a report of an attempt that was deferred or rescheduled in between changes nothing',
  37: 'a task stuck in the queue is queued again first, and fails without a retry only when that happened too often',
  38: 'a task that is mapped over nothing is skipped',
  39: 'mapping over the missing value of an unmapped task is an error; missing values of a mapped one shift the indexes',
  40: 'inside a mapped group a copy waits for its own copy of the task before; what follows the group waits for all',
  41: 'when a cleared source has fewer elements the surplus copies are removed, and missing ones are added',
  42: 'in a product the last source varies fastest',
  43: 'a branch does not skip a join that is also below the chosen path, nor grandchildren, nor teardowns',
  44: 'a child that a branch skipped is skipped again when it alone is cleared',
  45: 'a short circuit skips everything below it, whatever the trigger rules say, unless it is told to ask them',
  46: 'latest-only does not skip in manual runs',
  47: 'asset events do not wait for a paused consumer',
  48: 'several asset events make one run, and none is lost',
  49: 'only a success that a worker reported emits asset events, not a mark or a skip',
  50: 'the time limit of a run counts from its start, and ends its unfinished tasks, teardowns too, as skipped',
  51: 'the time limit of a try does not count the time in which it is deferred',
  52: 'success callbacks run after the state is stored and cannot change it',
  53: 'no callback is called for a task that a rule skipped',
  54: 'callbacks of killed processes run elsewhere',
  55: 'the runs of a backfill do not count against max_active_runs of the DAG, and live runs go first',
  56: 'reprocessing a failed run clears it and takes it over under its run id',
  57: 'cancelling a backfill fails its queued runs and lets running ones end',
  58: 'a manual run of a paused DAG is accepted and waits',
  59: 'the interval of a manual run follows from its logical date, from the command line too',
  60: 'a cleared run keeps its version unless the newest one is asked for',
  61: 'the scheduler never runs user code: all it needs is in the spec',
  62: 'a task that is gone from the code is marked as removed where a run moves to the new version, and comes back when it returns',
  63: 'two schedulers never overfill a pool',
  64: 'triggering a run whose fixed id exists says so, and is not a fault to be retried',
  65: 'who waits for another DAG at a date it never has is told which dates are near, and a failure there ends the wait only where it is named',
  66: 'bash extends the environment, and exit code 99 skips',
  67: 'marking with downstream does not clear again what it has just marked',
  68: 'very short secrets are not masked, because that would mangle every text',
  69: 'clear acts when it is told to: a dry run is asked for',
  70: 'an attempt is recognised by its token, so a deferral that is resumed at once is not taken for a lost process',
  71: 'the next task starts in the commit that settles the one before',
};

/** What a later part of the product brings; all of it is there. */
const NOT_BUILT: Readonly<Record<number, string>> = {};

export const PITFALLS: readonly Pitfall[] = Object.entries(RULES).map(([number, rule]) => {
  const notTested = NOT_BUILT[Number(number)];
  return { number: Number(number), rule, ...(notTested === undefined ? {} : { notTested }) };
});
