import type { ImportProblem } from '../model/dag.js';
import { buildDag, type DagDefinition, type DagSource } from './build-dag.js';
import { DEFAULT_READING, type ScheduleReading } from './read-schedule.js';
import type { DagClass } from './dag.js';
import { reportMisuse, sourceOfClass, sourceOfDefinition } from './dag-sources.js';
import { definitionPartsOf, isDagFamily } from './define-dag.js';
import { dagDeclarationOf, taskDeclarationsOf } from './metadata.js';
import { ProblemList, type TemplateChecker } from './problems.js';
import type { PlaceFinder } from './place-finder.js';
import { isThenable } from './recorder.js';

/** Finds the DAGs of a file in what the file exports, and nowhere else: importing a file registers nothing. */

export interface CollectedDags {
  readonly dags: readonly DagDefinition[];
  /** Mistakes; a DAG with one is not among `dags`. */
  readonly problems: readonly ImportProblem[];
  readonly warnings: readonly ImportProblem[];
}

/**
 * Wires each exported DAG once and checks everything, so that all mistakes of the file come together.
 * @param file the entry file, relative to the DAGs folder, with `/`.
 * @param places finds exact places in the source text; without it, mistakes in options are placed at their decorator or call.
 * @param reading how the installation reads a plain schedule.
 * @param templates checks the template fields of operators; null: they are not checked.
 */
export function collectDags(
  moduleExports: Readonly<Record<string, unknown>>,
  file: string,
  places: PlaceFinder | null = null,
  reading: ScheduleReading = DEFAULT_READING,
  templates: TemplateChecker | null = null,
): CollectedDags {
  const problems = new ProblemList(file, places, templates);
  const warnings = new ProblemList(file, places);
  const found = findDags(moduleExports, problems, warnings);
  if (found.length === 0 && problems.count === 0 && warnings.count === 0) {
    warnings.add('NO_DAG_FOUND', {
      place: file,
      message: 'the file exports no DAG; if it defines one, export it',
      allowed: 'a class with @dag(), or what defineDag(...) or defineDags(...) returned',
    });
  }
  const dags: DagDefinition[] = [];
  for (const { value, exportName } of found) {
    const parts = definitionPartsOf(value);
    const source: DagSource | null = parts
      ? sourceOfDefinition(parts, exportName, problems)
      : sourceOfClass(value as DagClass, exportName, problems);
    const dag = source && buildDag(source, file, problems, warnings, reading);
    if (dag) dags.push(dag);
  }
  return { dags: withoutRepeats(dags, problems), problems: problems.all, warnings: warnings.all };
}

interface FoundDag {
  readonly value: object;
  readonly exportName: string;
}

function findDags(moduleExports: Readonly<Record<string, unknown>>, problems: ProblemList, warnings: ProblemList): FoundDag[] {
  const found: FoundDag[] = [];
  const lists: { readonly items: readonly unknown[]; readonly exportName: string }[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown, exportName: string): void => {
    if (seen.has(value)) return;
    if (typeof value === 'object' || typeof value === 'function') seen.add(value);
    if (isDagFamily(value)) value.dags.forEach((dag) => visitMember(dag, exportName));
    else if (isDag(value)) found.push({ value: value as object, exportName });
    else if (Array.isArray(value)) lists.push({ items: value, exportName });
    else checkOther(value, exportName, problems, warnings);
  };
  const visitMember = (value: unknown, exportName: string): void => {
    if (isDag(value)) return visit(value, exportName);
    problems.add(
      'EXPORT_INVALID',
      {
        place: exportName,
        message: 'the function given to defineDags returned something that is no DAG',
        value,
        allowed: 'a class with @dag(), or what defineDag(...) returned',
      },
      problems.exported(exportName),
    );
  };
  // Sorted, because the order of exports differs between module formats; `default` last, so that a DAG is known by its own name.
  const names = Object.keys(moduleExports).filter((name) => name !== '__esModule' && name !== 'default');
  for (const name of names.sort()) visit(moduleExports[name], name);
  if ('default' in moduleExports) visit(moduleExports['default'], 'default');
  for (const { items, exportName } of lists) {
    if (!items.some((item) => (isDag(item) || isDagFamily(item)) && !seen.has(item))) continue;
    const message = 'this is a list of DAGs; make it with defineDags(manifest, (entry) => ...), or export each DAG by itself';
    problems.add('EXPORT_INVALID', { place: `export ${exportName}`, message }, problems.exported(exportName));
  }
  return found;
}

function isDag(value: unknown): boolean {
  return definitionPartsOf(value) !== null || (typeof value === 'function' && dagDeclarationOf(value) !== null);
}

/** Exports that are no DAG are fine, unless somebody seems to have meant one. */
function checkOther(value: unknown, exportName: string, problems: ProblemList, warnings: ProblemList): void {
  const place = `export ${exportName}`;
  const position = problems.exported(exportName);
  if (typeof value === 'function') {
    const prototype = (value as { prototype?: object }).prototype;
    const tasks = prototype ? taskDeclarationsOf(prototype) : [];
    if (!prototype || tasks.length === 0) return;
    // In every case a mistake, also when the class is not meant to be a DAG.
    const misused = tasks.filter((declaration) => declaration.misuse !== null);
    misused.forEach((declaration) => reportMisuse(declaration, declaration.position, problems));
    if (misused.length === tasks.length) return;
    // A class without `wire` may be the base of others, and is no mistake by itself.
    const list = 'wire' in prototype || exportName === 'default' ? problems : warnings;
    list.add('EXPORT_INVALID', { place, message: `class ${value.name} has @task() methods but no @dag()` }, tasks[0]?.position);
  } else if (typeof value === 'object' && value !== null && dagDeclarationOf(value.constructor ?? Object) !== null) {
    problems.add(
      'EXPORT_INVALID',
      {
        place,
        message: `this is an instance of a DAG class; export the class ${value.constructor.name} itself`,
      },
      position,
    );
  } else if (isThenable(value)) {
    problems.add('EXPORT_INVALID', { place, message: 'this is a promise; await it before it is exported' }, position);
  } else if (exportName === 'default' && (typeof value !== 'object' || value === null)) {
    problems.add('EXPORT_INVALID', { place, message: 'this cannot be a DAG', value }, position);
  }
}

function withoutRepeats(dags: readonly DagDefinition[], problems: ProblemList): DagDefinition[] {
  const byId = new Map<string, DagDefinition>();
  for (const dag of dags) {
    const { dagId, position } = dag.spec;
    const key = dagId.toLowerCase();
    const known = byId.get(key);
    if (!known) {
      byId.set(key, dag);
    } else if (known.spec.dagId === dagId) {
      const where = known.spec.position ? ` on line ${known.spec.position.line}` : '';
      problems.add(
        'DAG_DUPLICATE',
        { place: dagId, message: `"${dagId}" is already defined in this file${where}; give one its own dagId` },
        () => position,
      );
    } else {
      problems.add(
        'ID_CONFUSABLE',
        { place: dagId, message: `"${dagId}" and "${known.spec.dagId}" differ only by case`, value: dagId },
        () => position,
      );
    }
  }
  return [...byId.values()];
}
