import { Option } from 'commander';
import { integerBetween, outputOption } from '../arguments.js';
import { EXIT, readConf, withClient, type CommonOptions } from '../cli.js';
import { parseInstant } from '../dates.js';
import { findDag, findInstance, findRun } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import { printable } from '../output/table.js';
import type { Tree } from '../program.js';
import { addTaskClear } from './clear.js';
import { addTaskMark } from './mark.js';
import { taskInstanceRows } from './task-instance-rows.js';
import { addTaskExplain } from './explain.js';
import { addTaskLogs } from './tasks-logs.js';
import { addTaskRender } from './tasks-render.js';

const LIST_COLUMNS = ['task_id', 'operator', 'upstream', 'trigger_rule', 'retries', 'pool', 'queue', 'is_mapped'];

interface TestOptions extends CommonOptions {
  readonly taskParams?: string;
  readonly inputs?: string;
}

/** `tasks list|state|states-for-dag-run|test|logs|clear|mark` */
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
    .command('state')
    .summary('the state of one task instance')
    .description('Prints the state of a task instance: one word, None before anything is decided.')
    .argument('<dag_id>', 'the DAG')
    .argument('<task_id>', 'the task')
    .argument('<logical_date_or_run_id>', 'the run: its run id, or its logical date')
    .addOption(
      new Option('--map-index <number>', 'the copy of a mapped task')
        .argParser(integerBetween(-1, Number.MAX_SAFE_INTEGER))
        .default(-1),
    )
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like tasks state seattle_weather extract 2015-12-07')
    .action(
      run((dagId: string, taskId: string, runIdOrDate: string, options: CommonOptions & { mapIndex: number }) =>
        withClient(cli, options, {}, async ({ client, config }) => {
          await findDag(client, dagId);
          const dagRun = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          const all = await client.store.runs.listTaskInstances([dagRun.id]);
          const { state } = findInstance(dagRun, all, taskId, options.mapIndex);
          cli.terminal.out(`${state === 'none' ? 'None' : state}\n`);
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

  addTaskExplain(tasks, tree);
  addTaskLogs(tasks, tree);
  addTaskRender(tasks, tree);
  addTaskClear(tasks, tree);
  addTaskMark(tasks, tree);
}
