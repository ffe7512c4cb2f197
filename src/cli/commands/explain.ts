/** Why something does not run, as text for people and as records for programs. */
import type { Command } from 'commander';
import type { Blocker, DagExplanation, Explanation } from '../../model/explanation.js';
import type { DagRun } from '../../model/dag-run.js';
import { integerBetween, outputOption } from '../arguments.js';
import { withClient, type CommonOptions } from '../cli.js';
import { formatInstant } from '../dates.js';
import { findDag, findRun } from '../lookup.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import { printable, type Row } from '../output/table.js';
import type { Tree } from '../program.js';
import type { Terminal } from '../terminal.js';

type ExplainOptions = CommonOptions & { readonly output: OutputFormat };

/** Most runs of a DAG that are shown with what they wait for. */
const MAX_RUNS = 20;

/** `tasks explain` */
export function addTaskExplain(tasks: Command, { cli, run }: Tree): void {
  tasks
    .command('explain')
    .summary('why it does not run')
    .description(
      'Says why a task instance does not run: everything that is in its way, what has to give way first, who holds what it needs, and when it is ' +
        'looked at next.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument('<task_id>', 'the task')
    .argument('<logical_date_or_run_id>', 'the run: its run id, or its logical date')
    .option('--map-index <number>', 'which copy of a mapped task', integerBetween(-1, 1_000_000), -1)
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like tasks explain sales load 2026-03-01')
    .action(
      run((dagId: string, taskId: string, runIdOrDate: string, options: ExplainOptions & { mapIndex: number }) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const { defaultTimezone, parallelism } = config.config.core;
          const dagRun = await findRun(client, dagId, runIdOrDate, defaultTimezone);
          const request = { dagRunId: dagRun.id, taskId, mapIndex: options.mapIndex, parallelism };
          await printExplanation(cli.terminal, options.output, await system.explainTask(client, request));
        }),
      ),
    );
}

/** `dags explain` */
export function addDagExplain(dags: Command, { cli, run }: Tree): void {
  dags
    .command('explain')
    .summary('why there is no newer run, or why a run does not go on')
    .description(
      'Says what the next run of a DAG waits for, and what each of its unfinished runs waits for. With a run: what each of its tasks that neither ' +
        'runs nor is finished waits for.',
    )
    .argument('<dag_id>', 'the DAG')
    .argument('[logical_date_or_run_id]', 'a run: its run id, or its logical date')
    .addOption(outputOption())
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExamples:\n  airflow-like dags explain sales\n  airflow-like dags explain sales 2026-03-01')
    .action(
      run((dagId: string, runIdOrDate: string | undefined, options: ExplainOptions) =>
        withClient(cli, options, {}, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const { defaultTimezone, parallelism } = config.config.core;
          const explain = (dagRun: DagRun) => system.explainRun(client, { dagRunId: dagRun.id, parallelism });
          if (runIdOrDate !== undefined) {
            const dagRun = await findRun(client, dagId, runIdOrDate, defaultTimezone);
            return printRun(cli.terminal, options.output, dagRun, await explain(dagRun));
          }
          const unfinished = () => client.store.runs.listRuns({ dagId, states: ['queued', 'running'], limit: MAX_RUNS });
          const waiting = new Map<number, readonly Explanation[]>();
          for (const dagRun of await unfinished()) waiting.set(dagRun.id, await explain(dagRun));
          // Runs go on while they are explained: what has ended by now waits for nothing.
          const rows = (await unfinished()).flatMap((dagRun) => {
            const known = waiting.get(dagRun.id);
            return known ? [runRow(dagRun, known)] : [];
          });
          await printDag(cli.terminal, options.output, await system.explainDag(client, dagId), rows);
        }),
      ),
    );
}

const BLOCKER_COLUMNS = ['binds', 'code', 'text', 'until'];

async function printExplanation(terminal: Terminal, format: OutputFormat, explanation: Explanation): Promise<void> {
  const { dagId, runId, taskId, mapIndex, state, summary, blockers, nextLookAt } = explanation;
  if (isForPrograms(format)) {
    const record = { dag_id: dagId, run_id: runId, task_id: taskId, map_index: mapIndex, state, summary };
    return printObject(terminal, format, {
      ...record,
      next_look_at: dateOrNull(nextLookAt),
      blockers: blockers.map(blockerRecord),
    });
  }
  terminal.out(`${printable(summary)}\n`);
  await printBlockers(terminal, format, blockers, nextLookAt);
}

async function printDag(
  terminal: Terminal,
  format: OutputFormat,
  explanation: DagExplanation,
  runs: readonly Row[],
): Promise<void> {
  const { dagId, summary, blockers, nextLookAt } = explanation;
  if (isForPrograms(format)) {
    const record = { dag_id: dagId, summary, next_look_at: dateOrNull(nextLookAt), blockers: blockers.map(blockerRecord), runs };
    return printObject(terminal, format, record);
  }
  terminal.out(`${printable(summary)}\n`);
  await printBlockers(terminal, format, blockers, nextLookAt);
  if (runs.length > 0) await printRecords(terminal, format, RUN_COLUMNS, runs);
}

const RUN_COLUMNS = ['run_id', 'state', 'waiting', 'code', 'text'];

/** What most of the waiting tasks of a run wait for. */
function runRow({ runId, state }: DagRun, waiting: readonly Explanation[]): Row {
  const counts = new Map<string, { readonly blocker: Blocker; count: number }>();
  for (const { blockers } of waiting) {
    const binding = blockers.find(({ isBinding }) => isBinding);
    if (!binding) continue;
    const known = counts.get(binding.code);
    if (known) known.count++;
    else counts.set(binding.code, { blocker: binding, count: 1 });
  }
  const [first] = [...counts.values()].sort((a, b) => b.count - a.count);
  const text = first?.blocker.text ?? (waiting.length === 0 ? 'all its tasks are running or finished' : '');
  return { run_id: runId, state, waiting: waiting.length, code: first?.blocker.code ?? null, text };
}

const TASK_COLUMNS = ['task_id', 'map_index', 'state', 'code', 'text', 'until'];

async function printRun(
  terminal: Terminal,
  format: OutputFormat,
  { runId, state }: DagRun,
  waiting: readonly Explanation[],
): Promise<void> {
  const rows = waiting.map((explanation): Row => {
    const binding = explanation.blockers.find(({ isBinding }) => isBinding);
    return {
      task_id: explanation.taskId,
      map_index: explanation.mapIndex,
      state: explanation.state,
      code: binding?.code ?? null,
      text: binding?.text ?? null,
      until: dateOrNull(binding?.until ?? null),
    };
  });
  if (rows.length === 0 && !isForPrograms(format)) {
    terminal.out(`${printable(runId)} is ${state}, and no task of it waits.\n`);
    return;
  }
  await printRecords(terminal, format, TASK_COLUMNS, rows);
}

async function printBlockers(
  terminal: Terminal,
  format: OutputFormat,
  blockers: readonly Blocker[],
  nextLookAt: number | null,
): Promise<void> {
  if (blockers.length > 1) {
    const rows = blockers.map(({ isBinding, code, text, until }) => ({
      binds: isBinding ? 'yes' : '',
      code,
      text,
      until: dateOrNull(until),
    }));
    await printRecords(terminal, format, BLOCKER_COLUMNS, rows);
  }
  if (blockers.length === 0) return;
  terminal.out(
    nextLookAt === null
      ? 'It is looked at again as soon as one of these changes.\n'
      : `It is looked at again at ${formatInstant(nextLookAt)}, or as soon as one of these changes.\n`,
  );
}

function blockerRecord({ code, text, isBinding, until, holders }: Blocker): Record<string, unknown> {
  return { code, text, is_binding: isBinding, until: dateOrNull(until), holders };
}

function printObject(terminal: Terminal, format: OutputFormat, record: Row): Promise<void> {
  return printRecords(terminal, format, Object.keys(record), [record]);
}

function isForPrograms(format: OutputFormat): boolean {
  return format === 'json' || format === 'yaml';
}

function dateOrNull(at: number | null): string | null {
  return at === null ? null : formatInstant(at);
}
