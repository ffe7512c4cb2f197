import type { Command } from 'commander';
import { outputOption, regexArgument } from '../arguments.js';
import { EXIT, withClient, type CommonOptions } from '../cli.js';
import { confirmed } from '../confirm.js';
import { findDag } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Tree } from '../program.js';
import type { Client } from '../system.js';
import { printProblems } from './dags-list.js';

interface PauseOptions extends CommonOptions {
  readonly treatDagIdAsRegex?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly output: OutputFormat;
}

/** `dags pause|unpause|delete|reserialize|check` */
export function addDagUpkeep(dags: Command, tree: Tree): void {
  const { cli, run } = tree;
  addPauseCommand(dags, tree, true);
  addPauseCommand(dags, tree, false);

  dags
    .command('delete')
    .summary('delete a DAG with its history')
    .description(
      'Deletes a DAG with all its runs from the database. Refused while a file of the DAGs folder still holds the DAG: remove it from there ' +
        'first, or pause the DAG.',
    )
    .argument('<dag_id>', 'the DAG')
    .option('-y, --yes', 'do not ask')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags delete old_report -y')
    .action(
      run((dagId: string, options: CommonOptions & { yes?: boolean }) =>
        withClient(cli, options, {}, async ({ system, client }) => {
          await findDag(client, dagId);
          const question = `This deletes DAG ${dagId} with all its runs from the database. Proceed?`;
          if (!(await confirmed(cli, options.yes, question))) return EXIT.error;
          await system.deleteDag(client, dagId);
          cli.terminal.note(`Deleted ${dagId} with all its runs.`);
          return EXIT.done;
        }),
      ),
    );

  dags
    .command('reserialize')
    .summary('read all DAG files now')
    .description('Reads every file of the DAGs folder and saves what changed. A running DAG processor does this by itself.')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags reserialize')
    .action(
      run((options: CommonOptions) =>
        withClient(cli, options, { catalog: false }, async ({ system, client, config }) => {
          const { files, changed, retired, problems } = await system.parseDagsOnce(client);
          const list = (dagIds: readonly string[]): string => (dagIds.length === 0 ? 'none' : dagIds.join(', '));
          cli.terminal.note(`Read ${files} ${files === 1 ? 'file' : 'files'}: changed ${list(changed)}; retired ${list(retired)}.`);
          if (problems.length === 0) return EXIT.done;
          await printProblems(cli.terminal, 'table', problems, config.config.core.dagsFolder);
          return EXIT.error;
        }),
      ),
    );

  dags
    .command('check')
    .summary('check the DAGs folder, for your CI')
    .description('Type-checks, imports and lints the DAGs folder, without a database. Exits with 1 when there are errors.')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags check')
    .action(
      run(async (options: CommonOptions & { output: OutputFormat }) => {
        const config = await cli.loadConfig();
        const system = await cli.importSystem();
        const checked = await system.checkDags({ config, verbose: options.verbose === true });
        const { errors, warnings, typeCheckSkipped } = checked;
        const folder = config.config.core.dagsFolder;
        const isForPeople = options.output === 'table' || options.output === 'plain';
        if (!isForPeople || errors.length > 0) await printProblems(cli.terminal, options.output, errors, folder);
        for (const { file, line, code, message } of warnings) {
          cli.terminal.note(`warning: ${line === null ? file : `${file}:${line}`}: ${code}: ${message}`);
        }
        if (typeCheckSkipped !== null) cli.terminal.note(`warning: types were not checked: ${typeCheckSkipped}`);
        const size = `${checked.files} ${checked.files === 1 ? 'file' : 'files'} with ${checked.dags} ${checked.dags === 1 ? 'DAG' : 'DAGs'}`;
        cli.terminal.note(`Checked ${size}: ${errors.length} errors, ${warnings.length} warnings.`);
        return errors.length > 0 ? EXIT.error : EXIT.done;
      }),
    );
}

function addPauseCommand(dags: Command, { cli, run }: Tree, isPaused: boolean): void {
  const verb = isPaused ? 'pause' : 'unpause';
  const command = dags
    .command(verb)
    .summary(isPaused ? 'create no more runs' : 'create runs again')
    .description(
      isPaused
        ? 'Pauses a DAG: no run of it is created or started, and no task of its runs, until it is unpaused. Tasks that run go on.'
        : 'Unpauses a DAG: runs and their tasks start again.',
    )
    .argument('<dag_id>', 'the DAG')
    .option('--treat-dag-id-as-regex', 'dag_id is a regular expression; all DAGs that match are meant');
  if (isPaused) command.option('--reason <text>', 'why, shown where the DAG is');
  command
    .option('-y, --yes', 'do not ask when dag_id is a regular expression')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      `\nExamples:\n  airflow-like dags ${verb} sales${isPaused ? " --reason 'warehouse is moving'" : ''}\n  airflow-like dags ${verb} --treat-dag-id-as-regex '^tmp_' -y`,
    )
    .action(
      run(async (dagId: string, options: PauseOptions) => {
        const pattern = options.treatDagIdAsRegex ? regexArgument(dagId) : null;
        return withClient(cli, options, {}, async ({ system, client }) => {
          const dagIds = pattern ? await matching(client, pattern) : [(await findDag(client, dagId)).dag.dagId];
          const changing = pattern ? await withOtherFlag(client, dagIds, isPaused) : dagIds;
          if (changing.length === 0) cli.terminal.note(`No ${isPaused ? 'un' : ''}paused DAG matches ${dagId}.`);
          else {
            const question = `This will ${verb} ${changing.length} ${changing.length === 1 ? 'DAG' : 'DAGs'}: ${changing.join(', ')}. Proceed?`;
            if (pattern && !(await confirmed(cli, options.yes, question))) return EXIT.error;
            const changed = await system.pauseDags(client, { dagIds: changing, isPaused, reason: options.reason ?? null });
            const noted = options.reason ? '; its reason is now this one' : '';
            for (const id of changing)
              cli.terminal.note(`${id} ${changed.includes(id) ? `is now ${verb}d` : `was already ${verb}d${noted}`}.`);
          }
          const rows = changing.map((id) => ({ dag_id: id, is_paused: isPaused }));
          await printRecords(cli.terminal, options.output, ['dag_id', 'is_paused'], rows);
          return EXIT.done;
        });
      }),
    );
}

async function matching(client: Client, pattern: RegExp): Promise<string[]> {
  return (await client.store.catalog.listDags()).map(({ dag }) => dag.dagId).filter((dagId) => pattern.test(dagId));
}

async function withOtherFlag(client: Client, dagIds: readonly string[], isPaused: boolean): Promise<string[]> {
  const listings = await client.store.catalog.listDags();
  return listings.filter(({ dag }) => dagIds.includes(dag.dagId) && dag.isPaused !== isPaused).map(({ dag }) => dag.dagId);
}
