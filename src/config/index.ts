/**
 * `airflow-like/config`: what a configuration file imports. Kept light, since every command loads it; reading the configuration is in
 * `load-config.ts`.
 */
import type { ConfigInput } from './options.js';

export { DEFAULT_PASS_ENV, type Config, type ConfigInput } from './options.js';

/**
 * The configuration of `airflow-like.config.ts`, checked by the compiler:
 * `export default defineConfig({ core: { parallelism: 64 } })`. Every option may be left out; `airflow-like config list --defaults`
 * shows them all. Values are checked when the file is loaded, so that a mistake is reported with its line.
 */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
