import { outputOption } from '../arguments.js';
import type { CommonOptions } from '../cli.js';
import { formatInstant } from '../dates.js';
import { describeError } from '../describe-error.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Tree } from '../program.js';

/** `version` and `info` */
export function addAboutCommands({ root, cli, run }: Tree): void {
  root
    .command('version')
    .description('Prints the version.')
    .action(run(async () => cli.terminal.out(`${cli.version}\n`)));
  root
    .command('info')
    .summary('versions, folders, database, components')
    .description('Prints versions, folders, the database and what runs right now: what a bug report needs. Contains no password.')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like info -o json')
    .action(
      run(async (options: CommonOptions & { output: OutputFormat }) => {
        const loaded = await cli.loadConfig();
        const { core } = loaded.config;
        const rows = [
          { section: 'versions', name: 'airflow-like', value: cli.version },
          { section: 'versions', name: 'node', value: process.version },
          { section: 'versions', name: 'platform', value: `${process.platform} ${process.arch}` },
          { section: 'folders', name: 'configuration', value: loaded.file ?? 'none (defaults and environment only)' },
          { section: 'folders', name: 'home', value: core.home },
          { section: 'folders', name: 'dags', value: core.dagsFolder },
          { section: 'folders', name: 'plugins', value: core.pluginsFolder },
        ];
        const system = await cli.importSystem();
        const processOptions = { config: loaded, verbose: options.verbose === true };
        try {
          const client = await system.openClient({ ...processOptions, needStore: true });
          try {
            const status = await system.checkDatabase(processOptions);
            rows.push(
              { section: 'database', name: 'server', value: `Postgres ${status.serverVersion}` },
              { section: 'database', name: 'location', value: status.location },
              { section: 'database', name: 'schema', value: String(status.schemaVersion) },
            );
            const now = await client.store.now();
            for (const component of await client.store.components.list()) {
              if (component.stoppedAt !== null) continue;
              const health = component.leaseUntil > now ? 'alive' : 'lost';
              const since = `since ${formatInstant(component.startedAt)}, heartbeat ${formatInstant(component.heartbeatAt)}`;
              rows.push({
                section: 'components',
                name: component.kind,
                value: `${health}, ${component.hostname}:${component.pid}, ${since}`,
              });
            }
          } finally {
            await client.close();
          }
        } catch (error) {
          rows.push({ section: 'database', name: 'error', value: describeError(error, false)[0] as string });
        }
        await printRecords(cli.terminal, options.output, ['section', 'name', 'value'], rows);
      }),
    );
}
