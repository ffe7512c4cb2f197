#!/usr/bin/env node
/** The command `airflow-like`. Imports only what parsing and `--help` need; the system itself is imported inside the actions. */
import { readFileSync } from 'node:fs';
import { EXIT, type Cli } from './cli.js';
import { runCli } from './program.js';
import { importSystem } from './system.js';
import { processTerminal } from './terminal.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** How long a command that is over may take to flush what it wrote. */
const LINGER_MS = 2_000;

const cli: Cli = {
  terminal: processTerminal(),
  version,
  async loadConfig(overrides) {
    const { loadConfig } = await import('../config/load-config.js');
    return loadConfig(overrides === undefined ? {} : { overrides });
  },
  importSystem,
};

const exitCode = await runCli(cli, process.argv.slice(2));
// What was interrupted may still hold a timer or a socket; everything that has to be closed has been.
if (exitCode === EXIT.interrupted) process.exit(exitCode);
process.exitCode = exitCode;
// A start that failed half-way may have left something open: it must not keep a process that has said its last word.
setTimeout(() => process.exit(), LINGER_MS).unref();
