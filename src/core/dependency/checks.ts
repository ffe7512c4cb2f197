/**
 * The dependencies of a task instance, complete and in the order in which they are looked at: the planner asks them until one forces a state, and
 * `explain` lists what each says. A state that is forced counts at once, also while another check still waits.
 */
import type { CheckResult, CheckSubject, DependencyCheck } from './check.js';
import { MET } from './check.js';
import { mapLengthCheck } from './map-length-check.js';
import { mapSourceCheck } from './map-source-check.js';
import { pastCheck } from './past-check.js';
import { previouslySkippedCheck } from './previously-skipped-check.js';
import { rescheduleCheck, retryPeriodCheck } from './waiting-time-checks.js';
import { setupCheck } from './setup-check.js';
import { teardownScopeCheck } from './teardown-scope-check.js';
import { triggerRuleCheck } from './trigger-rule-check.js';

export const DEPENDENCY_CHECKS = {
  previouslySkipped: previouslySkippedCheck,
  setup: setupCheck,
  triggerRule: triggerRuleCheck,
  mapSource: mapSourceCheck,
  teardownScope: teardownScopeCheck,
  past: pastCheck,
  mapLength: mapLengthCheck,
  retryPeriod: retryPeriodCheck,
  reschedule: rescheduleCheck,
} as const satisfies Readonly<Record<string, DependencyCheck>>;

export type CheckName = keyof typeof DEPENDENCY_CHECKS;

const ALL = Object.entries(DEPENDENCY_CHECKS) as readonly [CheckName, DependencyCheck][];
/** Those that do not look at the clock: what they let through goes on by itself when its time comes. */
const TIMELESS = ALL.filter(([name]) => name !== 'retryPeriod' && name !== 'reschedule');

/** The first state that is forced, else the first thing that is waited for, else that everything is met. */
export function evaluateDependencies(subject: CheckSubject): CheckResult {
  return evaluate(ALL, subject);
}

/** The same as if the waiting times of retries and reschedules had passed. */
export function evaluateTimeless(subject: CheckSubject): CheckResult {
  return evaluate(TIMELESS, subject);
}

/** What every check says, in order. */
export function listDependencies(subject: CheckSubject): readonly ({ readonly check: CheckName } & CheckResult)[] {
  return ALL.map(([check, ask]) => ({ check, ...ask(subject) }));
}

function evaluate(checks: readonly [CheckName, DependencyCheck][], subject: CheckSubject): CheckResult {
  let waits: CheckResult | null = null;
  for (const [, ask] of checks) {
    const result = ask(subject);
    if (result.verdict === 'met') continue;
    if (result.verdict !== 'wait') return result;
    waits ??= result;
  }
  return waits ?? MET;
}
