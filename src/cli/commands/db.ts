import { integerBetween, positiveInteger } from '../arguments.js';
import { EXIT, type CommonOptions } from '../cli.js';
import { confirmed } from '../confirm.js';
import type { Tree } from '../program.js';
import type { DatabaseStatus, MigrationResult } from '../system.js';

interface CheckOptions extends CommonOptions {
  readonly retry: number;
  readonly retryDelay: number;
}

/** `db migrate|check|reset` */
export function addDatabaseCommands({ root, cli, run }: Tree): void {
  const open = async (options: CommonOptions) => {
    const config = await cli.loadConfig();
    return { system: await cli.importSystem(), options: { config, verbose: options.verbose === true } };
  };
  const report = (result: MigrationResult): void =>
    cli.terminal.note(
      result.applied.length === 0
        ? `Nothing to do: the schema is at version ${result.schemaVersion} (${where(result)}).`
        : `Migrated to version ${result.schemaVersion}: ${result.applied.join(', ')} (${where(result)}).`,
    );

  root.commandsGroup('Look after it:');
  const db = root.command('db').description('The database.');
  db.command('migrate')
    .summary('bring the schema up to date')
    .description('Brings the schema up to date. Safe to run at any time and by several at once; every start does it, too.')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like db migrate')
    .action(
      run(async (flags: CommonOptions) => {
        const { system, options } = await open(flags);
        report(await system.migrateDatabase(options));
      }),
    );
  db.command('check')
    .summary('can it be reached')
    .description('Checks that the database can be reached and that its schema fits this version. Exits with 1 otherwise.')
    .option('--retry <times>', 'how often to try again', integerBetween(0, 10_000), 0)
    .option('--retry-delay <seconds>', 'seconds between two tries', positiveInteger, 1)
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like db check --retry 30 --retry-delay 2')
    .action(
      run(async (flags: CheckOptions) => {
        const { system, options } = await open(flags);
        for (let left = flags.retry; ; left--) {
          try {
            const status = await system.checkDatabase(options);
            cli.terminal.note(`The database answers: ${where(status)}, schema version ${status.schemaVersion}.`);
            return;
          } catch (error) {
            if (left <= 0) throw error;
            cli.terminal.note(
              `Not yet (${left} ${left === 1 ? 'try' : 'tries'} left): ${error instanceof Error ? error.message : String(error)}`,
            );
            await new Promise((resolve) => setTimeout(resolve, flags.retryDelay * 1_000));
          }
        }
      }),
    );
  db.command('reset')
    .summary('delete everything and start over')
    .description('Deletes all DAGs, runs and history from the database and creates an empty schema. DAG files and logs stay.')
    .option('-y, --yes', 'do not ask')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like db reset -y')
    .action(
      run(async (flags: CommonOptions & { yes?: boolean }) => {
        const { system, options } = await open(flags);
        if (!(await confirmed(cli, flags.yes, 'This deletes all runs and their history from the database. Proceed?')))
          return EXIT.error;
        const result = await system.resetDatabase(options);
        cli.terminal.note(`Reset: an empty schema of version ${result.schemaVersion} (${where(result)}).`);
        return EXIT.done;
      }),
    );
}

function where({ serverVersion, location }: DatabaseStatus): string {
  return `Postgres ${serverVersion} at ${location}`;
}
