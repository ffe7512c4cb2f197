import type { Command } from 'commander';
import { AirflowLikeError } from '../../model/errors.js';
import { outputOption, regularExpression } from '../arguments.js';
import { EXIT, readConf, withClient, type CommonOptions } from '../cli.js';
import { confirmed } from '../confirm.js';
import { parseDateRange, parseInstant } from '../dates.js';
import { findDag, findRun } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import { printable } from '../output/table.js';
import type { Tree } from '../program.js';
import type { ClearedTaskInstance } from '../system.js';
import { taskInstanceRows } from './task-instance-rows.js';
import { addTaskLogs } from './tasks-logs.js';

const LIST_COLUMNS = ['task_id', 'operator', 'upstream', 'trigger_rule', 'retries', 'pool', 'queue', 'is_mapped'];

interface ClearOptions extends CommonOptions {
  readonly taskRegex?: RegExp;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly runId?: readonly string[];
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly onlyFailed?: boolean;
  readonly onlyRunning?: boolean;
  readonly yes?: boolean;
  readonly output: OutputFormat;
}

interface TestOptions extends CommonOptions {
  readonly taskParams?: string;
  readonly inputs?: string;
}

/** `tasks list|states-for-dag-run|test|logs|clear` */
export function addTaskCommands(tree: Tree): void {
  const { root, cli, run } = tree;
  const tasks = root.command('tasks').description('Tasks and their instances.');
  tasks
    .command('list')
    .summary('the tasks of a DAG')
    .description('Lists the tasks of a DAG, one id per line; with -o, their settings, too.')
    .argument('<dag_id>', 'the DAG')
    .addOption(outputOption().default(undefined, 'ids only'))
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExamples:\n  airflow-like tasks list hello\n  airflow-like tasks list hello -o table')
    .action(
      run((dagId: string, options: CommonOptions & { output?: OutputFormat }) =>
        withClient(cli, options, {}, async ({ client }) => {
          const { spec } = await findDag(client, dagId);
          const sorted = [...spec.tasks].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
          if (!options.output) return cli.terminal.out(sorted.map(({ taskId }) => `${taskId}\n`).join(''));
          const rows = sorted.map((task) => ({
            task_id: task.taskId,
            operator: task.operator,
            upstream: task.upstream,
            trigger_rule: task.triggerRule,
            retries: task.retries,
            pool: task.pool,
            queue: task.queue,
            is_mapped: task.map !== null,
          }));
          return printRecords(cli.terminal, options.output, LIST_COLUMNS, rows);
        }),
      ),
    );

  tasks
    .command('states-for-dag-run')
    .summary('the task instances of a run')
    .description('Lists the task instances of a run with their states.')
    .argument('<dag_id>', 'the DAG')
    .argument('<logical_date_or_run_id>', 'the run: its run id, or its logical date')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like tasks states-for-dag-run seattle_weather 2015-12-07')
    .action(
      run((dagId: string, runIdOrDate: string, options: CommonOptions & { output: OutputFormat }) =>
        withClient(cli, options, {}, async ({ client, config }) => {
          await findDag(client, dagId);
          const dagRun = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          const { columns, rows } = taskInstanceRows(dagRun, await client.store.runs.listTaskInstances([dagRun.id]));
          await printRecords(cli.terminal, options.output, columns, rows);
        }),
      ),
    );

  tasks
    .command('test')
    .summary('run one task here, without its dependencies')
    .description(
      'Runs one task in this process, without a database, its dependencies or a state. Its return value goes to standard output.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument('<task_id>', 'the task')
    .argument('[logical_date]', 'the logical date (default: none, as of a run that is triggered by hand)')
    .option('-t, --task-params <json>', 'a JSON object over the params of the DAG')
    .option('--inputs <json>', 'a JSON array: the arguments of the task, which otherwise come from other tasks')
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like tasks test seattle_weather extract 2012-03-04\n  airflow-like tasks test sales load --inputs \'[{"rows": 3}]\'',
    )
    .action(
      run(async (dagId: string, taskId: string, date: string | undefined, options: TestOptions) => {
        const conf = await readConf(cli, options.taskParams, '--task-params');
        const config = await cli.loadConfig();
        const logicalDate = date === undefined ? null : parseInstant(date, 'logical_date', config.config.core.defaultTimezone);
        const system = await cli.importSystem();
        const inputs = options.inputs === undefined ? null : system.parseJsonList(options.inputs, '--inputs');
        const { TestReporter } = await import('../progress/test-reporter.js');
        const reporter = new TestReporter(cli.terminal);
        const restoreOut = cli.terminal.divertOut();
        const result = await system
          .runTaskTest({
            config,
            verbose: options.verbose === true,
            dagId,
            taskId,
            inputs,
            logicalDate,
            conf,
            file: null,
            onEvent: (event) => reporter.show(event),
          })
          .finally(restoreOut);
        if (result.message !== null) cli.terminal.note(`${taskId} ${result.state}: ${printable(result.message)}`);
        else cli.terminal.note(`${taskId} ${result.state}`);
        if (result.missingInputs.length > 0) {
          const tasksBefore = result.missingInputs.join(', ');
          cli.terminal.note(`It got undefined in place of the values of ${tasksBefore}: give its arguments with --inputs '[...]'.`);
        }
        if (result.value !== undefined) cli.terminal.out(`${JSON.stringify(result.value, null, 2)}\n`);
        return result.state === 'success' || result.state === 'skipped' ? EXIT.done : EXIT.awaitedFailed;
      }),
    );

  addTaskLogs(tasks, tree);
  addTaskClear(tasks, tree);
}

function addTaskClear(tasks: Command, { cli, run }: Tree): void {
  tasks
    .command('clear')
    .summary('run them again')
    .description(
      'Clears task instances, so that they run again: all of a DAG, or those of some tasks, dates, runs or states. Lists them and asks first. ' +
        'Running ones are stopped. Dates without an offset are read in core.defaultTimezone.',
    )
    .argument('<dag_id>', 'the DAG')
    .option('-t, --task-regex <regex>', 'only tasks whose id matches', regularExpression)
    .option('-s, --start-date <date>', 'only logical dates from this one on')
    .option('-e, --end-date <date>', 'only logical dates up to this one')
    .option('--run-id <id...>', 'only these runs')
    .option('-u, --upstream', 'with all tasks before them')
    .option('-d, --downstream', 'with all tasks after them')
    .option('-f, --only-failed', 'only failed ones')
    .option('-r, --only-running', 'only running ones')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      "\nExamples:\n  airflow-like tasks clear sales --only-failed -s 2026-03-01\n  airflow-like tasks clear sales -t '^load' --downstream -y",
    )
    .action(
      run(async (dagId: string, options: ClearOptions) => {
        const config = await cli.loadConfig();
        const zone = config.config.core.defaultTimezone;
        const { from, to } = parseDateRange(['--start-date', options.startDate], ['--end-date', options.endDate], zone);
        return withClient(cli, options, { config }, async ({ system, client }) => {
          const listing = await findDag(client, dagId);
          const taskIds = options.taskRegex
            ? listing.spec.tasks.map(({ taskId }) => taskId).filter((taskId) => (options.taskRegex as RegExp).test(taskId))
            : null;
          if (taskIds?.length === 0) {
            throw new AirflowLikeError('NOT_FOUND', {
              place: '--task-regex',
              message: 'no task matches',
              value: options.taskRegex?.source,
            });
          }
          const request = {
            dagId,
            taskIds,
            runIds: options.runId ?? null,
            from,
            to,
            upstream: options.upstream === true,
            downstream: options.downstream === true,
            onlyFailed: options.onlyFailed === true,
            onlyRunning: options.onlyRunning === true,
          };
          const found = await system.clearTaskInstances(client, { ...request, dryRun: true });
          if (found.length === 0) {
            cli.terminal.note('Nothing to clear: no task instance matches.');
            await printCleared(cli.terminal, options.output, dagId, []);
            return EXIT.done;
          }
          if (!options.yes) await printCleared(cli.terminal, options.output, dagId, found);
          const runs = new Set(found.map(({ runId }) => runId)).size;
          const what = `${found.length} task ${found.length === 1 ? 'instance' : 'instances'} of ${runs} ${runs === 1 ? 'run' : 'runs'}`;
          if (!(await confirmed(cli, options.yes, `This will clear ${what}. Proceed?`))) return EXIT.error;
          const cleared = await system.clearTaskInstances(client, { ...request, dryRun: false });
          if (options.yes) await printCleared(cli.terminal, options.output, dagId, cleared);
          cli.terminal.note(`Cleared ${cleared.length} task ${cleared.length === 1 ? 'instance' : 'instances'} of ${dagId}.`);
          return EXIT.done;
        });
      }),
    );
}

async function printCleared(
  terminal: Tree['cli']['terminal'],
  format: OutputFormat,
  dagId: string,
  cleared: readonly ClearedTaskInstance[],
): Promise<void> {
  const rows = cleared.map(({ runId, taskId, mapIndex: index, state }) => ({
    dag_id: dagId,
    run_id: runId,
    task_id: taskId,
    map_index: index,
    state,
  }));
  await printRecords(terminal, format, ['dag_id', 'run_id', 'task_id', 'map_index', 'state'], rows);
}
