/** Whether the plugins of this installation have the timetables that DAG files name. A file cannot know that by itself. */
import type { ParsedFile } from '../model/dag.js';
import { nearestName } from '../model/nearest-name.js';
import { importProblem } from './import-problem.js';

/** The file without the DAGs whose timetable no plugin registers, each of them a problem (UNKNOWN_NAME). */
export function refuseUnknownTimetables(file: ParsedFile, known: ReadonlySet<string>): ParsedFile {
  const errors = file.dags.flatMap(({ spec: { dagId, schedule, position } }) => {
    if (schedule.kind !== 'custom' || known.has(schedule.name)) return [];
    return importProblem('UNKNOWN_NAME', file.path, `${dagId}.schedule: no plugin registers a timetable of this name`, {
      line: position?.line ?? null,
      column: position?.column ?? null,
      value: JSON.stringify(schedule.name),
      allowed: [...known].sort().join(', ') || null,
      suggestion: nearestName(schedule.name, known),
    });
  });
  if (errors.length === 0) return file;
  const dags = file.dags.filter(({ spec: { schedule } }) => schedule.kind !== 'custom' || known.has(schedule.name));
  return { ...file, dags, errors: [...file.errors, ...errors] };
}
