/** Our commands against the recorded ones of Airflow 3.3.2: the same names, arguments, options and columns, or a difference that is named here. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from '@jest/globals';
import type { AssetSpec } from '../../../src/model/asset.js';
import type { Cli } from '../../../src/cli/cli.js';
import { buildTree } from '../../../src/cli/program.js';
import { dagRun, FakeTerminal, listing, NOW, runFake, taskInstance } from './fake-cli.js';

interface RecordedOption {
  readonly flags: readonly string[];
  readonly type: string;
  readonly choices?: readonly string[];
  readonly required?: boolean;
}
interface RecordedCommand {
  readonly positional: readonly { readonly name: string; readonly nargs?: string }[];
  readonly options: readonly RecordedOption[];
}
interface RecordedRun {
  readonly args: readonly string[];
  readonly exit: number;
  readonly json?: { readonly columns: Readonly<Record<string, readonly string[]>> };
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/airflow-3.3/cli/${name}`, import.meta.url), 'utf8'));
const commands = read('airflow-commands.json') as Readonly<Record<string, RecordedCommand>>;
const runs = read('airflow-runs.json') as readonly RecordedRun[];

/** Ours alone: what `backfill create` starts is followed and listed, logs are read where they are, a folder is checked for a CI; marking,
 * notes and deleting a run are Airflow's API and UI only. */
const OURS_ALONE = [
  'assets create-event',
  'assets events',
  'backfill cancel',
  'backfill follow',
  'backfill list',
  'backfill pause',
  'backfill show',
  'backfill unpause',
  'dags check',
  'dags delete-run',
  'dags explain',
  'dags mark-run',
  'dags note',
  'tasks explain',
  'tasks logs',
  'tasks mark',
  'worker',
];

/** Airflow's options that we do not have, per command. `*`: everywhere. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  // One folder of DAGs; bundles are versions by content hash, not named places.
  '*': ['--bundle-name'],
  // A supervisor of the machine (systemd, a container) does what these do; logging is configuration; TLS ends in front of us.
  'api-server': [
    '--apps',
    '--daemon',
    '--dev',
    '--log-config',
    '--log-file',
    '--pid',
    '--proxy-headers',
    '--ssl-ca-file',
    '--ssl-cert',
    '--ssl-cert-reqs',
    '--ssl-key',
    '--stderr',
    '--stdout',
    '--worker-timeout',
    '--workers',
  ],
  'dag-processor': ['--daemon', '--dev', '--log-file', '--num-runs', '--pid', '--stderr', '--stdout'],
  scheduler: ['--daemon', '--dev', '--log-file', '--num-runs', '--only-idle', '--pid', '--skip-serve-logs', '--stderr', '--stdout'],
  // Values are always shown and passwords always masked; there are no providers to leave out; the output is not a file to edit.
  'config list': [
    '--color',
    '--comment-out-everything',
    '--exclude-providers',
    '--hide-sensitive',
    '--include-examples',
    '--show-values',
  ],
  // Migrations go forward only, all of them, through the program.
  'db migrate': ['--from-revision', '--from-version', '--show-sql-only', '--to-revision', '--to-version', '--use-migration-files'],
  'db reset': ['--skip-init', '--use-migration-files'],
  // The database is the one truth; a command without a running dag processor reads the folder itself.
  'dags list': ['--local'],
  'dags list-import-errors': ['--local'],
  // Pictures in the terminal need a program of one vendor.
  'dags clear': ['--partition-date-end', '--partition-date-start', '--partition-key'],
  'dags show': ['--imgcat'],
  'dags test': ['--imgcat-dagrun', '--mark-success-pattern', '--save-dagrun', '--show-dagrun', '--use-executor'],
  // Nothing secret is printed, and nothing is sent anywhere.
  info: ['--anonymize', '--file-io'],
  // Variables of the environment are set in front of the command; the debugger is `node --inspect-brk`; what a mapped copy gets is said by
  // `--inputs`, there is no run to take it from.
  'tasks test': ['--env-vars', '--map-index', '--post-mortem'],
  // There are no teams.
  'pools set': ['--team-name'],
  // There is nothing more to tell.
  'config get-value': [],
};

/** Positionals that are narrower here: a trial run has a date, not a run. */
const RENAMED_POSITIONALS: Readonly<Record<string, readonly string[]>> = { 'tasks test': ['dag_id', 'task_id', 'logical_date'] };

const tree = buildTree({ terminal: new FakeTerminal(), version: '0' } as unknown as Cli, () => {}).root;

function leaves(command: Command, path: readonly string[] = []): [path: string, command: Command][] {
  return command.commands.flatMap((child): [string, Command][] =>
    child.commands.length > 0 ? leaves(child, [...path, child.name()]) : [[[...path, child.name()].join(' '), child]],
  );
}

const ours = leaves(tree);
const shared = ours.filter(([path]) => path in commands);

describe('commands', () => {
  it('has only commands of Airflow, and those named here', () => {
    expect(
      ours
        .map(([path]) => path)
        .filter((path) => !(path in commands))
        .sort(),
    ).toEqual(OURS_ALONE);
  });

  it('has the commands of the first system', () => {
    expect(shared.map(([path]) => path).sort()).toEqual(
      [
        'api-server', 'assets details', 'assets list', 'assets materialize', 'backfill create', 'config get-value', 'config list', 'dag-processor', 'dags clear', 'dags delete', 'dags details', 'dags list',
        'dags list-import-errors', 'dags list-runs', 'dags next-execution', 'dags pause', 'dags reserialize', 'dags show', 'dags state', 'dags test',
        'dags trigger', 'dags unpause', 'db check', 'db migrate', 'db reset', 'info', 'pools delete', 'pools export', 'pools get', 'pools import',
        'pools list', 'pools set', 'scheduler', 'standalone', 'tasks clear', 'tasks list',
        'tasks render', 'tasks state', 'tasks states-for-dag-run', 'tasks test', 'version',
      ].sort(),
    ); // prettier-ignore
  });

  it.each(shared)('%s takes the arguments', (path, command) => {
    const recorded = commands[path] as RecordedCommand;
    const names = RENAMED_POSITIONALS[path] ?? recorded.positional.map(({ name }) => name);
    expect(command.registeredArguments.map((argument) => argument.name())).toEqual(names);
    expect(command.registeredArguments.map((argument) => argument.required)).toEqual(
      recorded.positional.map(({ nargs }) => nargs !== '?'),
    );
  });

  it.each(shared)('%s has the options', (path, command) => {
    const recorded = commands[path] as RecordedCommand;
    const left = new Set([...(LEFT_OUT['*'] ?? []), ...(LEFT_OUT[path] ?? [])]);
    for (const option of recorded.options) {
      if (option.flags.some((flag) => left.has(flag))) continue;
      for (const flag of option.flags) {
        const own = command.options.find(({ long, short }) => long === flag || short === flag);
        expect(own ? flag : `${path} has no ${flag}`).toBe(flag);
        if (option.choices)
          expect([...(own?.argChoices ?? [])].sort()).toEqual(expect.arrayContaining([...ownChoices(path, flag, option.choices)]));
        if (option.required) expect(own?.mandatory).toBe(true);
        expect(own?.required === true).toBe(!option.type.startsWith('flag'));
      }
    }
  });

  it('leaves out nothing that it has, and nothing that Airflow has not', () => {
    for (const [path, flags] of Object.entries(LEFT_OUT)) {
      if (path === '*') continue;
      const recorded = (commands[path] as RecordedCommand).options.flatMap((option) => option.flags);
      expect(flags.filter((flag) => !recorded.includes(flag))).toEqual([]);
      const own = ours.find(([name]) => name === path)?.[1].options.map(({ long }) => long) ?? [];
      expect(flags.filter((flag) => own.includes(flag))).toEqual([]);
    }
  });
});

/** Partitioned schedules are not there yet, and with them two fields of the next execution. */
function ownChoices(path: string, flag: string, choices: readonly string[]): readonly string[] {
  return path === 'dags next-execution' && flag === '--field'
    ? choices.filter((choice) => !choice.startsWith('partition_'))
    : choices;
}

describe('columns', () => {
  const ASSET: AssetSpec = { name: 'fx_orders', uri: 's3://fixture/orders', group: 'fixture', extra: { team: 'data' } };
  /** Fields of Airflow that mean nothing here. */
  const WITHOUT: Readonly<Record<string, readonly string[]>> = {
    'dags details': [
      'last_parse_duration',
      'last_expired',
      'timetable_partitioned',
      'max_consecutive_failed_dag_runs',
      'allowed_run_types',
      'file_token',
    ],
    'dags trigger': ['last_scheduling_decision'],
  };
  const contents = {
    assets: [ASSET],
    dags: [listing('fx_etl'), listing('fx_empty')],
    runs: [
      dagRun('etl_1', {
        dagId: 'fx_etl',
        logicalDate: NOW,
        dataInterval: { start: NOW, end: NOW },
        startedAt: NOW,
        endedAt: NOW,
        state: 'success',
      }),
    ],
    pools: [{ name: 'fx_pool', slots: 3, description: 'd', includeDeferred: false, queued: 0, running: 1, deferred: 0 }],
    taskInstances: [taskInstance('load', { state: 'success', startedAt: NOW, endedAt: NOW })],
  };
  const system = {
    findAsset: async () => ({ ...ASSET, id: 1, isActive: true, createdAt: NOW, updatedAt: NOW }),
    pauseDags: async () => ['fx_empty'],
    triggerOnce: async () => ({ run: dagRun('cli1', { dagId: 'fx_empty' }), isNew: true }),
  };
  const listed = runs.filter(
    ({ args, exit, json }) => exit === 0 && json && ours.some(([path]) => path === args.slice(0, 2).join(' ')),
  );

  it('finds recorded runs to compare with', () => expect(listed.length).toBeGreaterThanOrEqual(8));

  it.each(listed.map((run) => [run.args.join(' '), run] as const))('%s', async (_name, run) => {
    const { code, stdout } = await runFake([...run.args, '-o', 'json'], contents, system);
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    const columns = Object.entries(run.json?.columns ?? {});
    const missing = WITHOUT[run.args.slice(0, 2).join(' ')] ?? [];
    expect(columns.map(([name]) => name).filter((name) => !(name in (rows[0] as object)))).toEqual(missing);
    // A list stays a list and an object an object; scalars have their own types, where Airflow's are all texts.
    for (const [name, types] of columns) {
      if (types.includes('array')) expect(Array.isArray(rows[0]?.[name])).toBe(true);
    }
  });

  it('gives scalars their own types', async () => {
    const { stdout } = await runFake(['dags', 'details', 'fx_etl', '-o', 'json'], contents);
    expect((JSON.parse(stdout) as unknown[])[0]).toMatchObject({
      is_paused: false,
      max_active_runs: 16,
      description: null,
      tags: ['etl'],
    });
  });
});
