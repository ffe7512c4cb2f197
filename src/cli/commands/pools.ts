import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import { MOST_POOL_SLOTS, type Pool } from '../../model/pool.js';
import { integerBetween, outputOption } from '../arguments.js';
import { EXIT, withClient, type CommonOptions } from '../cli.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Row } from '../output/table.js';
import type { Tree } from '../program.js';

type OutputOptions = CommonOptions & { readonly output: OutputFormat };

const COLUMNS = ['pool', 'slots', 'description', 'include_deferred', 'team_name'];

/** `pools list|get|set|delete|import|export` */
export function addPoolCommands({ root, cli, run }: Tree): void {
  const pools = root.command('pools').description('Slots that tasks share.');

  pools
    .command('list')
    .summary('all pools')
    .description('Lists the pools. In JSON and YAML each also has the slots that are taken now.')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like pools list')
    .action(
      run((options: OutputOptions) =>
        withClient(cli, options, { catalog: false }, async ({ client }) => {
          const all = await client.store.pools.list();
          const isForPeople = options.output === 'table' || options.output === 'plain';
          const columns = isForPeople ? COLUMNS : [...COLUMNS, 'queued_slots', 'running_slots', 'deferred_slots', 'open_slots'];
          const rows = all.map((pool) => {
            const taken = pool.queued + pool.running + (pool.includeDeferred ? pool.deferred : 0);
            return {
              ...poolRow(pool),
              queued_slots: pool.queued,
              running_slots: pool.running,
              deferred_slots: pool.deferred,
              open_slots: pool.slots < 0 ? null : pool.slots - taken,
            };
          });
          await printRecords(cli.terminal, options.output, columns, rows);
        }),
      ),
    );

  pools
    .command('get')
    .summary('one pool')
    .description('Prints one pool.')
    .argument('<pool>', 'the pool')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like pools get default_pool')
    .action(
      run((name: string, options: OutputOptions) =>
        withClient(cli, options, { catalog: false }, async ({ client }) => {
          const all = await client.store.pools.list();
          const pool = all.find((candidate) => candidate.name === name);
          if (!pool) {
            const suggestion = nearestName(
              name,
              all.map((candidate) => candidate.name),
            );
            throw new AirflowLikeError('NOT_FOUND', { place: 'pool', message: 'there is no such pool', value: name, suggestion });
          }
          await printRecords(cli.terminal, options.output, COLUMNS, [poolRow(pool)]);
        }),
      ),
    );

  pools
    .command('set')
    .summary('create or change a pool')
    .description('Creates a pool or changes it. What runs in a pool that becomes narrower ends first; -1 slots are no limit.')
    .argument('<pool>', 'the pool')
    .argument('<slots>', 'most slots taken at once; -1: no limit, 0: nothing starts', integerBetween(-1, MOST_POOL_SLOTS))
    .argument('<description>', 'what it is for')
    .option('--include-deferred', 'tasks that are deferred keep their slots')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      "\nExamples:\n  airflow-like pools set warehouse 4 'at most four loads at once'\n  airflow-like pools set api -1 ''",
    )
    .action(
      run((name: string, slots: number, description: string, options: OutputOptions & { includeDeferred?: boolean }) =>
        withClient(cli, options, { catalog: false }, async ({ system, client }) => {
          const pool = { name, slots, description, includeDeferred: options.includeDeferred === true };
          const [change] = await system.savePools(client, [pool]);
          cli.terminal.note(`Pool ${name} ${change === 'unchanged' ? 'was like this already' : `is ${change}`}.`);
          await printRecords(cli.terminal, options.output, COLUMNS, [poolRow(pool)]);
        }),
      ),
    );

  pools
    .command('delete')
    .summary('delete a pool')
    .description('Deletes a pool that no task names and whose slots nobody holds. The default pool stays.')
    .argument('<pool>', 'the pool')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like pools delete warehouse')
    .action(
      run((name: string, options: OutputOptions) =>
        withClient(cli, options, {}, async ({ system, client }) => {
          const pool = await system.deletePool(client, name);
          cli.terminal.note(`Pool ${name} is deleted.`);
          await printRecords(cli.terminal, options.output, COLUMNS, [poolRow(pool)]);
        }),
      ),
    );

  pools
    .command('import')
    .summary('create or change pools from a file')
    .description(
      'Creates or changes the pools of a JSON file: an object of { slots, description, include_deferred } by name, as pools export writes ' +
        'it. All of them, or with a mistake in one of them none.',
    )
    .argument('<file>', 'the file')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like pools import pools.json')
    .action(
      run(async (file: string, options: CommonOptions) => {
        const text = await readText(file);
        return withClient(cli, options, { catalog: false }, async ({ system, client }) => {
          const given = system.parsePools(text, file);
          const changes = await system.savePools(client, given);
          const count = (which: string) => changes.filter((change) => change === which).length;
          cli.terminal.note(
            `${given.length} ${given.length === 1 ? 'pool' : 'pools'} imported: ${count('created')} created, ${count('changed')} changed, ` +
              `${count('unchanged')} as they were.`,
          );
          return EXIT.done;
        });
      }),
    );

  pools
    .command('export')
    .summary('write all pools to a file')
    .description('Writes all pools to a JSON file that pools import reads.')
    .argument('<file>', 'the file')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like pools export pools.json')
    .action(
      run((file: string, options: CommonOptions) =>
        withClient(cli, options, { catalog: false }, async ({ client }) => {
          const all = await client.store.pools.list();
          const entries = all.map(({ name, slots, description, includeDeferred }) => [
            name,
            { slots, description, include_deferred: includeDeferred },
          ]);
          const { writeFile } = await import('node:fs/promises');
          try {
            await writeFile(file, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
          } catch (error) {
            throw new AirflowLikeError('OUTPUT_FAILED', {
              place: file,
              message: `it cannot be written: ${(error as Error).message}`,
            });
          }
          cli.terminal.note(`${all.length} ${all.length === 1 ? 'pool' : 'pools'} written to ${file}.`);
        }),
      ),
    );
}

/** @throws AirflowLikeError NOT_FOUND when it cannot be read. */
async function readText(file: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new AirflowLikeError('NOT_FOUND', {
      place: 'file',
      message: code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${message}`,
      value: file,
    });
  }
}

function poolRow({ name, slots, description, includeDeferred }: Pool): Row {
  return { pool: name, slots, description, include_deferred: includeDeferred, team_name: null };
}
