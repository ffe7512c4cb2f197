/**
 * Puts the configuration together: defaults, then `airflow-like.config.ts`, then `AIRFLOW_LIKE__SECTION__KEY`, then flags of the command
 * line. All mistakes are reported at once. This folder is the only one that reads the process's environment.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { AirflowLikeError, type ErrorDetails } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { findConflicts } from './check-relations.js';
import { processEnvironment, type Environment } from './environment.js';
import { findConfigFile, locateOption, readConfigFile, type ConfigFile } from './config-file.js';
import { ENV_PREFIX, OPTION_ENTRIES, OPTIONS, type Config, type ConfigInput, type OptionEntry } from './options.js';

/** Where the value of an option comes from: `default`, `file`, `env NAME` or `flag`. */
export type Origin = 'default' | 'file' | `env ${string}` | 'flag';

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the configuration file, or null when there is none. */
  readonly file: string | null;
  /** The folder that relative paths of the file and of the defaults start from. */
  readonly root: string;
  /** Per `section.key`. */
  readonly origins: Readonly<Record<string, Origin>>;
}

export interface LoadOptions {
  /** Folder in which the configuration file is looked for. Default: the working folder of the process. */
  readonly cwd?: string;
  /** Default: the environment of the process. */
  readonly env?: Environment;
  /** What flags of the command line say; wins over everything. */
  readonly overrides?: ConfigInput;
}

/**
 * @throws AirflowLikeError CONFIG_INVALID for an unreadable file, an unknown section or option, or a bad value (all of them in one
 * message); CONFIG_CONFLICT for options that contradict each other.
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const env = options.env ?? processEnvironment();
  const path = findConfigFile(cwd);
  const root = path === null ? cwd : dirname(path);
  // The home that the file itself may name is not known yet; the cache of the compiled file only saves time.
  const cacheFolder = resolve(cwd, env[`${ENV_PREFIX}CORE__HOME`] || join(root, OPTIONS.core.home.default), 'cache');
  const file = path === null ? null : await readConfigFile(path, cacheFolder);

  const settings = new Settings(root);
  if (file) settings.takeObject(file.value, { origin: 'file', folder: root, file });
  settings.takeEnvironment(env, cwd);
  if (options.overrides) settings.takeObject(options.overrides, { origin: 'flag', folder: cwd, file: null });
  throwTogether(settings.problems, path);

  const config = settings.freeze();
  throwTogether([...findConflicts(config)], path);
  return { config, file: path, root, origins: Object.freeze(settings.origins) };
}

interface Source {
  readonly origin: Origin;
  /** Relative paths start here. */
  readonly folder: string;
  readonly file: ConfigFile | null;
}

/** The values so far, each from the strongest source that named it, and the mistakes met. */
class Settings {
  readonly origins: Record<string, Origin> = {};
  readonly problems: AirflowLikeError[] = [];
  private readonly values = new Map<string, unknown>();

  constructor(root: string) {
    for (const entry of OPTION_ENTRIES) this.set(entry, entry.option.default, 'default', root);
  }

  takeObject(input: object, source: Source): void {
    for (const [section, part] of Object.entries(input)) {
      if (part === undefined) continue;
      if (!Object.hasOwn(OPTIONS, section)) {
        this.refuse(source, section, null, { message: 'unknown section', suggestion: nearestName(section, Object.keys(OPTIONS)) });
      } else if (part === null || typeof part !== 'object' || Array.isArray(part)) {
        this.refuse(source, section, null, { message: 'must be an object of options', value: part });
      } else {
        this.takeSection(section, part as object, source);
      }
    }
  }

  takeEnvironment(env: Environment, cwd: string): void {
    for (const [name, text] of Object.entries(env)) {
      if (!name.startsWith(ENV_PREFIX) || text === undefined || text === '') continue; // an empty variable is as good as none
      const entry = OPTION_ENTRIES.find((candidate) => candidate.envName === name);
      if (!entry) {
        const suggestion = nearestName(
          name,
          OPTION_ENTRIES.map((candidate) => candidate.envName),
        );
        this.problems.push(new AirflowLikeError('CONFIG_INVALID', { place: `env ${name}`, message: 'unknown option', suggestion }));
        continue;
      }
      const value = entry.option.fromText(text);
      const problem = entry.option.problem(value);
      if (problem === null) this.set(entry, value, `env ${name}`, cwd);
      else
        this.problems.push(
          new AirflowLikeError('CONFIG_INVALID', { place: `env ${name}`, message: problem, ...shown(entry, value) }),
        );
    }
  }

  freeze(): Config {
    const config: Record<string, Record<string, unknown>> = {};
    for (const entry of OPTION_ENTRIES) {
      const value = this.values.get(entry.name);
      (config[entry.section] ??= {})[entry.key] = Array.isArray(value) ? Object.freeze([...(value as unknown[])]) : value;
    }
    Object.values(config).forEach(Object.freeze);
    return Object.freeze(config) as Config;
  }

  private takeSection(section: string, part: object, source: Source): void {
    for (const [key, value] of Object.entries(part)) {
      if (value === undefined) continue;
      const entry = OPTION_ENTRIES.find((candidate) => candidate.section === section && candidate.key === key);
      if (!entry) {
        this.refuse(source, section, key, { message: 'unknown option', suggestion: suggestOption(section, key) });
        continue;
      }
      const problem = entry.option.problem(value);
      if (problem === null) this.set(entry, value, source.origin, source.folder);
      else this.refuse(source, section, key, { message: problem, ...shown(entry, value) });
    }
  }

  private set(entry: OptionEntry, value: unknown, origin: Origin, folder: string): void {
    this.values.set(entry.name, entry.option.isPath ? resolve(folder, value as string) : value);
    this.origins[entry.name] = origin;
  }

  private refuse(source: Source, section: string, key: string | null, details: Omit<ErrorDetails, 'place'>): void {
    const name = key === null ? section : `${section}.${key}`;
    const line = source.file ? locateOption(source.file.source, section, key) : null;
    const where = source.file ? ` (${basename(source.file.path)}${line === null ? '' : `:${line}`})` : '';
    const place = source.origin === 'flag' ? `flag ${name}` : `${name}${where}`;
    const position = source.file ? { file: source.file.path, ...(line === null ? {} : { line }) } : {};
    this.problems.push(new AirflowLikeError('CONFIG_INVALID', { ...details, ...position, place }));
  }
}

/** The right name in the same section, or the same name in another one. */
function suggestOption(section: string, key: string): string | null {
  const near = nearestName(
    key,
    OPTION_ENTRIES.filter((entry) => entry.section === section).map((entry) => entry.key),
  );
  return near ?? OPTION_ENTRIES.find((entry) => entry.key.toLowerCase() === key.toLowerCase())?.name ?? null;
}

/** A value that may hold a password is not repeated in a message. */
function shown(entry: OptionEntry, value: unknown): { value?: unknown } {
  return entry.option.isSecret ? {} : { value };
}

/** One mistake is thrown as it is, several as one error that lists them. */
function throwTogether(problems: readonly AirflowLikeError[], file: string | null): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new AirflowLikeError(first.code, {
    place: file === null ? 'configuration' : basename(file),
    message: [`${problems.length} mistakes`, ...problems.map((problem) => `  ${problem.message}`)].join('\n'),
    ...(first.details.file === undefined ? {} : { file: first.details.file }),
    ...(first.details.line === undefined ? {} : { line: first.details.line }),
  });
}
