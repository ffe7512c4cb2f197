import { encodeTagged } from '../model/codec.js';
import type { TimeScheduleSpec } from '../model/dag-spec.js';

const TIMETABLE = Symbol.for('airflow-like:timetable');

/** A schedule that a plugin's timetable decides. Made by `timetable(...)`. */
export interface CustomTimetable {
  readonly [TIMETABLE]: true;
  readonly name: string;
  readonly args: unknown;
}

/** Uses the timetable that a plugin registered under `name` as a DAG's `schedule`; `args` is handed to it and must be serialisable. */
export function timetable(name: string, args: unknown = null): CustomTimetable {
  return Object.freeze({ [TIMETABLE]: true as const, name, args });
}

export function isCustomTimetable(value: unknown): value is CustomTimetable {
  return typeof value === 'object' && value !== null && TIMETABLE in value;
}

/** @throws AirflowLikeError ARG_NOT_SERIALIZABLE when `args` cannot be stored. */
export function customSchedule(custom: CustomTimetable, place: string): TimeScheduleSpec {
  const args = encodeTagged(custom.args, `${place}.args`, 'ARG_NOT_SERIALIZABLE');
  return { kind: 'custom', name: custom.name, args, text: `timetable(${custom.name})` };
}
