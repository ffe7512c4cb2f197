/** `dags state|clear|mark-run|note|delete-run`: what people do with runs that exist. */
import type { Command } from 'commander';
import { EXIT, withClient, type CommonOptions } from '../cli.js';
import { confirmed } from '../confirm.js';
import { findDag, findRun } from '../lookup.js';
import { printable } from '../output/table.js';
import type { Tree } from '../program.js';
import { addDagClear } from './clear.js';
import { addRunMark } from './mark.js';

const RUN_ARGUMENT = ['<logical_date_or_run_id>', 'the run: its run id, or its logical date'] as const;

export function addRunCommands(dags: Command, tree: Tree): void {
  const { cli, run } = tree;
  addDagClear(dags, tree);
  addRunMark(dags, tree);

  dags
    .command('note')
    .summary('write a note to a run')
    .description('Writes a note to a run, in place of the one it has; without a text prints it.')
    .argument('<dag_id>', 'the DAG')
    .argument(...RUN_ARGUMENT)
    .argument('[text]', 'the note, up to 1000 characters; an empty one removes it')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', "\nExample:\n  airflow-like dags note sales 2026-03-01 'rerun after the warehouse moved'")
    .action(
      run((dagId: string, runIdOrDate: string, text: string | undefined, options: CommonOptions) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const dagRun = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          if (text === undefined) {
            if (dagRun.note === null) cli.terminal.note(`Run ${dagRun.runId} has no note.`);
            else cli.terminal.out(`${printable(dagRun.note)}\n`);
            return;
          }
          await system.setRunNote(client, dagId, dagRun.runId, text === '' ? null : text);
          cli.terminal.note(text === '' ? `Removed the note of ${dagRun.runId}.` : `Noted at ${dagRun.runId}.`);
        }),
      ),
    );

  dags
    .command('delete-run')
    .summary('delete a run with its history')
    .description(
      'Deletes a run with its task instances and their history. Refused while it is running. The schedule makes its newest run again.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument(...RUN_ARGUMENT)
    .option('-y, --yes', 'do not ask')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags delete-run sales manual__2026-03-01T00:00:00+00:00 -y')
    .action(
      run((dagId: string, runIdOrDate: string, options: CommonOptions & { yes?: boolean }) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const { runId, state } = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          const question = `This deletes run ${runId} (${state}) of ${dagId} with its history. Proceed?`;
          if (!(await confirmed(cli, options.yes, question))) return EXIT.error;
          await system.deleteDagRun(client, dagId, runId);
          cli.terminal.note(`Deleted run ${runId} of ${dagId}.`);
          return EXIT.done;
        }),
      ),
    );
}

/** `dags state`, among what one looks at. */
export function addRunState(dags: Command, { cli, run }: Tree): void {
  dags
    .command('state')
    .summary('the state of a run')
    .description('Prints the state of a run in one word, and after a comma its conf if it has one.')
    .argument('<dag_id>', 'the DAG')
    .argument(...RUN_ARGUMENT)
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags state seattle_weather 2015-12-07')
    .action(
      run((dagId: string, runIdOrDate: string, options: CommonOptions) =>
        withClient(cli, options, {}, async ({ client, config }) => {
          await findDag(client, dagId);
          const { state, conf } = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          cli.terminal.out(`${state}${Object.keys(conf).length === 0 ? '' : `, ${JSON.stringify(conf)}`}\n`);
        }),
      ),
    );
}
