/** Whether the plugins of this installation have the timetables that DAG files name. A file cannot know that by itself. */
import type { DagSpec } from '../model/dag-spec.js';
import type { ParsedFile } from '../model/dag.js';
import { nearestName } from '../model/nearest-name.js';
import { timePartOf } from '../model/schedule-parts.js';
import { importProblem } from './import-problem.js';

/** The file without the DAGs whose timetable no plugin registers, each of them a problem (UNKNOWN_NAME). */
export function refuseUnknownTimetables(file: ParsedFile, known: ReadonlySet<string>): ParsedFile {
  const errors = file.dags.flatMap(({ spec: { dagId, schedule, position } }) => {
    const unknown = unknownTimetable(schedule, known);
    if (unknown === null) return [];
    return importProblem('UNKNOWN_NAME', file.path, `${dagId}.schedule: no plugin registers a timetable of this name`, {
      line: position?.line ?? null,
      column: position?.column ?? null,
      value: JSON.stringify(unknown),
      allowed: [...known].sort().join(', ') || null,
      suggestion: nearestName(unknown, known),
    });
  });
  if (errors.length === 0) return file;
  const dags = file.dags.filter(({ spec: { schedule } }) => unknownTimetable(schedule, known) === null);
  return { ...file, dags, errors: [...file.errors, ...errors] };
}

/** Name of the timetable that nobody registers; null: there is none. */
function unknownTimetable(schedule: DagSpec['schedule'], known: ReadonlySet<string>): string | null {
  const time = timePartOf(schedule);
  return time.kind === 'custom' && !known.has(time.name) ? time.name : null;
}
