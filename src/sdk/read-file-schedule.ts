/** From `fileWatch(...)` and `hybrid(...)` to plain data. */
import { parseFilePattern } from '../core/timetable/file-pattern.js';
import { fileOfRun, type HybridSpec } from '../core/timetable/hybrid.js';
import type { TimeScheduleSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { checkOptions, duration, oneOf } from './check-options.js';
import type { ScheduleSurroundings } from './read-schedule.js';

const SETTLE_MS = 2_000;
const WAIT_MS = 86_400_000;

const settleFor = duration(0, 1);
const fate = oneOf(['run', 'ignore']);
const FILE_WATCH_TABLE = { settleFor, existing: fate, rewritten: fate };
const HYBRID_TABLE = {
  file: (value: unknown) => value,
  waitFor: duration(0, 366),
  onTimeout: oneOf(['fail', 'skip', 'run']),
  settleFor,
};

/** @throws AirflowLikeError FILE_PATTERN_INVALID */
export function fileWatchSpec(pattern: unknown, options: unknown, { at, problems }: ScheduleSurroundings): TimeScheduleSpec {
  const checked = checkOptions(options, FILE_WATCH_TABLE, at, problems);
  parseFilePattern(pattern, at.place);
  const written = pattern as string;
  return {
    kind: 'fileWatch',
    pattern: written.replace(/^(\.\/)+/, ''),
    settleMs: checked.settleFor ?? SETTLE_MS,
    existing: checked.existing ?? 'run',
    rewritten: checked.rewritten ?? 'run',
    text: `fileWatch(${written})`,
  };
}

/**
 * @param time The schedule that says when runs are due, read already.
 * @throws AirflowLikeError FILE_PATTERN_INVALID, VALUE_TYPE for a time that has none.
 */
export function hybridSpec(
  time: TimeScheduleSpec,
  options: unknown,
  { at, timezone, problems }: ScheduleSurroundings,
): TimeScheduleSpec {
  const checked = checkOptions(options, HYBRID_TABLE, at, problems);
  if (!isTime(time)) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: at.place,
      message: 'hybrid(...) needs a schedule by time',
      value: time.kind,
      allowed:
        "a cron expression, a preset, a span ('6h'), a list of cron expressions, cronTrigger(...), crons(...), deltaTrigger(...), events(...)",
    });
  }
  const place = `${at.place}.file`;
  const { file } = checked;
  const spec: HybridSpec = {
    kind: 'hybrid',
    time,
    file: typeof file === 'string' ? file.replace(/^(\.\/)+/, '') : '',
    settleMs: checked.settleFor ?? SETTLE_MS,
    waitForMs: checked.waitFor ?? WAIT_MS,
    onTimeout: checked.onTimeout ?? 'fail',
    text: `${time.text}, with ${String(file)}`,
  };
  // A pattern is judged with dates in it: placeholders hold characters that mean something in patterns.
  parseFilePattern(typeof file === 'string' ? fileOfRun({ place, timezone }, spec, EXAMPLE_RUN) : file, place);
  return spec;
}

const EXAMPLE_RUN = { logicalDate: 0, dataInterval: { start: 0, end: 0 }, runAfter: 0 };

function isTime(schedule: TimeScheduleSpec): schedule is HybridSpec['time'] {
  return ['cron', 'delta', 'cronTrigger', 'deltaTrigger', 'events'].includes(schedule.kind);
}
