import type { Command } from 'commander';
import { AirflowLikeError } from '../../model/errors.js';
import { outputOption } from '../arguments.js';
import { EXIT, isAlive, readConf, withClient, type CommonOptions } from '../cli.js';
import { parseInstant } from '../dates.js';
import { findDag } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Tree } from '../program.js';
import { triggeredRow } from './triggered-row.js';

interface TriggerOptions extends CommonOptions {
  readonly runId?: string;
  readonly conf?: string;
  readonly logicalDate?: string;
  readonly runAfter?: string;
  readonly note?: string;
  readonly idempotencyKey?: string;
  readonly replaceMicroseconds: boolean;
  readonly wait?: boolean;
  readonly output: OutputFormat;
}

interface TestOptions extends CommonOptions {
  readonly conf?: string;
  readonly dagfilePath?: string;
  readonly output: OutputFormat;
}

/** `dags trigger|test` */
export function addDagRunCommands(dags: Command, { cli, run }: Tree): void {
  dags
    .command('trigger')
    .summary('run it now')
    .description(
      'Creates a run of a DAG. Without --logical-date it has none. A run of a paused DAG waits until the DAG is unpaused.',
    )
    .argument('<dag_id>', 'the DAG')
    .option('-r, --run-id <id>', 'the run id (default: manual__ and the time)')
    .option('-c, --conf <json>', 'a JSON object for the tasks, checked against the params of the DAG')
    .option('-l, --logical-date <date>', 'the logical date; its data interval follows from the schedule')
    .option('--no-replace-microseconds', 'keep the fraction of a second of --logical-date')
    .option('--run-after <date>', 'do not start before (default: now)')
    .option('--note <text>', 'a note for people, up to 1000 characters')
    .option('--idempotency-key <text>', 'a repeat with the same key finds the run that the first one made')
    .option('-w, --wait', 'follow the run to its end; exits with 3 when it fails, 4 when it ends partial')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      `\nExamples:\n  airflow-like dags trigger hello --wait\n  airflow-like dags trigger sales -l 2026-03-01 -c '{"limit": 10}'`,
    )
    .action(
      run(async (dagId: string, options: TriggerOptions) => {
        const conf = await readConf(cli, options.conf, '--conf');
        const config = await cli.loadConfig();
        const zone = config.config.core.defaultTimezone;
        const logicalDate = readLogicalDate(options, zone);
        const runAfter = options.runAfter === undefined ? null : parseInstant(options.runAfter, '--run-after', zone);
        return withClient(cli, options, { config, follows: options.wait }, async ({ system, client, signal }) => {
          const { dag } = await findDag(client, dagId);
          const hasScheduler = await isAlive(client, 'scheduler');
          if (options.wait && !hasScheduler) {
            throw new AirflowLikeError('STATE_CONFLICT', {
              place: '--wait',
              message: 'no scheduler is running, so the run would never start: start airflow-like standalone in another terminal',
            });
          }
          const triggered = await system.triggerOnce(client, {
            dagId,
            logicalDate,
            conf,
            note: options.note ?? null,
            idempotencyKey: options.idempotencyKey ?? null,
            ...(runAfter === null ? {} : { runAfter }),
            ...(options.runId === undefined ? {} : { runId: options.runId }),
          });
          let dagRun = triggered.run;
          if (triggered.isNew) cli.terminal.note(`Triggered ${dagId}: run ${dagRun.runId} is ${dagRun.state}.`);
          else cli.terminal.note(`Nothing new: this key triggered run ${dagRun.runId} of ${dagId} before, it is ${dagRun.state}.`);
          if (dagRun.state === 'queued' && dag.isPaused)
            cli.terminal.note(`${dagId} is paused: the run waits until airflow-like dags unpause ${dagId}.`);
          if (!hasScheduler) cli.terminal.note('No scheduler is running: the run starts when one does (airflow-like standalone).');
          if (options.wait) {
            const { RunReporter } = await import('../progress/run-reporter.js');
            const reporter = new RunReporter(cli.terminal);
            for await (const progress of system.followDagRun(client, dagRun.id, signal)) {
              dagRun = progress.run;
              reporter.update(progress);
            }
            reporter.end();
          }
          await printRecords(cli.terminal, options.output, Object.keys(triggeredRow(dagRun)), [triggeredRow(dagRun)]);
          if (!options.wait || dagRun.state === 'success') return EXIT.done;
          if (dagRun.state === 'failed') return EXIT.awaitedFailed;
          if (dagRun.state === 'partial') return EXIT.awaitedPartial;
          cli.terminal.note(`The run goes on. See it with: airflow-like tasks states-for-dag-run ${dagId} ${dagRun.runId}`);
          return EXIT.interrupted;
        });
      }),
    );

  dags
    .command('test')
    .summary('run one interval here, without a database')
    .description(
      'Runs one data interval of a DAG in this process, without a database and without a server: breakpoints hit. Exits with 3 when the run fails.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument('[logical_date]', 'the logical date (default: none, as of a run that is triggered by hand)')
    .option('-c, --conf <json>', 'a JSON object for the tasks')
    .option('-f, --dagfile-path <file>', 'the file that holds the DAG (default: search the DAGs folder)')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like dags test seattle_weather 2012-03-04\n  node --inspect-brk node_modules/.bin/airflow-like dags test hello',
    )
    .action(
      run(async (dagId: string, date: string | undefined, options: TestOptions) => {
        const conf = await readConf(cli, options.conf, '--conf');
        const config = await cli.loadConfig();
        const logicalDate = date === undefined ? null : parseInstant(date, 'logical_date', config.config.core.defaultTimezone);
        const system = await cli.importSystem();
        const { TestReporter } = await import('../progress/test-reporter.js');
        const reporter = new TestReporter(cli.terminal);
        const restoreOut = cli.terminal.divertOut();
        const result = await system
          .runDagTest({
            config,
            verbose: options.verbose === true,
            dagId,
            logicalDate,
            conf,
            file: options.dagfilePath ?? null,
            onEvent: (event) => reporter.show(event),
          })
          .finally(restoreOut);
        reporter.end(result.run);
        const { taskInstanceRows } = await import('./task-instance-rows.js');
        const { columns, rows } = taskInstanceRows(result.run, result.taskInstances);
        await printRecords(cli.terminal, options.output, columns, rows);
        if (result.run.state === 'partial') return EXIT.awaitedPartial;
        return result.run.state === 'success' ? EXIT.done : EXIT.awaitedFailed;
      }),
    );
}

/** Airflow cuts the logical date of a trigger to the second unless told otherwise. */
function readLogicalDate({ logicalDate, replaceMicroseconds }: TriggerOptions, zone: string): number | null {
  if (logicalDate === undefined) return null;
  const instant = parseInstant(logicalDate, '--logical-date', zone);
  return replaceMicroseconds ? Math.floor(instant / 1_000) * 1_000 : instant;
}
