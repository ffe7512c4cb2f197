/** The commands that stay: the whole system in one process tree, or one of its parts. Their terminal output belongs to `app/`. */
import { commaList, port, positiveInteger } from '../arguments.js';
import type { CommonOptions, ConfigOverrides } from '../cli.js';
import type { Tree } from '../program.js';
import type { ProcessOptions, System } from '../system.js';

interface AddressOptions extends CommonOptions {
  readonly port?: number;
  readonly host?: string;
}

interface WorkerOptions extends CommonOptions {
  readonly slots?: number;
  readonly queues?: readonly string[];
}

export function addProcessCommands({ root, cli, run }: Tree): void {
  const start = async (
    options: CommonOptions,
    overrides: ConfigOverrides,
    main: (system: System, process: ProcessOptions) => Promise<number>,
  ): Promise<number> => {
    const config = await cli.loadConfig(overrides);
    return main(await cli.importSystem(), { config, verbose: options.verbose === true });
  };
  const address = ({ port: portNumber, host }: AddressOptions): ConfigOverrides => ({ api: { port: portNumber, host } });

  root.commandsGroup('Run the system:');
  root
    .command('standalone')
    .summary('everything in one process tree')
    .description('Runs database, scheduler, DAG processor, worker and API in one process tree, until Ctrl-C.')
    .option('-p, --port <port>', 'port of the API; 0 takes a free one (default: api.port)', port)
    .option('-H, --host <address>', 'address the API listens on (default: api.host)')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExamples:\n  airflow-like standalone\n  airflow-like standalone --port 9090 -v')
    .action(run((options: AddressOptions) => start(options, address(options), (system, process) => system.runStandalone(process))));
  root
    .command('scheduler')
    .summary('create, plan and queue runs')
    .description('Runs a scheduler. Any number of them share the work through the database (database.url must be set).')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  AIRFLOW_LIKE__DATABASE__URL=postgres://user:password@db/airflow airflow-like scheduler')
    .action(run((options: CommonOptions) => start(options, {}, (system, process) => system.runScheduler(process))));
  root
    .command('worker')
    .summary('run tasks')
    .description(
      'Runs a worker: takes queued tasks from the database and runs them in processes of its own. It needs no DAGs folder.',
    )
    .option('-c, --slots <number>', 'most tasks at once (default: worker.slots)', positiveInteger)
    .option('-q, --queues <names>', 'queues whose tasks it takes, separated by commas (default: worker.queues)', commaList)
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExamples:\n  airflow-like worker --slots 8\n  airflow-like worker --queues default,gpu')
    .action(
      run(({ slots, queues, ...options }: WorkerOptions) =>
        start(options, { worker: { slots, queues } }, (system, process) => system.runWorker(process)),
      ),
    );
  root
    .command('dag-processor')
    .summary('watch and read the DAGs folder')
    .description('Runs a DAG processor: watches the DAGs folder and keeps the DAGs of the database up to date.')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dag-processor')
    .action(run((options: CommonOptions) => start(options, {}, (system, process) => system.runDagProcessor(process))));
  root
    .command('api-server')
    .summary('serve the REST API')
    .description('Runs an API server.')
    .option('-p, --port <port>', 'port; 0 takes a free one (default: api.port)', port)
    .option('-H, --host <address>', 'address to listen on (default: api.host)')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like api-server --host 0.0.0.0 --port 8080')
    .action(run((options: AddressOptions) => start(options, address(options), (system, process) => system.runApiServer(process))));
}
