import type { Backfill, ReprocessBehavior } from '../../model/backfill.js';
import { formatDuration } from '../../model/duration.js';
import { AirflowLikeError } from '../../model/errors.js';
import { choiceOption, outputOption, positiveInteger } from '../arguments.js';
import { EXIT, isAlive, readConf, withClient, type CommonOptions, type OpenSystem } from '../cli.js';
import { formatInstant, parseDateRange } from '../dates.js';
import { findDag } from '../lookup.js';
import { printProperties, printRecords, type OutputFormat } from '../output/records.js';
import type { Row } from '../output/table.js';
import type { Tree } from '../program.js';
import type { BackfillPlan, Client, FollowedBackfill } from '../system.js';

interface CreateOptions extends CommonOptions {
  readonly dagId: string;
  readonly fromDate: string;
  readonly toDate: string;
  readonly dagRunConf?: string;
  readonly maxActiveRuns?: number;
  readonly reprocessBehavior?: ReprocessBehavior;
  readonly runBackwards?: boolean;
  readonly maxRuns?: number;
  readonly runOnLatestVersion?: boolean;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
  readonly output?: OutputFormat;
}

const PLAN_COLUMNS = ['logical_date', 'data_interval_start', 'data_interval_end', 'action', 'run_id'];
const LIST_COLUMNS = [
  'id',
  'dag_id',
  'from_date',
  'to_date',
  'expected_runs',
  'max_active_runs',
  'reprocess_behavior',
  'state',
  'is_paused',
  'created_at',
  'completed_at',
];

/** `backfill create|list|show|pause|unpause|cancel|follow` */
export function addBackfillCommands({ root, cli, run }: Tree): void {
  const backfill = root.command('backfill').description('Runs over a range of dates.');

  backfill
    .command('create')
    .summary('run a DAG over a range of dates')
    .description(
      'Runs a DAG for every interval whose logical date is in the range, both ends included, and follows the progress. Dates without an ' +
        'offset are read in core.defaultTimezone. Ctrl-C leaves the backfill running. Exits with 3 when runs failed.',
    )
    .requiredOption('--dag-id <id>', 'the DAG')
    .requiredOption('--from-date <date>', 'first logical date')
    .requiredOption('--to-date <date>', 'last logical date')
    .option('--dag-run-conf <json>', 'a JSON object for the tasks')
    .option('--max-active-runs <number>', 'most of its runs at once (default: 10)', positiveInteger)
    .addOption(
      choiceOption('--reprocess-behavior <which>', 'existing runs that are run again', ['none', 'failed', 'completed']).default(
        undefined,
        'none; failed if a task has dependsOnPast',
      ),
    )
    .option('--run-backwards', 'newest first')
    .option('--run-on-latest-version', 'existing runs run again with the newest version of the DAG (default)')
    .option('--no-run-on-latest-version', 'existing runs run again with their own version of the DAG')
    .option('--max-runs <number>', 'refuse more runs than this (default: 10000)', positiveInteger)
    .option('--dry-run', 'print the plan and create nothing')
    .option('--detach', 'do not follow the progress')
    .addOption(outputOption().default(undefined, 'the plan as a table'))
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like backfill create --dag-id sales --from-date 2026-01-01 --to-date 2026-03-31 --dry-run\n' +
        '  airflow-like backfill create --dag-id sales --from-date 2026-01-01 --to-date 2026-03-31 --reprocess-behavior failed',
    )
    .action(
      run(async (options: CreateOptions) => {
        const conf = await readConf(cli, options.dagRunConf, '--dag-run-conf');
        const config = await cli.loadConfig();
        const zone = config.config.core.defaultTimezone;
        const { from, to } = parseDateRange(['--from-date', options.fromDate], ['--to-date', options.toDate], zone);
        return withClient(cli, options, { config, follows: true }, async (open) => {
          const { system, client } = open;
          const { dag } = await findDag(client, options.dagId);
          const request = {
            dagId: options.dagId,
            from,
            to,
            conf,
            runBackwards: options.runBackwards === true,
            ...(options.reprocessBehavior === undefined ? {} : { reprocessBehavior: options.reprocessBehavior }),
            ...(options.maxActiveRuns === undefined ? {} : { maxActiveRuns: options.maxActiveRuns }),
            ...(options.maxRuns === undefined ? {} : { maxRuns: options.maxRuns }),
            ...(options.runOnLatestVersion === undefined ? {} : { runOnLatestVersion: options.runOnLatestVersion }),
          };
          const plan = await system.planBackfill(client, request);
          for (const line of planLines(options.dagId, plan)) cli.terminal.note(line);
          if (options.dryRun) {
            await printRecords(cli.terminal, options.output ?? 'table', PLAN_COLUMNS, planRows(plan, request.runBackwards));
            cli.terminal.note('Dry run: nothing was created.');
            return EXIT.done;
          }
          const created = await system.createBackfill(client, request);
          cli.terminal.note(`Created backfill ${created.id} of ${options.dagId}: ${count(created.expectedRuns, 'run')}.`);
          if (dag.isPaused)
            cli.terminal.note(`${options.dagId} is paused: its runs wait until airflow-like dags unpause ${options.dagId}.`);
          if (options.output) await printRecords(cli.terminal, options.output, LIST_COLUMNS, [backfillRow(created)]);
          if (created.completedAt !== null) return EXIT.done;
          if (options.detach || !(await isAlive(client, 'scheduler'))) {
            if (!options.detach)
              cli.terminal.note('No scheduler is running: its runs start when one does (airflow-like standalone).');
            cli.terminal.note(followHint(created.id));
            return EXIT.done;
          }
          return follow(open, created.id);
        });
      }),
    );

  backfill
    .command('follow')
    .summary('show the progress of a backfill')
    .description('Follows a backfill to its end. Ctrl-C leaves it running. Exits with 3 when runs failed.')
    .argument('<id>', 'number of the backfill', positiveInteger)
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like backfill follow 3')
    .action(
      run((id: number, options: CommonOptions) =>
        withClient(cli, options, { catalog: false, follows: true }, async (open) => {
          await checkKnown(open.client, id);
          return follow(open, id);
        }),
      ),
    );

  backfill
    .command('list')
    .summary('all backfills')
    .description('Lists backfills, of one DAG or of all.')
    .option('--dag-id <id>', 'only of this DAG')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like backfill list --dag-id sales')
    .action(
      run((options: CommonOptions & { dagId?: string; output: OutputFormat }) =>
        withClient(cli, options, { catalog: false }, async ({ client }) => {
          if (options.dagId !== undefined) await findDag(client, options.dagId);
          const list = await client.store.backfills.list(options.dagId);
          await printRecords(cli.terminal, options.output, LIST_COLUMNS, list.map(backfillRow));
        }),
      ),
    );

  backfill
    .command('show')
    .summary('one backfill')
    .description('Prints what a backfill is, how far it has come and how long it will take.')
    .argument('<id>', 'number of the backfill', positiveInteger)
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like backfill show 3')
    .action(
      run((id: number, options: CommonOptions & { output: OutputFormat }) =>
        withClient(cli, options, { catalog: false, follows: true }, async (open) => {
          await checkKnown(open.client, id);
          for await (const progress of open.system.followBackfill(open.client, id, open.signal)) {
            await printProperties(cli.terminal, options.output, progressRow(progress));
            return EXIT.done;
          }
          return EXIT.interrupted;
        }),
      ),
    );

  for (const isPaused of [true, false]) {
    const verb = isPaused ? 'pause' : 'unpause';
    backfill
      .command(verb)
      .summary(isPaused ? 'start no more runs of a backfill' : 'start runs of a backfill again')
      .description(
        isPaused
          ? 'Pauses a backfill: no more runs of it start, those under way go on.'
          : 'Unpauses a backfill: its runs start again, in their order. One whose creation was interrupted is given the runs that it lacks.',
      )
      .argument('<id>', 'number of the backfill', positiveInteger)
      .option('-v, --verbose', 'show more')
      .addHelpText('after', `\nExample:\n  airflow-like backfill ${verb} 3`)
      .action(
        run((id: number, options: CommonOptions) =>
          withClient(cli, options, { catalog: false }, async ({ system, client }) => {
            const { isChanged } = await system.pauseBackfill(client, id, isPaused);
            cli.terminal.note(`Backfill ${id} ${isChanged ? 'is now' : 'was already'} ${verb}d.`);
          }),
        ),
      );
  }

  backfill
    .command('cancel')
    .summary('end a backfill')
    .description(
      'Ends a backfill: its runs that have not started fail, those under way go on to their end. It cannot be taken back.',
    )
    .argument('<id>', 'number of the backfill', positiveInteger)
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like backfill cancel 3')
    .action(
      run((id: number, options: CommonOptions) =>
        withClient(cli, options, { catalog: false }, async ({ system, client }) => {
          const { failedRuns } = await system.cancelBackfill(client, id);
          cli.terminal.note(`Backfill ${id} is cancelled: ${count(failedRuns, 'run')} that had not started failed.`);
        }),
      ),
    );

  async function follow({ system, client, signal }: OpenSystem, backfillId: number): Promise<number> {
    const { BackfillReporter } = await import('../progress/backfill-reporter.js');
    const reporter = new BackfillReporter(cli.terminal);
    let latest: FollowedBackfill | null = null;
    try {
      for await (const progress of system.followBackfill(client, backfillId, signal)) {
        latest = progress;
        reporter.update(progress);
      }
    } finally {
      reporter.end();
    }
    if (!latest || latest.backfill.completedAt === null) {
      cli.terminal.note(`Backfill ${backfillId} goes on. ${followHint(backfillId)}`);
      return EXIT.interrupted;
    }
    const { running, success, partial, failed, firstStartedAt, lastEndedAt, backfill: ended } = latest;
    const took = firstStartedAt !== null && lastEndedAt !== null ? ` in ${formatDuration(lastEndedAt - firstStartedAt)}` : '';
    const partly = partial > 0 ? `${partial} succeeded in part, ` : '';
    const how = ended.isCancelled ? 'was cancelled' : `has ended${took}`;
    const stillRun = running > 0 ? `, ${running} still running` : '';
    cli.terminal.note(`Backfill ${backfillId} ${how}: ${success} succeeded, ${partly}${failed} failed${stillRun}.`);
    if (failed === 0) return EXIT.done;
    cli.terminal.note(`See them with: airflow-like dags list-runs ${ended.dagId} --state failed`);
    return EXIT.awaitedFailed;
  }
}

function followHint(backfillId: number): string {
  return `Follow it with: airflow-like backfill follow ${backfillId}`;
}

/** How many intervals, from when to when, what they collide with, and how long it will take. */
function planLines(dagId: string, { create, rerun, skip, first, last, estimateMs, active }: BackfillPlan): string[] {
  const parts = [`${create.length} to create`, `${rerun.length} to run again`, `${skip.length} left as they are`];
  const span = `first ${formatInstant(first.start)}, last ends ${formatInstant(last.end)}`;
  const lines = [`${dagId}: ${count(create.length + rerun.length + skip.length, 'interval')} (${parts.join(', ')}), ${span}`];
  const states = new Map<string, number>();
  for (const { state } of [...rerun, ...skip]) states.set(state, (states.get(state) ?? 0) + 1);
  if (states.size > 0)
    lines.push(`Runs that exist already: ${[...states].map(([state, number]) => `${number} ${state}`).join(', ')}.`);
  if (estimateMs !== null && create.length + rerun.length > 0)
    lines.push(`By its newest runs it takes about ${formatDuration(estimateMs)}.`);
  if (active) lines.push(`Backfill ${active.id} of ${dagId} is active: another one can be created when it has ended.`);
  return lines;
}

/** All intervals of the range in the order of time, or against it. */
function planRows({ create, rerun, skip }: BackfillPlan, backwards: boolean): Row[] {
  const entries = [
    ...create.map((interval) => ({ interval, action: 'create', run: null })),
    ...rerun.map((run) => ({ interval: run.dataInterval, action: 'run again', run })),
    ...skip.map((run) => ({ interval: run.dataInterval, action: `leave: ${run.state}`, run })),
  ];
  const sign = backwards ? -1 : 1;
  return entries
    .sort((a, b) => sign * ((a.interval?.start ?? 0) - (b.interval?.start ?? 0)))
    .map(({ interval, action, run }) => {
      const logicalDate = run?.logicalDate ?? interval?.start ?? null;
      return {
        logical_date: logicalDate === null ? null : formatInstant(logicalDate),
        data_interval_start: interval ? formatInstant(interval.start) : null,
        data_interval_end: interval ? formatInstant(interval.end) : null,
        action,
        run_id: run?.runId ?? null,
      };
    });
}

/** @throws AirflowLikeError NOT_FOUND with numbers that there are. */
async function checkKnown(client: Client, id: number): Promise<void> {
  if ((await client.store.backfills.progress(id)) !== null) return;
  const known = (await client.store.backfills.list()).map((candidate) => candidate.id);
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'id',
    message: 'there is no such backfill',
    value: id,
    allowed: known.length === 0 ? undefined : known.slice(0, 10).join(', '),
  });
}

function stateOf({ isCancelled, completedAt, isIncomplete, isPaused }: Backfill): string {
  if (isCancelled) return 'cancelled';
  if (completedAt !== null) return 'completed';
  if (isIncomplete) return 'incomplete';
  return isPaused ? 'paused' : 'active';
}

function progressRow({ backfill, queued, running, success, partial, failed, etaMs }: FollowedBackfill): Row {
  return {
    ...backfillRow(backfill),
    dag_run_conf: backfill.conf,
    run_backwards: backfill.runBackwards,
    run_on_latest_version: backfill.runOnLatestVersion,
    queued_runs: queued,
    running_runs: running,
    success_runs: success,
    partial_runs: partial,
    failed_runs: failed,
    eta_seconds: etaMs === null ? null : Math.round(etaMs / 1_000),
  };
}

function backfillRow(backfill: Backfill): Row {
  return {
    id: backfill.id,
    dag_id: backfill.dagId,
    from_date: formatInstant(backfill.fromDate),
    to_date: formatInstant(backfill.toDate),
    expected_runs: backfill.expectedRuns,
    max_active_runs: backfill.maxActiveRuns,
    reprocess_behavior: backfill.reprocessBehavior,
    state: stateOf(backfill),
    is_paused: backfill.isPaused,
    created_at: formatInstant(backfill.createdAt),
    completed_at: backfill.completedAt === null ? null : formatInstant(backfill.completedAt),
  };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
