import type { Command } from 'commander';
import { join } from 'node:path';
import { formatDuration } from '../../model/duration.js';
import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import type { Attempt, TaskInstance } from '../../model/task-instance.js';
import { integerBetween, positiveInteger } from '../arguments.js';
import { withClient, type CommonOptions, type OpenSystem } from '../cli.js';
import { formatInstant } from '../dates.js';
import { findDag, findRun } from '../lookup.js';
import { printable } from '../output/table.js';
import type { Tree } from '../program.js';
import type { AttemptLogLine } from '../../model/attempt-log.js';

/** How often a followed task instance is asked whether it has a (further) attempt. */
const POLL_MS = 500;

interface LogOptions extends CommonOptions {
  readonly mapIndex: number;
  readonly try?: number;
  readonly follow?: boolean;
}

/** `tasks logs` */
export function addTaskLogs(tasks: Command, { cli, run }: Tree): void {
  tasks
    .command('logs')
    .summary('what a task wrote')
    .description('Prints the log of a task instance: of its last attempt, or of all attempts of one try.')
    .argument('<dag_id>', 'the DAG')
    .argument('<task_id>', 'the task')
    .argument('<logical_date_or_run_id>', 'the run: its run id, or its logical date')
    .option('--map-index <number>', 'which copy of a mapped task', integerBetween(-1, 1_000_000), -1)
    .option('--try <number>', 'of this try (default: the last attempt)', positiveInteger)
    .option('-f, --follow', 'go on as lines are written, until the task has finished')
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like tasks logs seattle_weather extract 2015-12-07\n  airflow-like tasks logs sales load manual__2026-03-01T06:00:00+00:00 -f',
    )
    .action(
      run((dagId: string, taskId: string, runIdOrDate: string, options: LogOptions) =>
        withClient(cli, options, { catalog: false, follows: options.follow === true }, async (open) => {
          const { client, config } = open;
          await findDag(client, dagId);
          const dagRun = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          const instances = await client.store.runs.listTaskInstances([dagRun.id]);
          const taskInstance = choose(instances, taskId, options.mapIndex, dagRun.runId);
          const printer = (line: AttemptLogLine): void => cli.terminal.out(formatLine(line));
          if (options.follow) return follow(open, dagRun.id, taskInstance, options, printer, (line) => cli.terminal.note(line));
          const attempts = attemptsToShow(await client.store.runs.listAttempts([taskInstance.id]), options.try);
          if (attempts.length === 0) throw noLog(taskInstance, options.try, await client.store.runs.findReason(taskInstance));
          for (const attempt of attempts) await printAttempt(open, attempt, printer, (line) => cli.terminal.note(line));
        }),
      ),
    );
}

function choose(instances: readonly TaskInstance[], taskId: string, mapIndex: number, runId: string): TaskInstance {
  const copies = instances.filter((candidate) => candidate.taskId === taskId);
  const found = copies.find((candidate) => candidate.mapIndex === mapIndex);
  if (found) return found;
  if (copies.length === 0) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: 'task_id',
      message: `run ${runId} has no such task`,
      value: taskId,
      suggestion: nearestName(taskId, new Set(instances.map((candidate) => candidate.taskId))),
    });
  }
  const known = copies.map((copy) => copy.mapIndex).sort((a, b) => a - b);
  if (known[0] === -1) {
    throw new AirflowLikeError('NOT_FOUND', {
      place: '--map-index',
      message: `${taskId} is not mapped: leave it out`,
      value: mapIndex,
    });
  }
  throw new AirflowLikeError('NOT_FOUND', {
    place: '--map-index',
    message: `${taskId} is mapped: say which of its copies`,
    value: mapIndex,
    allowed: `${known[0]} to ${known.at(-1)}`,
  });
}

/** The last attempt, or all attempts of one try (there are several when infrastructure lost some), oldest first. */
function attemptsToShow(attempts: readonly Attempt[], tryNumber: number | undefined): readonly Attempt[] {
  const sorted = [...attempts].sort((a, b) => a.createdAt - b.createdAt);
  return tryNumber === undefined ? sorted.slice(-1) : sorted.filter((attempt) => attempt.tryNumber === tryNumber);
}

async function printAttempt(
  { system, config }: OpenSystem,
  attempt: Attempt,
  print: (line: AttemptLogLine) => void,
  note: (line: string) => void,
): Promise<void> {
  note(describeAttempt(attempt));
  if (attempt.logPath === null) {
    // The file is made with the first line that the task writes.
    if (attempt.endedAt !== null) note(`It ${lasted(attempt)} and wrote nothing.`);
    return;
  }
  try {
    for await (const line of system.readAttemptLog(join(config.config.core.home, 'logs', attempt.logPath))) print(line);
  } catch (error) {
    throw logMissing(attempt, error);
  }
}

/** Shows attempt after attempt until the task instance has ended or the reader stops. */
async function follow(
  { system, client, config, signal }: OpenSystem,
  dagRunId: number,
  taskInstance: TaskInstance,
  options: LogOptions,
  print: (line: AttemptLogLine) => void,
  note: (line: string) => void,
): Promise<void> {
  const shown = new Set<string>();
  while (!signal.aborted) {
    const [next] = attemptsToShow(await client.store.runs.listAttempts([taskInstance.id]), options.try).filter(
      (attempt) => !shown.has(attempt.token) && attempt.logPath !== null,
    );
    if (next) {
      shown.add(next.token);
      note(describeAttempt(next));
      await followAttempt({ system, client, config, signal }, taskInstance.id, next, print);
    } else {
      const current = (await client.store.runs.listTaskInstances([dagRunId])).find(({ id }) => id === taskInstance.id);
      if (current && current.endedAt !== null && shown.size === 0)
        throw noLog(current, options.try, await client.store.runs.findReason(current));
      if (!current || current.endedAt !== null) return;
      await client.clock.sleep(POLL_MS, signal);
    }
  }
}

async function followAttempt(
  { system, client, config, signal }: OpenSystem,
  taskInstanceId: number,
  attempt: Attempt,
  print: (line: AttemptLogLine) => void,
): Promise<void> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const watchEnd = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const now = (await client.store.runs.listAttempts([taskInstanceId])).find(({ token }) => token === attempt.token);
      if (!now || now.endedAt !== null) return end.abort();
      await client.clock.sleep(POLL_MS, end.signal);
    }
  };
  const watching = watchEnd().finally(stop);
  try {
    for await (const line of system.followAttemptLog(join(config.config.core.home, 'logs', attempt.logPath as string), end.signal))
      print(line);
    await watching;
  } catch (error) {
    throw logMissing(attempt, error);
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
  }
}

function describeAttempt({ tryNumber, dispatchNumber, state, endReason }: Attempt): string {
  const dispatch = dispatchNumber > 1 ? `, dispatch ${dispatchNumber}` : '';
  return `--- try ${tryNumber}${dispatch}: ${state}${endReason === null ? '' : ` (${endReason})`}`;
}

/** `ran from 2026-03-01T06:00:00.123+00:00 for 12ms` */
function lasted({ startedAt, endedAt }: Attempt): string {
  if (startedAt === null || endedAt === null) return 'was never started';
  return `ran from ${formatInstant(startedAt)} for ${formatDuration(endedAt - startedAt)}`;
}

/** `2026-03-01T06:00:00.123Z INFO  message`, with the fields that stand beside the message; a stack follows on lines of its own. */
function formatLine({ at, level, source, try: _try, message, continues: _continues, stack, ...fields }: AttemptLogLine): string {
  const from = source === 'task' || source === 'console' ? '' : `[${source}] `;
  const extra = Object.keys(fields).length > 0 ? ` ${printable(JSON.stringify(fields))}` : '';
  const below = typeof stack === 'string' ? `\n${printable(stack).replace(/^/gm, '    ')}` : '';
  return `${at} ${level.toUpperCase().padEnd(5)} ${from}${printable(message)}${extra}${below}\n`;
}

function noLog(
  { taskId, state, endedAt, tryNumber: tries }: TaskInstance,
  tryNumber: number | undefined,
  reason: string | null,
): AirflowLikeError {
  let message = `has not been started yet (${state}), so there is no log; wait for it with -f`;
  if (tryNumber !== undefined)
    message = `there was no try ${tryNumber}${tries > 0 ? `, only ${tries === 1 ? 'the first' : `up to ${tries}`}` : ''}`;
  else if (endedAt !== null)
    message = `was never started, so there is no log; it is ${state}${reason === null ? '' : `: ${reason}`}`;
  return new AirflowLikeError('NOT_FOUND', { place: taskId, message });
}

function logMissing(attempt: Attempt, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  return new AirflowLikeError('NOT_FOUND', {
    place: attempt.logPath ?? 'log',
    message: 'the log file is not on this machine; it lies below the home folder of the worker that ran the attempt',
  });
}
