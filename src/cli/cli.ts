/** What every command gets, and how a command is run: its client is opened and closed around it, and Ctrl-C ends it cleanly. */
import type { LoadedConfig } from '../config/load-config.js';
import type { Client, System } from './system.js';
import type { Terminal } from './terminal.js';

export interface Cli {
  readonly terminal: Terminal;
  readonly version: string;
  /** Reads the configuration of this folder and environment; `overrides` are flags, by section and key. */
  loadConfig(overrides?: ConfigOverrides): Promise<LoadedConfig>;
  importSystem(): Promise<System>;
}

export type ConfigOverrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Options that all commands have. */
export interface CommonOptions {
  readonly verbose?: boolean;
}

export const EXIT = { done: 0, error: 1, usage: 2, awaitedFailed: 3, awaitedPartial: 4, interrupted: 130 } as const;

export interface OpenSystem {
  readonly system: System;
  readonly client: Client;
  readonly config: LoadedConfig;
  /** Aborts on Ctrl-C, and when the reader of standard output has gone. */
  readonly signal: AbortSignal;
}

export interface ClientNeeds {
  /** The command reads the catalog: bring it up to date first when no dag processor does. Default true. */
  readonly catalog?: boolean;
  /** The command waits for something and ends by itself when `signal` aborts. Default false: Ctrl-C ends it from outside. */
  readonly follows?: boolean;
  readonly config?: LoadedConfig;
}

/** Opens the system for one command, runs it and closes the system again, however the command ends. */
export async function withClient<Result>(
  cli: Cli,
  options: CommonOptions,
  needs: ClientNeeds,
  command: (open: OpenSystem) => Promise<Result>,
): Promise<Result | number> {
  const config = needs.config ?? (await cli.loadConfig());
  const system = await cli.importSystem();
  const client = await system.openClient({ config, needStore: true, verbose: options.verbose === true });
  const stop = new AbortController();
  let onInterrupted = (_code: number): void => {};
  const interrupted = new Promise<number>((resolve) => (onInterrupted = resolve));
  const unlisten = cli.terminal.onInterrupt((count) => {
    stop.abort();
    if (needs.follows !== true || count > 1) onInterrupted(EXIT.interrupted);
  });
  const onClosed = (): void => stop.abort();
  cli.terminal.outClosed.addEventListener('abort', onClosed);
  try {
    const work = async (): Promise<Result> => {
      if (needs.catalog !== false) await refreshCatalog(system, client);
      return command({ system, client, config, signal: stop.signal });
    };
    return await Promise.race([work(), interrupted]);
  } finally {
    unlisten();
    cli.terminal.outClosed.removeEventListener('abort', onClosed);
    await client.close();
  }
}

/** Without a dag processor nobody else reads the DAGs folder: the command does, once. */
async function refreshCatalog(system: System, client: Client): Promise<void> {
  const isRead = await isAlive(client, 'dag-processor');
  if (isRead && (await client.store.catalog.listDags({ includeRetired: true })).length > 0) return;
  await system.parseDagsOnce(client);
}

/** Whether a component of that kind holds a live lease. */
export async function isAlive(client: Client, kind: 'scheduler' | 'dag-processor' | 'worker'): Promise<boolean> {
  const now = await client.store.now();
  return (await client.store.components.list()).some(
    (component) => component.kind === kind && component.stoppedAt === null && component.leaseUntil > now,
  );
}

/**
 * A conf given on the command line; none is the empty one.
 * @throws AirflowLikeError JSON_INVALID, CONF_NOT_OBJECT and others for a text that cannot be one.
 */
export async function readConf(cli: Cli, text: string | undefined, flag: string): Promise<Readonly<Record<string, unknown>>> {
  return text === undefined ? {} : (await cli.importSystem()).parseConf(text, flag);
}
