/** `tasks clear` and `dags clear`: what would be done is listed, asked for, and done just so. */
import type { Command } from 'commander';
import { AirflowLikeError } from '../../model/errors.js';
import { mapIndexes, outputOption, regexArgument, regularExpression } from '../arguments.js';
import type { DagListing } from '../../ports/store.js';
import { EXIT, withClient, type CommonOptions, type OpenSystem } from '../cli.js';
import { confirmed } from '../confirm.js';
import { parseDateRange } from '../dates.js';
import { findDag } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Tree } from '../program.js';
import type { ClearRequest, ClearResult } from '../system.js';

interface SharedOptions extends CommonOptions {
  readonly onlyFailed?: boolean;
  readonly onlyRunning?: boolean;
  readonly latestVersion?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly output: OutputFormat;
}

interface TaskClearOptions extends SharedOptions {
  readonly dagRegex?: boolean;
  readonly taskRegex?: RegExp;
  readonly taskId?: readonly string[];
  readonly mapIndex?: readonly number[];
  readonly startDate?: string;
  readonly endDate?: string;
  readonly runId?: readonly string[];
  readonly past?: boolean;
  readonly future?: boolean;
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly resetDagRuns: boolean;
  readonly preventRunning?: boolean;
}

interface DagClearOptions extends SharedOptions {
  readonly runId: readonly string[];
  readonly onlyNew?: boolean;
}

/** Rows of a table that a person can still read; the rest is counted. JSON and YAML have them all. */
const SHOWN_ROWS = 200;
const COLUMNS = ['dag_id', 'run_id', 'task_id', 'map_index', 'state', 'effect'];

const NOTHING_MORE: Omit<ClearRequest, 'dagId'> = {
  tasks: null,
  taskRegex: null,
  runIds: null,
  past: false,
  future: false,
  from: null,
  to: null,
  upstream: false,
  downstream: false,
  onlyFailed: false,
  onlyRunning: false,
  onlyNew: false,
  preventRunning: false,
  resetRuns: true,
  version: 'own',
  dryRun: true,
  token: null,
};

export function addTaskClear(tasks: Command, tree: Tree): void {
  const { cli, run } = tree;
  const command = tasks
    .command('clear')
    .summary('run them again')
    .description(
      'Clears task instances, so that they run again: all of a DAG, or those of some tasks, dates, runs or states. Lists them and asks first. ' +
        'Running ones are stopped. Setups and teardowns come along with the work between them. Dates without an offset are read in ' +
        'core.defaultTimezone.',
    )
    .argument('<dag_id>', 'the DAG')
    .option('-R, --dag-regex', 'dag_id is a regular expression; all DAGs that match are meant')
    .option('-t, --task-regex <regex>', 'only tasks whose id matches', regularExpression)
    .option('--task-id <id...>', 'only these tasks')
    .option('--map-index <number...>', 'only these copies of the task that --task-id names', mapIndexes)
    .option('-s, --start-date <date>', 'only logical dates from this one on')
    .option('-e, --end-date <date>', 'only logical dates up to this one')
    .option('--run-id <id...>', 'only these runs')
    .option('--past', 'with the runs before the one that --run-id names')
    .option('--future', 'with the runs after the one that --run-id names')
    .option('-u, --upstream', 'with all tasks before them')
    .option('-d, --downstream', 'with all tasks after them')
    .option('--no-reset-dag-runs', 'leave runs that have finished finished')
    .option('--prevent-running', 'refuse when a running one would be stopped');
  shared(command)
    .addHelpText(
      'after',
      "\nExamples:\n  airflow-like tasks clear sales --only-failed -s 2026-03-01\n  airflow-like tasks clear sales -t '^load' --downstream -y\n" +
        '  airflow-like tasks clear sales --task-id load --run-id scheduled__2026-03-01T00:00:00+00:00 --future --dry-run',
    )
    .action(
      run(async (dagId: string, options: TaskClearOptions) => {
        const config = await cli.loadConfig();
        const zone = config.config.core.defaultTimezone;
        const { from, to } = parseDateRange(['--start-date', options.startDate], ['--end-date', options.endDate], zone);
        checkTaskOptions(options);
        return withClient(cli, options, { config }, async (open) => {
          const chosen = options.dagRegex ? await matchingDags(open, dagId) : [await findDag(open.client, dagId)];
          const { taskRegex } = options;
          const isUnknown = taskRegex && !chosen.some(({ spec }) => spec.tasks.some(({ taskId }) => taskRegex.test(taskId)));
          const filter = {
            ...NOTHING_MORE,
            tasks: options.taskId?.map((taskId) => ({ taskId, mapIndexes: options.mapIndex ?? null })) ?? null,
            taskRegex: taskRegex?.source ?? null,
            runIds: options.runId ?? null,
            past: options.past === true,
            future: options.future === true,
            from,
            to,
            upstream: options.upstream === true,
            downstream: options.downstream === true,
            preventRunning: options.preventRunning === true,
            resetRuns: options.resetDagRuns,
          };
          return clear(
            tree,
            open,
            options,
            chosen.map(({ dag }) => ({ ...filter, dagId: dag.dagId })),
            // Runs of older versions may have had tasks that match.
            isUnknown
              ? new AirflowLikeError('NOT_FOUND', { place: '--task-regex', message: 'no task matches', value: taskRegex.source })
              : null,
          );
        });
      }),
    );
}

export function addDagClear(dags: Command, tree: Tree): void {
  const { cli, run } = tree;
  const command = dags
    .command('clear')
    .summary('run whole runs again')
    .description(
      'Clears all task instances of runs, so that they run again; with --only-new clears none, and has finished runs take up the tasks that are ' +
        'new in the newest version of the DAG. Lists them and asks first.',
    )
    .argument('<dag_id>', 'the DAG')
    .requiredOption('--run-id <id...>', 'the runs')
    .option('--only-new', 'only run tasks that the runs do not have');
  shared(command)
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like dags clear sales --run-id scheduled__2026-03-01T00:00:00+00:00 --latest-version\n' +
        '  airflow-like dags clear sales --run-id manual_1 manual_2 --only-new -y',
    )
    .action(
      run((dagId: string, options: DagClearOptions) =>
        withClient(cli, options, {}, async (open) => {
          await findDag(open.client, dagId);
          const onlyNew = options.onlyNew === true;
          const latestVersion = onlyNew || options.latestVersion === true;
          const filter = { ...NOTHING_MORE, dagId, runIds: options.runId, onlyNew };
          return clear(tree, open, { ...options, latestVersion }, [filter]);
        }),
      ),
    );
}

function shared(command: Command): Command {
  return command
    .option('-f, --only-failed', 'only failed ones')
    .option('-r, --only-running', 'only running ones')
    .option('--latest-version', 'run the newest version of the DAG (default: that of the run)')
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more');
}

/** @throws AirflowLikeError CLI_USAGE, NOT_FOUND */
async function matchingDags({ client }: OpenSystem, text: string): Promise<readonly DagListing[]> {
  const pattern = regexArgument(text);
  const matching = (await client.store.catalog.listDags()).filter(({ dag }) => pattern.test(dag.dagId));
  if (matching.length > 0) return matching;
  throw new AirflowLikeError('NOT_FOUND', { place: 'dag_id', message: 'no DAG id matches this expression', value: text });
}

function checkTaskOptions({ taskId, mapIndex, taskRegex, past, future, runId }: TaskClearOptions): void {
  const usage = (place: string, message: string) => new AirflowLikeError('CLI_USAGE', { place, message });
  if (taskId && taskRegex) throw usage('--task-id', 'cannot be used together with --task-regex');
  if (mapIndex && taskId?.length !== 1) throw usage('--map-index', 'goes with exactly one --task-id');
  if ((past || future) && runId?.length !== 1) throw usage(past ? '--past' : '--future', 'goes with exactly one --run-id');
}

/**
 * Clears by each of `filters`, one DAG each; what is asked for one DAG is done as a whole or not at all.
 * @param ifNothing What finding nothing is; null: nothing wrong.
 * @throws AirflowLikeError `ifNothing`, and what the operation throws.
 */
async function clear(
  { cli }: Tree,
  { system, client }: OpenSystem,
  options: SharedOptions,
  filters: readonly ClearRequest[],
  ifNothing: AirflowLikeError | null = null,
): Promise<number> {
  const { terminal } = cli;
  const requests = filters.map((filter): ClearRequest => ({
    ...filter,
    onlyFailed: options.onlyFailed === true,
    onlyRunning: options.onlyRunning === true,
    version: options.latestVersion === true ? 'latest' : 'own',
  }));
  const shown: ClearedDag[] = [];
  for (const request of requests) {
    const result = await system.clearTaskInstances(client, { ...request, dryRun: true });
    if (result.instances.length > 0) shown.push({ request, result });
  }
  if (shown.length === 0) {
    if (ifNothing) throw ifNothing;
    terminal.note('Nothing to clear: no task instance matches.');
    await printEffects(terminal, options.output, shown);
    return EXIT.done;
  }
  if (!options.yes || options.dryRun) await printEffects(terminal, options.output, shown);
  for (const { request, result } of shown) {
    if (result.runsOnOldVersion === 0) continue;
    const runs = result.runsOnOldVersion === 1 ? '1 run keeps its' : `${result.runsOnOldVersion} runs keep their`;
    terminal.note(`${runs} older version of ${request.dagId}: --latest-version runs the newest one.`);
  }
  if (options.dryRun) {
    terminal.note(`Dry run, nothing was changed: this would ${changes('now', shown)}.`);
    return EXIT.done;
  }
  if (!(await confirmed(cli, options.yes, `This will ${changes('now', shown)}. Proceed?`))) return EXIT.error;
  const done: ClearedDag[] = [];
  for (const { request, result } of shown) {
    const cleared = await system.clearTaskInstances(client, { ...request, dryRun: false, token: result.token });
    done.push({ request, result: cleared });
    const text = changes('past', [{ request, result: cleared }], `of ${request.dagId}`);
    terminal.note(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
  }
  if (options.yes) await printEffects(terminal, options.output, done);
  return EXIT.done;
}

interface ClearedDag {
  readonly request: ClearRequest;
  readonly result: ClearResult;
}

type Effect = ClearResult['instances'][number]['effect'];

const VERBS: Readonly<Record<Effect, Readonly<Record<'now' | 'past', string>>>> = {
  clear: { now: 'clear', past: 'cleared' },
  add: { now: 'add', past: 'added' },
  restore: { now: 'restore', past: 'restored' },
  remove: { now: 'remove', past: 'removed' },
};

/** `clear 2 task instances of 1 run (and add 1, remove 1)` */
function changes(tense: 'now' | 'past', dags: readonly ClearedDag[], where = ofRuns(dags)): string {
  const effects = dags.flatMap(({ result }) => result.instances.map(({ effect }) => effect));
  const counts = (Object.keys(VERBS) as Effect[])
    .map((effect) => ({ verb: VERBS[effect][tense], count: effects.filter((each) => each === effect).length }))
    .filter(({ count }) => count > 0);
  const [first = { verb: VERBS.clear[tense], count: 0 }, ...others] = counts;
  const rest = others.map(({ verb, count }) => `${verb} ${count}`).join(', ');
  return `${first.verb} ${first.count} task ${first.count === 1 ? 'instance' : 'instances'} ${where}${rest === '' ? '' : ` (and ${rest})`}`;
}

function ofRuns(dags: readonly ClearedDag[]): string {
  const runs = dags.reduce((sum, { result }) => sum + result.runs, 0);
  return `of ${runs} ${runs === 1 ? 'run' : 'runs'}${dags.length === 1 ? '' : ` of ${dags.length} DAGs`}`;
}

async function printEffects(terminal: Tree['cli']['terminal'], format: OutputFormat, dags: readonly ClearedDag[]): Promise<void> {
  const rows = dags.flatMap(({ request, result }) =>
    result.instances.map(({ runId, taskId, mapIndex, state, effect }) => ({
      dag_id: request.dagId,
      run_id: runId,
      task_id: taskId,
      map_index: mapIndex,
      state,
      effect,
    })),
  );
  const isForPeople = format === 'table' || format === 'plain';
  await printRecords(terminal, format, COLUMNS, isForPeople ? rows.slice(0, SHOWN_ROWS) : rows);
  if (isForPeople && rows.length > SHOWN_ROWS) terminal.note(`... and ${rows.length - SHOWN_ROWS} more (-o json shows all).`);
}
