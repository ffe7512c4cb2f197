/**
 * The command tree and what happens around every action: an action's error becomes one line and an exit code, a mistake on the command
 * line becomes the usage line of its command, the reason and the nearest right name.
 */
import { Command, CommanderError } from 'commander';
import { AirflowLikeError, isAirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { EXIT, type Cli } from './cli.js';
import { addAboutCommands } from './commands/about.js';
import { addAssetCommands } from './commands/assets.js';
import { addBackfillCommands } from './commands/backfill.js';
import { addConfigCommands } from './commands/config.js';
import { addDagCommands } from './commands/dags.js';
import { addDatabaseCommands } from './commands/db.js';
import { addPoolCommands } from './commands/pools.js';
import { addProcessCommands } from './commands/processes.js';
import { addTaskCommands } from './commands/tasks.js';
import { describeError } from './describe-error.js';

/** The error a command ended with, and the command, for its usage line. */
export class CommandFailure extends Error {
  constructor(
    readonly command: Command,
    override readonly cause: unknown,
    readonly verbose: boolean,
  ) {
    super('command failed', { cause });
  }
}

/** Wraps an action: its last parameter from commander (the command) is kept, what it returns becomes the exit code. */
export type Run = <Args extends unknown[]>(
  action: (...args: Args) => Promise<number | void>,
) => (...args: unknown[]) => Promise<void>;

export interface Tree {
  readonly root: Command;
  readonly cli: Cli;
  readonly run: Run;
}

/**
 * Parses and runs one command line (without `node` and the script). Answers the exit code: 0 done, 1 error, 2 usage, 3 the awaited run
 * failed, 130 interrupted. Never rejects.
 */
export async function runCli(cli: Cli, args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  const { root } = buildTree(cli, (code) => (exitCode = code));
  try {
    await root.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (cli.terminal.outClosed.aborted) return EXIT.done;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const failure = error instanceof CommandFailure ? error : new CommandFailure(root, error, true);
    const code = isAirflowLikeError(failure.cause) ? failure.cause.definition.exitCode : EXIT.error;
    if (code === EXIT.usage) cli.terminal.note(usageLine(failure.command));
    for (const line of describeError(failure.cause, failure.verbose)) cli.terminal.note(line);
    return code;
  }
}

/** Builds the whole tree; `setExitCode` gets what an action returns. */
export function buildTree(cli: Cli, setExitCode: (code: number) => void): Tree {
  const run: Run =
    (action) =>
    async (...all) => {
      const command = all.at(-1) as Command;
      try {
        setExitCode((await action(...(all.slice(0, -1) as Parameters<typeof action>))) ?? EXIT.done);
      } catch (error) {
        throw new CommandFailure(command, inWordsOf(command, error), command.opts().verbose === true);
      }
    };

  const root = new CliCommand('airflow-like')
    .description('DAGs in TypeScript: data intervals, catchup, backfills, a scheduler and workers on Postgres.')
    .version(cli.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false, subcommandTerm, subcommandDescription })
    .configureOutput({
      writeOut: (text) => cli.terminal.out(text),
      writeErr: (text) => cli.terminal.note(text.trimEnd()),
      getOutHelpWidth: () => Math.min(cli.terminal.outWidth ?? 100, 120),
      outputError: () => {},
    })
    .exitOverride();
  const tree: Tree = { root, cli, run };
  addProcessCommands(tree);
  addDagCommands(tree);
  addTaskCommands(tree);
  addBackfillCommands(tree);
  addAssetCommands(tree);
  addPoolCommands(tree);
  addDatabaseCommands(tree);
  addConfigCommands(tree);
  addAboutCommands(tree);
  root.addHelpText(
    'after',
    `
Examples:
  airflow-like standalone                                  everything in one process tree
  airflow-like dags trigger hello --wait                   run a DAG now and follow it
  airflow-like backfill create --dag-id sales --from-date 2026-01-01 --to-date 2026-03-31
Exit codes: 0 done, 1 error, 2 usage, 3 the awaited run failed, 4 it ended partial. Help on a command: airflow-like dags trigger --help`,
  );
  return tree;
}

/** A command whose mistakes name the nearest right word, and that shows its usage with them. */
class CliCommand extends Command {
  override createCommand(name?: string): Command {
    return new CliCommand(name).helpCommand(false);
  }

  override error(message: string, options?: { exitCode?: number; code?: string }): never {
    const { writeErr } = this.configureOutput();
    const reason = message.replace(/^error: /, '').replace(/\n.*$/s, '');
    writeErr?.(`${usageLine(this)}\nCLI_USAGE: ${reason}${this.#suggestion(reason)}\n`);
    throw new CommanderError(EXIT.usage, options?.code ?? 'usage', reason);
  }

  #suggestion(reason: string): string {
    const unknown = /^unknown (command|option) '([^']+)'/.exec(reason);
    if (!unknown) return '';
    const [, kind, word] = unknown as unknown as [string, string, string];
    if (kind === 'option' && !word.startsWith('--')) return ''; // every letter is as near as any other
    const known =
      kind === 'command'
        ? this.commands.map((command) => command.name())
        : this.createHelp()
            .visibleOptions(this)
            .flatMap((option) => [option.long, option.short])
            .filter((name) => name !== undefined);
    const nearest = nearestName(word, known);
    if (nearest !== null) return `; did you mean ${nearest}?`;
    return kind === 'command' ? `; allowed: ${known.join(', ')}` : '';
  }
}

/** Operations name their parameters (`runAfter`); a person gave the option that belongs to it (`--run-after`). */
function inWordsOf(command: Command, error: unknown): unknown {
  if (!isAirflowLikeError(error)) return error;
  const { code, details } = error;
  const option = command.options.find(
    (candidate) => candidate.attributeName() === details.place && command.getOptionValueSource(candidate.attributeName()) === 'cli',
  );
  return option?.long ? new AirflowLikeError(code, { ...details, place: option.long, cause: error }) : error;
}

function usageLine(command: Command): string {
  return `Usage: ${commandPath(command)} ${command.usage()}`;
}

/** `airflow-like dags trigger` */
export function commandPath(command: Command): string {
  return command.parent ? `${commandPath(command.parent)} ${command.name()}` : command.name();
}

/** `trigger <dag_id>`; of a group the name alone. */
function subcommandTerm(command: Command): string {
  return command.commands.length > 0
    ? command.name()
    : `${command.name()} ${command.usage().replace('[options]', '')}`.replace(/ +/g, ' ').trim();
}

/** A group shows its verbs, so that the first screen says all there is. */
function subcommandDescription(command: Command): string {
  if (command.commands.length === 0) return command.summary() || command.description();
  return command.commands.map((verb) => verb.name()).join(', ');
}
