import { isDue } from '../task-instance/schedule.js';
import { MET, notMet, type CheckResult, type CheckSubject } from './check.js';

/** A failed try is repeated strictly after its delay. */
export function retryPeriodCheck({ instance, now }: CheckSubject): CheckResult {
  return instance.state !== 'up_for_retry' || isDue(instance, now) ? MET : notMet('wait', 'retry_delay');
}

/** A rescheduled sensor is called again when it asked for. */
export function rescheduleCheck({ instance, now }: CheckSubject): CheckResult {
  return instance.state !== 'up_for_reschedule' || isDue(instance, now) ? MET : notMet('wait', 'reschedule');
}
