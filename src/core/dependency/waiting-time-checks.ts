import { dueAt } from '../task-instance/schedule.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** A failed try is repeated strictly after its delay. */
export function retryPeriodCheck({ instance, now }: CheckSubject): CheckResult {
  if (instance.state !== 'up_for_retry' || dueAt(instance) <= now) return MET;
  return notMet('wait', 'retry_delay', { dueAt: dueAt(instance) });
}

/** A rescheduled sensor is called again when it asked for. */
export function rescheduleCheck({ instance, now }: CheckSubject): CheckResult {
  if (instance.state !== 'up_for_reschedule' || dueAt(instance) <= now) return MET;
  return notMet('wait', 'reschedule', { dueAt: dueAt(instance) });
}
