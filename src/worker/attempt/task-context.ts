/** What a running task may know and do, from its workload and the channel to its supervisor. */
import { decodeTagged, encodeTagged, isStorableText } from '../../model/codec.js';
import type { TaskSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { AttemptLogLevel } from '../../model/attempt-log.js';
import type { PreviousSuccess } from '../../model/task-fact.js';
import type { OutletEvents } from '../../sdk/asset-context.js';
import type { TaskContext } from '../../sdk/context.js';
import { inletEventsOf, triggeringEventsOf } from './asset-events.js';
import { decodedParams, type AttemptTemplates } from './attempt-templates.js';
import { encodeXCom } from './encode-output.js';
import { askExternalStates } from './external-states.js';
import type { AttemptEnvironment, AttemptWork } from './run-attempt.js';
import { showValue } from './task-error.js';

/** What `context()` gives a task. */
export function contextOf(
  task: TaskSpec,
  templates: AttemptTemplates,
  work: AttemptWork,
  environment: Pick<AttemptEnvironment, 'log' | 'channel' | 'signal' | 'flushOutput'>,
  pokeNumber: number,
  outletEvents: OutletEvents,
): TaskContext {
  const { key, run, token } = work;
  const { log, channel, signal } = environment;
  const write = (level: AttemptLogLevel) => (message: unknown, fields?: Readonly<Record<string, unknown>>) => {
    environment.flushOutput?.();
    log.write(level, 'task', typeof message === 'string' ? message : showValue(message), fields);
  };
  return {
    dagId: key.dagId,
    runId: key.runId,
    taskId: key.taskId,
    mapIndex: key.mapIndex,
    tryNumber: work.tryNumber,
    maxTries: work.maxTries,
    token,
    logicalDate: run.logicalDate === null ? null : new Date(run.logicalDate),
    dataInterval: run.dataInterval && { start: new Date(run.dataInterval.start), end: new Date(run.dataInterval.end) },
    runAfter: new Date(run.runAfter),
    runType: run.runType,
    timezone: run.timezone,
    params: decodedParams(run.params),
    conf: run.conf,
    pokeNumber,
    signal,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    xcom: {
      async push(name, value) {
        checkKey(name, 'xcom.push');
        await channel.pushXCom(token, name, encodeXCom(value, name, work.maxXComBytes));
      },
      async pull(taskIds, options = {}) {
        if (options.key !== undefined && options.key !== 'return_value') checkKey(options.key, 'xcom.pull');
        const value = await channel.pullXCom(token, {
          taskIds,
          key: options.key ?? 'return_value',
          mapIndexes: options.mapIndex ?? 'all',
          runId: options.runId ?? null,
          includePriorDates: options.includePriorDates ?? false,
          ...(options.default !== undefined && { fallback: encodeTagged(options.default, 'xcom.pull.default') }),
        });
        return value === undefined ? undefined : decodeTagged(value);
      },
    },
    outletEvents,
    inletEvents: inletEventsOf(task, token, channel),
    triggeringAssetEvents: triggeringEventsOf(token, channel),
    externalStates: (query) => askExternalStates(query, token, channel),
    render: (template) => templates.render(template),
    async previousSuccess() {
      const found = (await channel.lookUp(token, { kind: 'previousSuccess' })) as unknown as PreviousSuccess | undefined;
      if (!found) return null;
      const { dataInterval, startedAt, endedAt } = found;
      return {
        dataInterval: dataInterval && { start: new Date(dataInterval.start), end: new Date(dataInterval.end) },
        startedAt: startedAt === null ? null : new Date(startedAt),
        endedAt: endedAt === null ? null : new Date(endedAt),
      };
    },
  };
}

const MAX_KEY_LENGTH = 250;

function checkKey(key: unknown, place: string): asserts key is string {
  if (typeof key === 'string' && key.length > 0 && key.length <= MAX_KEY_LENGTH && key !== 'return_value' && isStorableText(key))
    return;
  throw new AirflowLikeError('XCOM_KEY_INVALID', {
    place,
    message: key === 'return_value' ? 'this key belongs to the return value of the task' : 'this cannot be the key of an XCom',
    value: key,
    allowed: `a text of 1 to ${MAX_KEY_LENGTH} characters other than return_value, without NUL and halves of surrogate pairs`,
  });
}
