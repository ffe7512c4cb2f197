/** What a plugin is. Authors of DAGs and of plugins import this through `airflow-like/plugin`; the loader is elsewhere. */
import type { Timetable } from '../core/timetable/timetable.js';
import { AirflowLikeError } from '../model/errors.js';
import { checkId } from '../model/ids.js';
import { nearestName } from '../model/nearest-name.js';

const PLUGIN = Symbol.for('airflow-like:plugin');
const FIELDS = ['name', 'operators', 'timetables'] as const;
const TIMETABLE_METHODS = ['next', 'inferManualInterval'] as const;

/** What a plugin file gives to `definePlugin`. */
export interface PluginDefinition {
  /** Shown where plugins are listed. Unique among the plugins of an installation. */
  readonly name: string;
  /** Kinds of operators, made with `operator(...)`, by name. A DAG file imports them from the plugin's file. */
  readonly operators?: Readonly<Record<string, (...options: never[]) => unknown>>;
  /** Schedules by the name that DAGs use: `@dag({ schedule: timetable('business_days') })`. Names are unique among all plugins. */
  readonly timetables?: Readonly<Record<string, Timetable>>;
}

/** A checked plugin. */
export interface Plugin extends Required<PluginDefinition> {
  readonly [PLUGIN]: true;
}

/**
 * Defines a plugin; export what it returns from a file in the plugins folder.
 *
 * @throws AirflowLikeError PLUGIN_INVALID for a field that does not exist or cannot be right, ID_INVALID for a name that cannot be one.
 */
export function definePlugin(definition: PluginDefinition): Plugin {
  checkId(definition.name, 'plugin');
  const place = `plugin ${definition.name}`;
  const unknown = Object.keys(definition).find((field) => !FIELDS.some((known) => known === field));
  if (unknown !== undefined) {
    throw new AirflowLikeError('PLUGIN_INVALID', {
      place,
      message: 'unknown field',
      value: unknown,
      allowed: FIELDS.join(', '),
      suggestion: nearestName(unknown, FIELDS),
    });
  }
  const { name, operators = {}, timetables = {} } = definition;
  for (const [key, operator] of Object.entries(operators)) {
    if (typeof operator === 'function') continue;
    throw new AirflowLikeError('PLUGIN_INVALID', {
      place: `${place}: operators.${key}`,
      message: 'this is not a kind of operator',
      value: operator,
      allowed: 'what operator({ ... }) returns',
    });
  }
  for (const [key, timetable] of Object.entries(timetables)) checkTimetable(key, timetable, `${place}: timetables.${key}`);
  return Object.freeze({ [PLUGIN]: true as const, name, operators, timetables });
}

export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && PLUGIN in value;
}

function checkTimetable(name: string, timetable: Timetable, place: string): void {
  checkId(name, place);
  const missing = TIMETABLE_METHODS.find((method) => typeof timetable?.[method] !== 'function');
  const isComplete = typeof timetable?.summary === 'string' && typeof timetable.periodic === 'boolean';
  if (missing === undefined && isComplete) return;
  throw new AirflowLikeError('PLUGIN_INVALID', {
    place,
    message: missing ? `a timetable needs the method ${missing}` : 'a timetable needs summary (text) and periodic (boolean)',
    allowed: 'next(last, restriction, now), inferManualInterval(runAfter), summary, periodic, configure(args)?',
  });
}
