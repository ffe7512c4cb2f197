/** `context().externalStates`: dates as authors have them, around a question of instants. */
import { checkExternalQuery, type ExternalQuery, type ExternalStates } from '../../model/external-states.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { TaskChannel } from '../../ports/task-channel.js';

/** Rejects with what `checkExternalQuery` throws. */
export async function askExternalStates(
  { dagId, target, logicalDates, countsRemoved = false }: ExternalQuery<Date>,
  token: AttemptToken,
  channel: TaskChannel,
): Promise<ExternalStates<Date>> {
  const query: ExternalQuery = { dagId, target, logicalDates: logicalDates.map((date) => date.getTime()), countsRemoved };
  checkExternalQuery(query);
  const { dag, unknown, dates } = (await channel.lookUp(token, { kind: 'externalStates', query })) as unknown as ExternalStates;
  return {
    dag,
    unknown,
    dates: dates.map(({ logicalDate, run, counts, before, after }) => ({
      logicalDate: new Date(logicalDate),
      run,
      counts,
      before: before === null ? null : new Date(before),
      after: after === null ? null : new Date(after),
    })),
  };
}
