import { isDate } from 'node:util/types';
import { parseDurationMs } from '../../model/duration.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { ExternalTarget } from '../../model/external-states.js';
import { context, type TaskContext } from '../../sdk/context.js';
import type { RenderedOptions } from '../../sdk/operator.js';
import { sensor } from '../../sdk/sensor.js';
import { forGood, SkipTask } from '../../sdk/task-errors.js';
import { decideExternal } from './external-task/decide.js';
import { describeDates, describeOpenDates, describeProblems, describeStanding, describeTarget } from './external-task/describe.js';
import {
  checkExternalOptions,
  EXTERNAL_OPTION_NAMES,
  EXTERNAL_TEMPLATES,
  rulesOf,
  type ExternalTaskSensorOptions,
  type ExternalTemplate,
} from './external-task/options.js';

type Rendered = RenderedOptions<ExternalTaskSensorOptions, ExternalTemplate>;

/**
 * Waits for a run of another DAG, for tasks of it or for a group, at the logical date of its own run or at others that follow from it.
 *
 * Only runs with exactly these dates count. At each look it logs what it looks for; where there is no such run, it warns and names the nearest ones. It fails with
 * LOGICAL_DATE_MISSING, and is not tried again, in a run without a logical date unless `executionDateFn` says what to look for.
 */
export const externalTaskSensor = sensor<ExternalTaskSensorOptions, Promise<boolean>, [], ExternalTemplate>({
  name: 'externalTaskSensor',
  optionNames: EXTERNAL_OPTION_NAMES,
  templateFields: EXTERNAL_TEMPLATES,
  checkOptions: checkExternalOptions,
  async poke(options, _inputs, { softFail }) {
    const current = context();
    const { log } = current;
    const { externalDagId: dagId } = options;
    const rules = rulesOf(options);
    const target = targetOf(options);
    const logicalDates = await datesOf(options, current);
    log.info(`looks for ${describeTarget(target, dagId)} at ${describeDates(logicalDates)}`);
    const countsRemoved = [rules.allowed, rules.skipped, rules.failed].some((states) => states.has('removed'));
    const found = await current.externalStates({ dagId, target, logicalDates, countsRemoved });
    const problems = describeProblems(found, target, dagId);
    if (options.checkExistence && problems.length > 0) {
      throw new AirflowLikeError('NOT_FOUND', { place: `tasks.${current.taskId}`, message: problems.join('; ') });
    }
    const isRun = target.kind === 'run';
    const verdict = decideExternal(found.dates, isRun, rules);
    switch (verdict.kind) {
      case 'done':
        return true;
      case 'skipped':
        throw new SkipTask(`${describeStanding(verdict.date, verdict.standing)} (skippedStates)`);
      case 'failed': {
        const message = `${describeStanding(verdict.date, verdict.standing)} (failedStates)`;
        if (softFail) throw new SkipTask(`EXTERNAL_FAILED: ${message}`);
        throw new AirflowLikeError('EXTERNAL_FAILED', { place: `tasks.${current.taskId}`, message });
      }
      case 'waiting':
        for (const problem of problems) log.warn(problem);
        for (const { level, message } of describeOpenDates(verdict.dates, found, isRun, rules, dagId)) log[level](message);
        return false;
    }
  },
});

function targetOf({ externalTaskId, externalTaskIds, externalTaskGroupId }: Rendered): ExternalTarget {
  if (externalTaskId !== undefined) return { kind: 'tasks', taskIds: [externalTaskId] };
  if (externalTaskGroupId !== undefined) return { kind: 'group', groupId: externalTaskGroupId };
  if (externalTaskIds === undefined) return { kind: 'run' };
  if (Array.isArray(externalTaskIds)) return { kind: 'tasks', taskIds: [...new Set(externalTaskIds as readonly string[])] };
  const place = 'externalTaskSensor.externalTaskIds';
  throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a list of task ids', value: externalTaskIds });
}

/** The logical dates to look for, each once. */
async function datesOf({ executionDateFn, executionDelta }: Rendered, current: TaskContext): Promise<readonly Date[]> {
  if (executionDateFn) return readDates(await executionDateFn(current));
  if (current.logicalDate === null) {
    throw forGood(
      new AirflowLikeError('LOGICAL_DATE_MISSING', {
        place: `tasks.${current.taskId}`,
        message:
          'this run has no logical date, so there is none to look for in the other DAG: trigger it with one, or say with executionDateFn ' +
          'which dates are meant',
      }),
    );
  }
  const deltaMs = executionDelta === undefined ? 0 : parseDurationMs(executionDelta, 'externalTaskSensor.executionDelta');
  return [new Date(current.logicalDate.getTime() - deltaMs)];
}

function readDates(answer: unknown): readonly Date[] {
  const dates: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
  if (dates.length > 0 && dates.every(isRealDate)) {
    const instants = new Set(dates.map((date) => date.getTime()));
    return [...instants].map((instant) => new Date(instant));
  }
  throw new AirflowLikeError('VALUE_TYPE', {
    place: 'externalTaskSensor.executionDateFn',
    message: dates.length === 0 ? 'it returned no date' : 'it must return a date, or a list of dates',
    value: answer,
  });
}

function isRealDate(value: unknown): value is Date {
  return isDate(value) && !Number.isNaN(value.getTime());
}
