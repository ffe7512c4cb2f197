import { maskPasswords } from '../model/mask-passwords.js';
import type { LoadedConfig, Origin } from './load-config.js';
import { OPTION_ENTRIES, OPTIONS } from './options.js';

/** One option as `config list` shows it. */
export interface OptionDescription {
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
  readonly origin: Origin;
  readonly default: unknown;
  readonly type: string;
  readonly unit: string | null;
  readonly meaning: string;
  readonly env: string;
}

/** Every option with its value, origin and meaning; without `loaded`, the defaults. Passwords are masked. */
export function describeOptions(loaded: LoadedConfig | null): readonly OptionDescription[] {
  return OPTION_ENTRIES.map(({ section, key, name, envName, option }) => {
    const value = loaded ? (loaded.config[section] as Readonly<Record<string, unknown>>)[key] : option.default;
    return {
      section,
      key,
      value: option.isSecret && typeof value === 'string' ? maskPasswords(value) : value,
      origin: loaded?.origins[name] ?? 'default',
      default: option.default,
      type: option.type,
      unit: option.unit,
      meaning: option.meaning,
      env: envName,
    };
  });
}

/** The text of `docs/reference/config.md`. */
export function configReference(): string {
  const lines = [
    '# Configuration',
    '',
    'Generated from the option table in `src/config/options.ts`. Options are set in `airflow-like.config.ts`, by environment variables,',
    'or by flags of the command line; the later in this list wins. `airflow-like config list` shows the value and origin of each.',
    'Relative paths start from the folder of the configuration file, in variables and flags from the working folder. In a variable, a',
    'list is separated by commas, and an empty text counts as not set.',
  ];
  for (const section of Object.keys(OPTIONS)) {
    lines.push('', `## ${section}`, '', '| Option | Default | Unit | Meaning | Variable |', '|---|---|---|---|---|');
    for (const option of describeOptions(null).filter((candidate) => candidate.section === section)) {
      const fallback = Array.isArray(option.default) ? option.default.join(', ') : JSON.stringify(option.default);
      lines.push(`| \`${option.key}\` | \`${fallback}\` | ${option.unit ?? ''} | ${option.meaning} | \`${option.env}\` |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
