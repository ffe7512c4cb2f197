/** `tasks mark` and `dags mark-run`: what a task instance or a run is, said by a person. */
import type { Command } from 'commander';
import { choiceOption, mapIndexes, outputOption } from '../arguments.js';
import { EXIT, withClient, type CommonOptions } from '../cli.js';
import { confirmed } from '../confirm.js';
import { findDag, findRun } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Row } from '../output/table.js';
import type { Tree } from '../program.js';
import type { ChangedTaskInstance, MarkRequest, MarkRunsRequest } from '../system.js';

interface MarkOptions extends CommonOptions {
  readonly state: MarkRequest['state'];
  readonly mapIndex?: readonly number[];
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly past?: boolean;
  readonly future?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output: OutputFormat;
}

interface MarkRunOptions extends CommonOptions {
  readonly state: MarkRunsRequest['state'];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output: OutputFormat;
}

const TASK_COLUMNS = ['dag_id', 'run_id', 'task_id', 'map_index', 'state', 'new_state'];

export function addTaskMark(tasks: Command, { cli, run }: Tree): void {
  tasks
    .command('mark')
    .summary('say how one ended')
    .description(
      'Marks the instances of a task in a run, whatever state they are in. Running ones are stopped. What failed below it is cleared and its run ' +
        'queued again, so that it goes on. Lists them and asks first.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument('<task_id>', 'the task')
    .argument('<logical_date_or_run_id>', 'the run: its run id, or its logical date')
    .addOption(choiceOption('--state <state>', 'what it is to be', ['success', 'failed', 'skipped']).makeOptionMandatory())
    .option('--map-index <number...>', 'only these copies of a mapped task', mapIndexes)
    .option('-u, --upstream', 'with all tasks before it')
    .option('-d, --downstream', 'with all tasks after it but teardowns')
    .option('--past', 'with the runs before it')
    .option('--future', 'with the runs after it')
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like tasks mark sales load 2026-03-01 --state success\n' +
        '  airflow-like tasks mark sales load 2026-03-01 --state skipped --downstream --future --dry-run',
    )
    .action(
      run((dagId: string, taskId: string, runIdOrDate: string, options: MarkOptions) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const dagRun = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          const request = {
            dagId,
            runId: dagRun.runId,
            taskId,
            mapIndexes: options.mapIndex ?? null,
            state: options.state,
            upstream: options.upstream === true,
            downstream: options.downstream === true,
            past: options.past === true,
            future: options.future === true,
          };
          const shown = await system.markTaskInstances(client, { ...request, dryRun: true });
          const print = (rows: readonly ChangedTaskInstance[]): Promise<void> =>
            printRecords(
              cli.terminal,
              options.output,
              TASK_COLUMNS,
              rows.map((row) => changeRow(dagId, row)),
            );
          if (!options.yes || options.dryRun) await print([...shown.marked, ...shown.cleared]);
          const what = `mark ${counted(shown.marked.length)} ${options.state}`;
          const also = shown.cleared.length > 0 ? `, and clear ${counted(shown.cleared.length)} below that failed` : '';
          if (options.dryRun) {
            cli.terminal.note(`Dry run, nothing was changed: this would ${what}${also}.`);
            return EXIT.done;
          }
          if (!(await confirmed(cli, options.yes, `This will ${what}${also}. Proceed?`))) return EXIT.error;
          const { marked, cleared } = await system.markTaskInstances(client, { ...request, dryRun: false });
          if (options.yes) await print([...marked, ...cleared]);
          const goesOn = cleared.length > 0 ? `; ${counted(cleared.length)} below run again` : '';
          cli.terminal.note(`Marked ${counted(marked.length)} of ${dagId} ${options.state}${goesOn}.`);
          return EXIT.done;
        }),
      ),
    );
}

export function addRunMark(dags: Command, { cli, run }: Tree): void {
  dags
    .command('mark-run')
    .summary('say how runs ended')
    .description(
      'Marks runs. With success or failed, tasks that have begun end so, too, other unfinished ones are skipped, and teardowns still run. With queued ' +
        'the run is only looked at again: nothing is cleared. Lists what changes and asks first.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument('<logical_date_or_run_id...>', 'the runs: run ids or logical dates')
    .addOption(choiceOption('--state <state>', 'what they are to be', ['success', 'failed', 'queued']).makeOptionMandatory())
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags mark-run sales 2026-03-01 2026-03-02 --state failed')
    .action(
      run((dagId: string, runIdsOrDates: readonly string[], options: MarkRunOptions) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const zone = config.config.core.defaultTimezone;
          const runs = await Promise.all(runIdsOrDates.map((text) => findRun(client, dagId, text, zone)));
          const request = { dagId, runIds: runs.map(({ runId }) => runId), state: options.state };
          const shown = await system.markDagRuns(client, { ...request, dryRun: true });
          const rows = shown.flatMap(({ runId, from, to, instances }): readonly Row[] => [
            { dag_id: dagId, run_id: runId, task_id: null, map_index: null, state: from, new_state: to },
            ...instances.map((instance) => changeRow(dagId, { runId, ...instance })),
          ]);
          await printRecords(cli.terminal, options.output, TASK_COLUMNS, rows);
          const what = `mark ${shown.length} ${shown.length === 1 ? 'run' : 'runs'} of ${dagId} ${options.state}`;
          if (options.dryRun) {
            cli.terminal.note(`Dry run, nothing was changed: this would ${what}.`);
            return EXIT.done;
          }
          if (!(await confirmed(cli, options.yes, `This will ${what}. Proceed?`))) return EXIT.error;
          for (const { runId, to } of await system.markDagRuns(client, { ...request, dryRun: false })) {
            const waits = to === options.state ? '' : ' (a teardown has to end first)';
            cli.terminal.note(`${runId} is ${to}${waits}.`);
          }
          return EXIT.done;
        }),
      ),
    );
}

function changeRow(dagId: string, { runId, taskId, mapIndex, from, to }: ChangedTaskInstance): Row {
  return { dag_id: dagId, run_id: runId, task_id: taskId, map_index: mapIndex, state: from, new_state: to };
}

function counted(count: number): string {
  return `${count} task ${count === 1 ? 'instance' : 'instances'}`;
}
