/**
 * Where we differ from Airflow on purpose. Each rule is documented for users, in `docs/reference/timetables.md` and
 * `docs/reference/templates.md`.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  failsFast,
  forgetsPastOfMapped,
  hasNoAttempt,
  isBeforeStart,
  leavesRunningTasksAlone,
  retriesLeft,
  skipsAtOnce,
  sparesTeardowns,
  waitsForLength,
} from './state/state-differences.js';
import { namesExecutor } from './queueing-cases.js';
import { countsWhatIsQueued } from './queueing-differences.js';
import { printsAsJavaScript } from './template-differences.js';
import { endsWithLastTask, refusesRunIdText, writesSchedules } from './time-differences.js';
import type { VectorCase } from './vector-file.js';
import { takesNewestRun, usesDefault } from './xcom-differences.js';

export type RuleName =
  | 'attempt-token'
  | 'dst'
  | 'cron-dialect'
  | 'deadlock-probe'
  | 'partition'
  | 'fail-fast-is-failed'
  | 'last-task-end'
  | 'one-executor'
  | 'pass-limit'
  | 'past-before-skipping'
  | 'past-before-start'
  | 'past-of-mapped'
  | 'restarting'
  | 'retry-eligibility'
  | 'run-id-text'
  | 'skipped-teardown'
  | 'template-python'
  | 'wait-for-length'
  | 'weight-overflow'
  | 'written-schedule'
  | 'xcom-default'
  | 'xcom-prior-dates';

export interface Difference {
  readonly rule: RuleName;
  readonly reason: string;
  /** Whether the rule explains that our answer to this case is another one; `head` is what its file says for all cases. */
  applies(testCase: VectorCase, ours: unknown, head: Readonly<Record<string, unknown>>): boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    rule: 'dst',
    reason:
      'A fixed time that a change of the clocks skips is made up at the first instant after the gap, where Airflow moves it on by the length of the gap; ' +
      'one that occurs twice fires at its first occurrence, where Airflow takes the second.',
    applies: (testCase, ours) => 'croner' in testCase && isDeepStrictEqual(ours, testCase['croner']),
  },
  {
    rule: 'cron-dialect',
    reason:
      'Of cron forms that only one of the two engines knows, or that they read differently, croner decides; seconds stand last, as in Airflow, and a seventh ' +
      'field for years is refused.',
    applies: (testCase, ours) => {
      const { accepted, next } = (testCase['croner'] ?? {}) as { readonly accepted?: boolean; readonly next?: readonly string[] };
      if (accepted === undefined) return false;
      const hasYears = String(testCase['expression']).trim().split(/\s+/).length === 7;
      return isDeepStrictEqual(ours, accepted && !hasYears ? { next } : { accepted: false });
    },
  },
  {
    rule: 'partition',
    reason: 'Partitioned schedules, new in Airflow 3.3, do not exist here.',
    applies: (testCase) => /^partition|^mapKey$/.test(String(testCase['op'])),
  },
  {
    rule: 'written-schedule',
    reason:
      'A schedule is a text: spans are (`1d`, `1mo2d`), of a second or more and without negative parts, and capitals in presets and blanks around do not matter. An expression that ' +
      'no date matches is refused. In Airflow spans are objects, presets are lower case, and a DAG that never has a run is accepted.',
    applies: writesSchedules,
  },
  {
    rule: 'last-task-end',
    reason:
      'Where every task has an end date, the last of these ends the schedule. In Airflow it goes on to the end date of the DAG, if that has one, with runs in which no task is left.',
    applies: endsWithLastTask,
  },
  {
    rule: 'run-id-text',
    reason:
      'A run id of more than 250 characters, or with a line break at its end, is refused. The check of Airflow lets both pass, and the database or an address fails later.',
    applies: refusesRunIdText,
  },
  {
    rule: 'restarting',
    reason:
      'There is no such state: a running task that is cleared loses its attempt at once, is back in none, and has all its retries before it; in Airflow that ' +
      'follows when its worker has stopped.',
    applies: (testCase, ours) => isRestartAtOnce(testCase['expect'], ours),
  },
  {
    rule: 'template-python',
    reason:
      'Templates print booleans and null as JavaScript does and instants as ISO 8601; a filter of a date leaves null alone, where in Airflow it ' +
      'depends on how the null was come by.',
    applies: printsAsJavaScript,
  },
  {
    rule: 'xcom-default',
    reason: 'The default of a pull stands in for whatever is missing, where in Airflow it does so only if map indexes are given.',
    applies: usesDefault,
  },
  {
    rule: 'xcom-prior-dates',
    reason:
      'A pull that looks at earlier runs gives the values of the newest run that has any, where Airflow mixes those of all runs, and takes one without a ' +
      'logical date for the earliest or the newest as its database sorts what is missing.',
    applies: takesNewestRun,
  },
  {
    rule: 'weight-overflow',
    reason:
      'A sum of weights beyond 32 bits is clamped to the largest or smallest weight there is, where in Airflow no run can be created.',
    applies: (testCase, ours) => {
      const recorded = JSON.stringify(testCase['expect'] ?? null);
      return recorded.includes('does not fit in 32 bits') && Object.values(ours as object).some(isOutermostWeight);
    },
  },
  {
    rule: 'pass-limit',
    reason:
      'What a limit keeps back does not count against the number that one pass queues, nor against `max_active_tasks` of its run. In Airflow it does, so that what is ' +
      'behind it waits for the next pass, or until it is no longer kept back.',
    applies: countsWhatIsQueued,
  },
  {
    rule: 'one-executor',
    reason:
      'A scheduler has one executor. A task does not name another one but a `queue`, and each worker says which queues it serves; in Airflow a task may name one of several executors.',
    applies: namesExecutor,
  },
  {
    rule: 'wait-for-length',
    reason:
      'A mapped task whose trigger rule is met before the number of its copies is known waits until it is, where in Airflow it goes on without a length and ' +
      'becomes upstream_failed.',
    applies: waitsForLength,
  },
  {
    rule: 'fail-fast-is-failed',
    reason:
      'A run that its first failure has stopped is failed, where in Airflow it succeeds if the tasks without children were skipped by that.',
    applies: failsFast,
  },
  {
    rule: 'deadlock-probe',
    reason:
      'Looking for a deadlock never touches a task that runs, and finds none while anything is under way; in Airflow the look can skip a task that runs.',
    applies: leavesRunningTasksAlone,
  },
  {
    rule: 'retry-eligibility',
    reason:
      'A try is repeated while its number is not beyond the last one that may be made, whoever decides. In Airflow the scheduler also looks at the `retries` of the task, so ' +
      'that a cleared task without retries, whose tries were raised, is repeated after an error but not when its worker died.',
    applies: retriesLeft,
  },
  {
    rule: 'attempt-token',
    reason:
      'What a worker or executor reports counts only with the token of the attempt that is under way. In Airflow an event with the right try number also fails a task ' +
      'that is only scheduled again, though nothing of it has been started.',
    applies: hasNoAttempt,
  },
  {
    rule: 'past-before-skipping',
    reason:
      'A task that its trigger rule skips is skipped at once. The argument that lets it wait for its past first (`wait_for_past_depends_before_skipping`) does not exist: ' +
      'in Airflow 3 the scheduler never passes it on.',
    applies: skipsAtOnce,
  },
  {
    rule: 'skipped-teardown',
    reason:
      'No decision skips a teardown. In Airflow a short circuit spares them, but a branch and a latest-only skip one that is their direct child, so that nobody cleans up.',
    applies: sparesTeardowns,
  },
  {
    rule: 'past-before-start',
    reason:
      'With catchup, the runs before the start date of a task keep their order among themselves, so that a backfill of earlier dates does. In Airflow a task that depends on ' +
      'its past looks at no run before its start date, also in runs that are before it themselves, which so go on all at once.',
    applies: isBeforeStart,
  },
  {
    rule: 'past-of-mapped',
    reason:
      '`waitForDownstream` makes every task depend on its past. In Airflow it does not do so for a mapped task, which with nothing else does not wait at all.',
    applies: forgetsPastOfMapped,
  },
];

function isOutermostWeight(value: unknown): boolean {
  return value === 2_147_483_647 || value === -2_147_483_648;
}

type ChangedInstances = Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>;

/** Whether the answers name the same instances in the same states, but for `none` with no fewer tries in place of `restarting`. */
function isRestartAtOnce(recorded: unknown, ours: unknown): boolean {
  const [theirs, own] = [recorded, ours].map((answer) => (answer as { readonly tis?: ChangedInstances } | null)?.tis);
  if (!theirs || !own || !JSON.stringify(theirs).includes('"restarting"')) return false;
  const adapted = Object.entries(theirs).map(([runId, instances]) => [
    runId,
    Object.fromEntries(
      Object.entries(instances).map(([key, [state, tryNumber, maxTries, ...identity]]) => {
        const ourTries = own[runId]?.[key]?.[2];
        const isEnough = typeof ourTries === 'number' && ourTries >= (maxTries as number);
        return [
          key,
          state === 'restarting' && isEnough
            ? ['none', tryNumber, ourTries, ...identity]
            : [state, tryNumber, maxTries, ...identity],
        ];
      }),
    ),
  ]);
  return isDeepStrictEqual(Object.fromEntries(adapted), own);
}
