/** The few files that may break a rule, each with its reason. An entry that is no longer needed fails the tidy test. */
import type { Exception } from './rules.js';

/** May read or pass on `process.env` outside `src/config`. */
export const ENVIRONMENT_READERS: readonly Exception[] = [
  { path: 'src/dag-processor/leftovers.ts', reason: 'compares it before and after a file was imported; takes no setting from it' },
  { path: 'src/providers/standard/bash.ts', reason: 'hands the environment of the task on to its command' },
  {
    path: 'src/worker/runner/main.ts',
    reason: 'gets the settings of its process from its parent, and removes them before user code runs',
  },
  { path: 'src/worker/runner/thread-globals.ts', reason: 'puts back what an attempt changed in it, before the next one runs' },
  { path: 'src/worker/runner/track-children.ts', reason: "marks the attempt's child processes, so that none outlives it" },
];

/** May be longer than 400 lines. */
export const LONG_FILES: readonly Exception[] = [
  {
    path: 'src/worker/supervisor/supervisor.ts',
    reason: 'the life of an attempt from start to its one report, which reads best in one piece',
  },
];

/** Roots of the graph of imports: what the package exports, its command, and the entry files of child processes. */
export const ENTRY_FILES: readonly string[] = [
  'src/sdk/index.ts',
  'src/config/index.ts',
  'src/plugins/index.ts',
  'src/testing/index.ts',
  'src/cli/main.ts',
];
