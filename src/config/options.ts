/**
 * Every option there is, once. Types, defaults, validation, environment names, `config list` and `docs/reference/config.md` all
 * follow from this table; relations between options are in `check-relations.ts`.
 */
import { choice, flag, fraction, integer, list, optionalSecret, path, text, timezone, type Option } from './option-kinds.js';

/** Environment variables that user code sees unless `worker.passEnv` says otherwise. A name ending in `*` is a prefix. */
export const DEFAULT_PASS_ENV: readonly string[] = Object.freeze([
  'PATH',
  'HOME',
  'LANG',
  'LC_*',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'AIRFLOW_LIKE_VAR_*',
  'AIRFLOW_LIKE_CONN_*',
]);

const HOUR_MS = 3_600_000;

/** Every process that holds leases says how often it renews them and for how long they last. */
const heartbeatMs = (what: string) => integer(5_000, 10, HOUR_MS, { unit: 'ms', meaning: `How often ${what} renews its lease.` });
const leaseMs = (what: string) =>
  integer(30_000, 60, 24 * HOUR_MS, {
    unit: 'ms',
    meaning: `How long ${what} counts as alive after its last heartbeat; at least 6 heartbeats.`,
  });

export const OPTIONS = {
  core: {
    home: path('.airflow-like', { meaning: 'Folder for everything the system writes: embedded database, logs, caches, locks.' }),
    dagsFolder: path('dags', { meaning: 'Folder that is searched for DAG files, with its subfolders.' }),
    pluginsFolder: path('plugins', { meaning: 'Folder whose files are loaded as plugins; it need not exist.' }),
    parallelism: integer(32, 1, 100_000, {
      unit: 'task instances',
      meaning: 'Most task instances that are queued or running at once, over all workers.',
    }),
    defaultTimezone: timezone('UTC', {
      meaning: 'Zone in which the command line reads dates that name none. A DAG without a timezone is in UTC.',
    }),
    maxMapLength: integer(1_024, 1, 1_000_000, { unit: 'elements', meaning: 'Most elements one task may be mapped over.' }),
    maxTemplatedFieldLength: integer(4_096, 0, 10_000_000, {
      unit: 'characters',
      meaning: 'Most characters that are kept of each template field as it was rendered for an attempt.',
    }),
    maxXComBytes: integer(262_144, 1, 268_435_456, { unit: 'bytes', meaning: 'Largest XCom or return value, encoded as JSON.' }),
  },
  database: {
    url: optionalSecret({
      meaning: 'Postgres to use, as postgres://user:password@host:port/name; null starts an embedded server.',
    }),
    poolSize: integer(10, 1, 1_000, { unit: 'connections', meaning: 'Most connections that one process opens.' }),
    connectTimeoutMs: integer(10_000, 100, HOUR_MS, {
      unit: 'ms',
      meaning: 'How long a process of the system waits at its start for a database that is not up yet; commands do not wait.',
    }),
  },
  scheduler: {
    cronDataIntervals: flag(true, {
      meaning:
        'Whether a plain cron expression, preset or span (`0 2 * * *`, `@daily`, `6h`) covers the data interval that ends when the run is due. ' +
        'false: it names points in time, as by default in Airflow 3; `cronTrigger` and `deltaTrigger` always do.',
    }),
    pollIntervalMs: integer(1_000, 10, HOUR_MS, {
      unit: 'ms',
      meaning: 'Longest pause between two passes when no hint of work arrives.',
    }),
    maxRunsPerPass: integer(256, 1, 10_000, { unit: 'DAG runs', meaning: 'Most DAG runs that one pass claims and plans.' }),
    backfillShare: fraction(0.5, 0, 1, {
      meaning:
        'Part of the free slots (of everything, and of each pool) that tasks of backfills get while tasks of other runs wait for them; what the others ' +
        'leave is theirs as well.',
    }),
    planVisibilityMs: integer(30_000, 1_000, HOUR_MS, {
      unit: 'ms',
      meaning: 'After this time another scheduler plans a run whose planner has died.',
    }),
    taskQueuedTimeoutMs: integer(90_000, 1_000, 24 * HOUR_MS, {
      unit: 'ms',
      meaning: 'A task instance that no worker takes for this long is dispatched again.',
    }),
    heartbeatMs: heartbeatMs('a scheduler'),
    leaseMs: leaseMs('a scheduler'),
  },
  worker: {
    slots: integer(16, 1, 10_000, { unit: 'task instances', meaning: 'Most task instances that one worker runs at once.' }),
    queues: list(['default'], { meaning: 'Queues whose tasks the worker takes.' }),
    heartbeatMs: heartbeatMs('a worker'),
    leaseMs: leaseMs('a worker'),
    executionGraceMs: integer(5_000, 0, HOUR_MS, {
      unit: 'ms',
      meaning: 'Time between asking an attempt to stop and killing it.',
    }),
    maxRssMb: integer(2_048, 64, 1_048_576, {
      unit: 'MB',
      meaning: 'Resident memory above which a runner process is replaced and its largest attempt fails.',
    }),
    maxHeapMb: integer(512, 16, 1_048_576, { unit: 'MB', meaning: 'JavaScript heap of one runner thread.' }),
    logCapBytes: integer(104_857_600, 1_024, 1_099_511_627_776, {
      unit: 'bytes',
      meaning: 'Size at which the log of one attempt is cut off, with a note.',
    }),
    passEnv: list(DEFAULT_PASS_ENV, {
      meaning: 'Environment variables handed to user code, all others are withheld; a name ending in * is a prefix.',
    }),
  },
  dagProcessor: {
    scanIntervalMs: integer(30_000, 100, 24 * HOUR_MS, {
      unit: 'ms',
      meaning: 'How often the whole DAGs folder is scanned, beside watching it.',
    }),
    importTimeoutMs: integer(30_000, 100, HOUR_MS, {
      unit: 'ms',
      meaning: 'Time after which the import of a DAG file is stopped.',
    }),
    maxImportMb: integer(512, 32, 1_048_576, { unit: 'MB', meaning: 'Memory above which the import of a DAG file is stopped.' }),
    children: integer(2, 1, 256, { unit: 'processes', meaning: 'Processes that import DAG files side by side.' }),
    heartbeatMs: heartbeatMs('a DAG processor'),
    leaseMs: leaseMs('a DAG processor'),
  },
  api: {
    host: text('127.0.0.1', { meaning: 'Address the API server listens on; 0.0.0.0 opens it to the network.' }),
    port: integer(8_080, 0, 65_535, { meaning: 'Port of the API server; 0 takes a free one.' }),
    heartbeatMs: heartbeatMs('an API server'),
    leaseMs: leaseMs('an API server'),
  },
  logging: {
    level: choice(['debug', 'info', 'warn', 'error', 'silent'], 'info', { meaning: 'Least severe messages that are written.' }),
    format: choice(['auto', 'pretty', 'json'], 'auto', { meaning: 'auto is pretty on a terminal and JSON lines elsewhere.' }),
  },
  shutdown: {
    graceMs: integer(4_000, 0, HOUR_MS, {
      unit: 'ms',
      meaning: 'How long running attempts may go on after Ctrl-C or SIGTERM before they are killed.',
    }),
  },
} as const;

type Table = typeof OPTIONS;
type ValueOf<Entry> = Entry extends Option<infer Value> ? Value : never;

export type SectionName = keyof Table;

/** The whole configuration, with every option set. Deep-frozen; paths are absolute. */
export type Config = {
  readonly [Section in SectionName]: { readonly [Key in keyof Table[Section]]: ValueOf<Table[Section][Key]> };
};

/** What `airflow-like.config.ts` may say: any part of `Config`. */
export type ConfigInput = {
  readonly [Section in SectionName]?:
    { readonly [Key in keyof Table[Section]]?: ValueOf<Table[Section][Key]> | undefined } | undefined;
};

/** What the names of environment variables that set options begin with. */
export const ENV_PREFIX = 'AIRFLOW_LIKE__';

export interface OptionEntry {
  readonly section: SectionName;
  readonly key: string;
  /** `section.key`. */
  readonly name: string;
  /** `AIRFLOW_LIKE__SECTION__KEY`. */
  readonly envName: string;
  readonly option: Option<unknown>;
}

/** The table as a list, in its own order. */
export const OPTION_ENTRIES: readonly OptionEntry[] = Object.entries(OPTIONS).flatMap(([section, options]) =>
  Object.entries<Option<unknown>>(options).map(([key, option]) => ({
    section: section as SectionName,
    key,
    name: `${section}.${key}`,
    envName: `${ENV_PREFIX}${upperSnake(section)}__${upperSnake(key)}`,
    option,
  })),
);

function upperSnake(camelCase: string): string {
  return camelCase.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}
