import { Option, type Command } from 'commander';
import { join } from 'node:path';
import type { DagRun } from '../../model/dag-run.js';
import type { ImportProblem } from '../../model/dag.js';
import { AirflowLikeError } from '../../model/errors.js';
import { DAG_RUN_STATES, type DagRunState } from '../../model/states.js';
import { choiceOption, commaList, integerBetween, outputOption, positiveInteger } from '../arguments.js';
import { EXIT, withClient, type CommonOptions } from '../cli.js';
import { formatInstant, formatInZone, parseDateRange } from '../dates.js';
import { findDag, importErrorsHint } from '../lookup.js';
import { printProperties, printRecords, type OutputFormat } from '../output/records.js';
import type { Row } from '../output/table.js';
import type { Tree } from '../program.js';
import { checkColumns } from './check-columns.js';
import { dagRecord, scheduleText, waitsForText } from './dag-record.js';

type ListOptions = CommonOptions & { readonly output: OutputFormat };

const LIST_COLUMNS = ['dag_id', 'fileloc', 'owners', 'is_paused', 'bundle_name', 'bundle_version'];
const RUN_COLUMNS = ['dag_id', 'run_id', 'state', 'run_after', 'logical_date', 'start_date', 'end_date', 'run_type'];
const NEXT_FIELDS = ['logical_date', 'data_interval.start', 'data_interval.end', 'run_after'] as const;

/** `dags list|details|list-runs|list-import-errors|next-execution` */
export function addDagListings(dags: Command, { cli, run }: Tree): void {
  dags
    .command('list')
    .summary('all DAGs')
    .description(
      'Lists the DAGs. Columns: those of Airflow, and among others timetable_summary, next_dagrun_run_after, version_number.',
    )
    .addOption(
      new Option('--columns <names>', 'which columns, separated by commas')
        .argParser(commaList)
        .default(LIST_COLUMNS, LIST_COLUMNS.join(',')),
    )
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like dags list\n  airflow-like dags list --columns dag_id,timetable_summary,next_dagrun_run_after -o json',
    )
    .action(
      run((options: ListOptions & { columns: readonly string[] }) =>
        withClient(cli, options, {}, async ({ client, config }) => {
          const listings = [...(await client.store.catalog.listDags())].sort((a, b) => (a.dag.dagId < b.dag.dagId ? -1 : 1));
          const rows = listings.map((listing) => dagRecord(listing, config));
          const problems = await client.store.catalog.listImportProblems();
          if (rows[0]) checkColumns(options.columns, Object.keys(rows[0]));
          await printRecords(cli.terminal, options.output, options.columns, rows);
          if (problems.length > 0) cli.terminal.note(`There are mistakes in DAG files: ${importErrorsHint(problems.length)}.`);
        }),
      ),
    );

  dags
    .command('details')
    .summary('all about one DAG')
    .description('Prints everything that is known of one DAG.')
    .argument('<dag_id>', 'the DAG')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags details hello')
    .action(
      run((dagId: string, options: ListOptions) =>
        withClient(cli, options, {}, async ({ client, config }) => {
          await printProperties(cli.terminal, options.output, dagRecord(await findDag(client, dagId), config));
        }),
      ),
    );

  dags
    .command('list-runs')
    .summary('the runs of a DAG')
    .description('Lists the runs of a DAG, the newest first. Dates without an offset are read in core.defaultTimezone.')
    .argument('<dag_id>', 'the DAG')
    .addOption(choiceOption('--state <state>', 'only runs in this state', DAG_RUN_STATES))
    .option('--no-backfill', 'leave the runs of backfills out')
    .option('-s, --start-date <date>', 'only logical dates from this one on')
    .option('-e, --end-date <date>', 'only logical dates up to this one')
    .option('--limit <number>', 'at most so many runs', positiveInteger)
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like dags list-runs sales --state failed\n  airflow-like dags list-runs sales -s 2026-03-01 -e 2026-03-31 -o json',
    )
    .action(
      run(async (dagId: string, options: ListOptions & RunFilterOptions) => {
        const config = await cli.loadConfig();
        const zone = config.config.core.defaultTimezone;
        const { from, to } = parseDateRange(['--start-date', options.startDate], ['--end-date', options.endDate], zone);
        return withClient(cli, options, { config }, async ({ client }) => {
          await findDag(client, dagId);
          const runs = await client.store.runs.listRuns({
            dagId,
            ...(options.state === undefined ? {} : { states: [options.state] }),
            ...(options.backfill ? {} : { noBackfill: true }),
            ...(from === null ? {} : { from }),
            ...(to === null ? {} : { to }),
            ...(options.limit === undefined ? {} : { limit: options.limit }),
            order: '-logical_date',
          });
          await printRecords(cli.terminal, options.output, RUN_COLUMNS, runs.map(runRow));
        });
      }),
    );

  dags
    .command('list-import-errors')
    .summary('what is wrong with DAG files')
    .description(
      'Lists the mistakes in DAG files: where, what is allowed and the nearest right name. Exits with 1 when there are any. Tasks whose pool is ' +
        'unknown or too narrow are named as warnings, and so are DAGs that want more tasks at once than core.parallelism, and assets that share ' +
        'a name or a URI. Warnings of the files themselves are those of dags check.',
    )
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like dags list-import-errors -o json')
    .action(
      run((options: ListOptions) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          const problems = await client.store.catalog.listImportProblems();
          const { dagsFolder, parallelism } = config.config.core;
          await printProblems(cli.terminal, options.output, problems, dagsFolder);
          const ofPools = await system.findPoolProblems(client, parallelism);
          const ofTheWhole = [...ofPools, ...(await system.findAssetProblems(client))];
          for (const { file, line, code, message, suggestion } of ofTheWhole) {
            const place = line === null ? file : `${file}:${line}`;
            cli.terminal.note(
              `warning: ${place}: ${code}: ${message}${suggestion === null ? '' : `; did you mean "${suggestion}"?`}`,
            );
          }
          return problems.length > 0 ? EXIT.error : EXIT.done;
        }),
      ),
    );

  dags
    .command('next-execution')
    .summary('when it runs next')
    .description(
      'Prints when a DAG runs next. One execution is one line with its logical date; more than one, --table and -o give a table with ' +
        "the data interval, and the start in UTC and in the DAG's time zone.",
    )
    .argument('<dag_id>', 'the DAG')
    .addOption(new Option('-n, --num-executions <number>', 'how many, up to 10000').argParser(integerBetween(1, 10_000)).default(1))
    .addOption(choiceOption('--field <name>', 'only this field, one per line', NEXT_FIELDS))
    .option('--table', 'all fields, as a table')
    .addOption(outputOption().default(undefined, 'see above'))
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExamples:\n  airflow-like dags next-execution sales\n  airflow-like dags next-execution sales -n 10')
    .action(
      run(async (dagId: string, options: NextOptions) => {
        if (options.field !== undefined && (options.table || options.output)) {
          throw new AirflowLikeError('CLI_USAGE', { place: '--field', message: 'cannot be used together with --table or -o' });
        }
        return withClient(cli, options, {}, async ({ system, client }) => {
          const listing = await findDag(client, dagId);
          if (listing.dag.isPaused)
            cli.terminal.note(`${dagId} is paused: it runs again after airflow-like dags unpause ${dagId}.`);
          const next = await system.nextRuns(client, listing, options.numExecutions);
          const waits = waitsForText(listing.spec);
          if (waits !== null) cli.terminal.note(`${dagId} ${waits}.`);
          else if (next.length === 0)
            cli.terminal.note(`${dagId} has no following run (schedule: ${scheduleText(listing.spec) ?? 'none'}).`);
          const zone = listing.spec.timezone;
          const changes = options.field === undefined ? system.clockChanges(listing, next) : [];
          const rows = next.map(({ logicalDate, dataInterval, runAfter }) => ({
            logical_date: formatInstant(logicalDate),
            'data_interval.start': formatInstant(dataInterval.start),
            'data_interval.end': formatInstant(dataInterval.end),
            run_after: formatInstant(runAfter),
            run_after_local: formatInZone(runAfter, zone),
            dst: changes.find(({ runsAt }) => runsAt.includes(runAfter))?.kind ?? '',
          }));
          for (const { text } of changes) cli.terminal.note(`S001: the clocks change in ${zone}: ${text}.`);
          const asTable =
            options.table || options.output !== undefined || (options.numExecutions > 1 && options.field === undefined);
          if (asTable)
            return printRecords(cli.terminal, options.output ?? 'table', [...NEXT_FIELDS, 'run_after_local', 'dst'], rows);
          const field = options.field ?? 'logical_date';
          for (const row of rows) cli.terminal.out(`${row[field]}\n`);
          if (rows.length === 0) cli.terminal.out('None\n');
          else if (options.field === undefined) cli.terminal.note(nextNote(rows[0] as (typeof rows)[number], zone));
        });
      }),
    );
}

interface RunFilterOptions {
  readonly state?: DagRunState;
  readonly backfill: boolean;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly limit?: number;
}

interface NextOptions extends CommonOptions {
  readonly numExecutions: number;
  readonly field?: (typeof NEXT_FIELDS)[number];
  readonly table?: boolean;
  readonly output?: OutputFormat;
}

/** Prints mistakes in DAG files; the table joins file, line and column, so that an editor can jump there. */
export async function printProblems(
  terminal: Tree['cli']['terminal'],
  format: OutputFormat,
  problems: readonly ImportProblem[],
  dagsFolder: string,
): Promise<void> {
  if (format === 'table' || format === 'plain') {
    const rows = problems.map((problem) => ({ filepath: placeOf(problem), code: problem.code, error: explain(problem) }));
    return printRecords(terminal, format, ['filepath', 'code', 'error'], rows);
  }
  const rows = problems.map((problem) => ({
    filepath: join(dagsFolder, problem.file),
    error: explain(problem),
    code: problem.code,
    line: problem.line,
    column: problem.column,
    value: problem.value,
    allowed: problem.allowed,
    suggestion: problem.suggestion,
    stack: problem.stack,
  }));
  return printRecords(terminal, format, Object.keys(rows[0] ?? {}), rows);
}

function placeOf({ file, line, column }: ImportProblem): string {
  return [file, line, column].filter((part) => part !== null).join(':');
}

/** The message, with the parts that it does not already contain. */
function explain({ message, value, allowed, suggestion }: ImportProblem): string {
  let text = message;
  if (value !== null && !text.includes(', got ')) text += `, got ${value}`;
  if (allowed !== null && !text.includes('; allowed: ')) text += `; allowed: ${allowed}`;
  if (suggestion !== null && !text.includes('; did you mean ')) text += `; did you mean ${suggestion}?`;
  return text;
}

export function runRow(dagRun: DagRun): Row {
  const date = (instant: number | null): string | null => (instant === null ? null : formatInstant(instant));
  return {
    dag_id: dagRun.dagId,
    run_id: dagRun.runId,
    state: dagRun.state,
    run_after: formatInstant(dagRun.runAfter),
    logical_date: date(dagRun.logicalDate),
    start_date: date(dagRun.startedAt),
    end_date: date(dagRun.endedAt),
    run_type: dagRun.runType,
  };
}

function nextNote(row: Readonly<Record<string, string>>, zone: string): string {
  return `covers ${row['data_interval.start']} to ${row['data_interval.end']}, runs at ${row['run_after_local']} (${zone})`;
}
