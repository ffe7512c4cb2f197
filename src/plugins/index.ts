/** Public API of plugins: `airflow-like/plugin`. */
export { definePlugin, type Plugin, type PluginDefinition } from './define-plugin.js';
export type { Timetable, TimetableRestriction } from '../core/timetable/timetable.js';
export type { NextRun } from '../model/dag.js';
export type { DataInterval, Instant } from '../model/instant.js';
export type { TaggedJson } from '../model/tagged-json.js';
export type { Catchup } from '../model/dag-spec.js';
