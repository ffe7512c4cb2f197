import { Option } from 'commander';
import { decodeTagged } from '../../model/codec.js';
import { assetKeyText, type Asset, type AssetAlias, type AssetEvent } from '../../model/asset.js';
import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import { commaList, outputOption, positiveInteger } from '../arguments.js';
import { isAlive, readConf, withClient, type CommonOptions } from '../cli.js';
import { formatInstant, parseInstant } from '../dates.js';
import { printProperties, printRecords, type OutputFormat } from '../output/records.js';
import type { Row } from '../output/table.js';
import type { Tree } from '../program.js';
import type { Client } from '../system.js';
import { checkColumns } from './check-columns.js';
import { triggeredRow } from './triggered-row.js';

interface NamedOptions extends CommonOptions {
  readonly name?: string;
  readonly uri?: string;
  readonly output: OutputFormat;
}

const LIST_COLUMNS = ['name', 'uri', 'group', 'extra'];
const EVENT_COLUMNS = [
  'id',
  'name',
  'uri',
  'timestamp',
  'extra',
  'source_dag_id',
  'source_run_id',
  'source_task_id',
  'source_map_index',
  'created_dagruns',
];
const DEFAULT_EVENTS = 100;

/** `assets list|details|events|create-event|materialize` */
export function addAssetCommands({ root, cli, run }: Tree): void {
  const assets = root.command('assets').description('Data that tasks write and that DAGs wait for.');
  const nameOption = () => new Option('--name <name>', 'the name of the asset');
  const uriOption = () => new Option('--uri <uri>', 'the URI of the asset');

  assets
    .command('list')
    .summary('all assets')
    .description(
      'Lists the assets that DAGs use. Further columns: id, scheduled_dags, producing_tasks, consuming_tasks, aliases, last_asset_event.',
    )
    .option('--alias', 'list the aliases instead')
    .addOption(
      new Option('--columns <names>', 'which columns, separated by commas')
        .argParser(commaList)
        .default(LIST_COLUMNS, LIST_COLUMNS.join(',')),
    )
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like assets list\n  airflow-like assets list --columns name,scheduled_dags -o json',
    )
    .action(
      run((options: NamedOptions & { alias?: boolean; columns: readonly string[] }) =>
        withClient(cli, options, {}, async ({ client }) => {
          if (options.alias) {
            const rows = (await client.store.assets.listAliases()).map(aliasRow);
            const known = Object.keys(aliasRow(NO_ALIAS));
            const columns = options.columns === LIST_COLUMNS ? ['name', 'group'] : options.columns;
            checkColumns(columns, known);
            return printRecords(cli.terminal, options.output, columns, rows);
          }
          const rows = await assetRows(client, await client.store.assets.list(), options.columns);
          if (rows[0]) checkColumns(options.columns, Object.keys(rows[0]));
          return printRecords(cli.terminal, options.output, options.columns, rows);
        }),
      ),
    );

  assets
    .command('details')
    .summary('all about one asset')
    .description('Prints everything that is known of one asset, or with --alias of one alias.')
    .option('--alias', 'the name is that of an alias')
    .addOption(nameOption())
    .addOption(uriOption())
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like assets details --name orders')
    .action(
      run((options: NamedOptions & { alias?: boolean }) =>
        withClient(cli, options, {}, async ({ system, client }) => {
          if (options.alias) return printProperties(cli.terminal, options.output, aliasRow(await findAlias(client, options)));
          const asset = await system.findAsset(client.store, queryOf(options));
          const [row] = await assetRows(client, [asset]);
          return printProperties(cli.terminal, options.output, row as Row);
        }),
      ),
    );

  assets
    .command('events')
    .summary('what happened to an asset')
    .description('Lists the events of an asset, the newest first, with the runs that they made.')
    .addOption(nameOption())
    .addOption(uriOption())
    .addOption(new Option('--limit <number>', 'at most so many').argParser(positiveInteger).default(DEFAULT_EVENTS))
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like assets events --name orders --limit 10')
    .action(
      run((options: NamedOptions & { limit: number }) =>
        withClient(cli, options, {}, async ({ system, client }) => {
          const { name, uri } = await system.findAsset(client.store, queryOf(options));
          const events = await client.store.assets.listEvents({ asset: { name, uri }, newestFirst: true, limit: options.limit });
          return printRecords(cli.terminal, options.output, EVENT_COLUMNS, await eventRows(client, events));
        }),
      ),
    );

  assets
    .command('create-event')
    .summary('say that an asset was written')
    .description(
      'Says that something outside wrote an asset: the DAGs that wait for it run, as if a task had. Paused DAGs never learn of it.',
    )
    .addOption(nameOption())
    .addOption(uriOption())
    .option('--extra <json>', 'a JSON object for those who read the event')
    .option('--timestamp <date>', 'when it happened (default: now)')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', `\nExample:\n  airflow-like assets create-event --name orders --extra '{"rows": 10}'`)
    .action(
      run(async (options: NamedOptions & { extra?: string; timestamp?: string }) => {
        const asset = queryOf(options);
        const extra = await readConf(cli, options.extra, '--extra');
        const config = await cli.loadConfig();
        const at =
          options.timestamp === undefined
            ? undefined
            : parseInstant(options.timestamp, '--timestamp', config.config.core.defaultTimezone);
        return withClient(cli, options, { config }, async ({ system, client }) => {
          const event = await system.createAssetEvent(client, { asset, extra, ...(at !== undefined && { at }) });
          const waiting = (await client.store.assets.listQueued({ asset: event.asset })).filter(
            ({ eventId }) => eventId === event.id,
          );
          const dagIds = [...new Set(waiting.map(({ dagId }) => dagId))];
          cli.terminal.note(
            dagIds.length === 0 ? 'No DAG that is not paused waits for it.' : `It is handed to ${dagIds.join(', ')}.`,
          );
          if (dagIds.length > 0 && !(await isAlive(client, 'scheduler')))
            cli.terminal.note('No scheduler is running: runs are made when one does (airflow-like standalone).');
          return printRecords(cli.terminal, options.output, EVENT_COLUMNS, await eventRows(client, [event]));
        });
      }),
    );

  assets
    .command('materialize')
    .summary('run the DAG that writes an asset')
    .description('Creates a run of the one DAG that has the asset among the outlets of its tasks.')
    .addOption(nameOption())
    .addOption(uriOption())
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like assets materialize --name orders')
    .action(
      run((options: NamedOptions) =>
        withClient(cli, options, {}, async ({ system, client }) => {
          const dagRun = await system.materializeAsset(client, { asset: queryOf(options) });
          cli.terminal.note(`Triggered ${dagRun.dagId}: run ${dagRun.runId} is ${dagRun.state}.`);
          return printRecords(cli.terminal, options.output, Object.keys(triggeredRow(dagRun)), [triggeredRow(dagRun)]);
        }),
      ),
    );
}

function queryOf({ name, uri }: NamedOptions): { readonly name?: string; readonly uri?: string } {
  if (name === undefined && uri === undefined)
    throw new AirflowLikeError('CLI_USAGE', { place: '--name', message: 'give --name or --uri to say which asset is meant' });
  return { ...(name !== undefined && { name }), ...(uri !== undefined && { uri }) };
}

async function findAlias(client: Client, { name, uri }: NamedOptions): Promise<AssetAlias> {
  if (name === undefined || uri !== undefined)
    throw new AirflowLikeError('CLI_USAGE', { place: '--alias', message: 'an alias has a name and no URI: give --name' });
  const all = await client.store.assets.listAliases();
  const alias = all.find((candidate) => candidate.name === name);
  if (alias) return alias;
  const suggestion = nearestName(
    name,
    all.map((candidate) => candidate.name),
  );
  throw new AirflowLikeError('NOT_FOUND', { place: '--name', message: 'there is no such alias', value: name, suggestion });
}

const NO_ALIAS: AssetAlias = { id: 0, name: '', group: '', assets: [] };

function aliasRow({ id, name, group, assets }: AssetAlias): Row {
  return { id, name, group, assets };
}

/** Assets under Airflow's field names; the last event only where it is among the columns. */
async function assetRows({ store }: Client, assets: readonly Asset[], columns?: readonly string[]): Promise<readonly Row[]> {
  const wantsLast = columns?.includes('last_asset_event') ?? true;
  const references = await store.assets.listReferences();
  const aliases = await store.assets.listAliases();
  return Promise.all(
    assets.map(async (asset): Promise<Row> => {
      const key = assetKeyText(asset);
      const ofRole = (wanted: string) =>
        references.filter(({ role, ref }) => role === wanted && ref.kind === 'asset' && assetKeyText(ref.asset) === key);
      const places = (wanted: string) => ofRole(wanted).map(({ dagId, taskId }) => ({ dag_id: dagId, task_id: taskId }));
      const newest = { asset: { name: asset.name, uri: asset.uri }, newestFirst: true, limit: 1 };
      const [last] = wantsLast ? await store.assets.listEvents(newest) : [];
      return {
        id: asset.id,
        name: asset.name,
        uri: asset.uri,
        group: asset.group,
        extra: shownExtra(asset.extra),
        created_at: formatInstant(asset.createdAt),
        updated_at: formatInstant(asset.updatedAt),
        scheduled_dags: ofRole('schedule').map(({ dagId }) => ({ dag_id: dagId })),
        producing_tasks: places('outlet'),
        consuming_tasks: places('inlet'),
        aliases: aliases
          .filter((alias) => alias.assets.some((one) => assetKeyText(one) === key))
          .map(({ name, group }) => ({ name, group })),
        watchers: [],
        last_asset_event: last ? { id: last.id, timestamp: formatInstant(last.at) } : null,
      };
    }),
  );
}

async function eventRows({ store }: Client, events: readonly AssetEvent[]): Promise<readonly Row[]> {
  const triggered = await store.assets.findTriggeredRuns(events.map(({ id }) => id));
  const ids = [...new Set([...triggered.values()].flat())];
  const runs = new Map((await Promise.all(ids.map((id) => store.runs.getRun(id)))).map((dagRun) => [dagRun?.id, dagRun]));
  return events.map(({ id, asset, at, extra, source }) => ({
    id,
    name: asset.name,
    uri: asset.uri,
    timestamp: formatInstant(at),
    extra: shownExtra(extra),
    source_dag_id: source?.dagId ?? null,
    source_run_id: source?.runId ?? null,
    source_task_id: source?.taskId ?? null,
    source_map_index: source?.mapIndex ?? -1,
    created_dagruns: (triggered.get(id) ?? []).flatMap((runId) => {
      const dagRun = runs.get(runId);
      return dagRun ? [{ dag_id: dagRun.dagId, run_id: dagRun.runId, state: dagRun.state }] : [];
    }),
  }));
}

function shownExtra(extra: Asset['extra']): { readonly [key: string]: unknown } {
  return decodeTagged(extra) as { readonly [key: string]: unknown };
}
