import { processEnvironment, type Environment } from './environment.js';
import type { Config } from './options.js';

/**
 * The environment that user code gets: the variables on the allow-list `worker.passEnv`, with the prefixes of entries that end in `*`.
 * Everything else, the database's URL above all, stays with the supervisor. `env` defaults to the process's own.
 */
export function runtimeEnv(config: Config, env: Environment = processEnvironment()): Record<string, string> {
  const names = new Set(config.worker.passEnv);
  const prefixes = config.worker.passEnv.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !(names.has(name) || prefixes.some((prefix) => name.startsWith(prefix)))) continue;
    passed[name] = value;
  }
  return passed;
}
