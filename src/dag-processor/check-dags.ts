/** `dags check`: types, imports and lint of a DAGs folder, for a user's CI. Needs no database and changes nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportProblem, ParsedFile } from '../model/dag.js';
import { AirflowLikeError } from '../model/errors.js';
import { refuseUnknownTimetables } from './check-timetables.js';
import { ChildPool, type ChildPoolOptions } from './child-pool.js';
import { importProblem } from './import-problem.js';
import { lintFile } from './lint-file.js';
import { scanFolder } from './scan-folder.js';
import { typeCheck } from './type-check.js';

export interface CheckRequest extends ChildPoolOptions {
  /** The folder of the user's `package.json`. */
  readonly projectRoot: string;
  readonly dagsFolder: string;
  readonly pluginsFolder: string | null;
  /** Names of the timetables that plugins register. Default: they are not checked. */
  readonly timetables?: ReadonlySet<string>;
  /** Of the configuration; default: true. */
  readonly cronDataIntervals?: boolean;
}

export interface CheckedDags {
  readonly files: number;
  readonly dags: number;
  /** With any of these, the check has failed. */
  readonly errors: readonly ImportProblem[];
  readonly warnings: readonly ImportProblem[];
  /** Why types were not checked; null: they were. */
  readonly typeCheckSkipped: string | null;
}

export async function checkDags(request: CheckRequest): Promise<CheckedDags> {
  const { dagsFolder, pluginsFolder, cronDataIntervals = true } = request;
  const scan = await scanFolder(dagsFolder);
  const paths = [...scan.files.keys()];
  const folderWarnings = scan.warnings.map((warning) => importProblem('DAGS_FOLDER_MISSING', '.', warning));
  if (scan.identity === null)
    return { files: 0, dags: 0, errors: folderWarnings, warnings: [], typeCheckSkipped: 'there is nothing to check' };
  const faults: string[] = [];
  const pool = new ChildPool({ ...request, onFault: (reason) => void faults.push(reason) });
  try {
    const [types, parsed, lint] = await Promise.all([
      typeCheck(request),
      Promise.all(paths.map((path) => pool.parse({ dagsFolder, pluginsFolder, path, cronDataIntervals }))),
      Promise.all(paths.map(async (path) => lintFile(path, await readFile(join(dagsFolder, path), 'utf8').catch(() => '')))),
    ]);
    if (faults[0] !== undefined) throw new AirflowLikeError('INTERNAL', { message: faults[0] });
    const { timetables } = request;
    const answered = parsed.filter((file) => file !== null);
    const files = timetables ? answered.map((file) => refuseUnknownTimetables(file, timetables)) : answered;
    return {
      files: paths.length,
      dags: files.reduce((count, file) => count + file.dags.length, 0),
      errors: inOrder([
        ...(types.kind === 'done' ? withoutSyntax(types.problems, files) : []),
        ...files.flatMap(({ errors }) => errors),
        ...duplicates(files),
      ]),
      warnings: inOrder([...folderWarnings, ...files.flatMap((file) => warningsOf(file, files)), ...lint.flat()]),
      typeCheckSkipped: types.kind === 'skipped' ? types.reason : null,
    };
  } finally {
    await pool.close();
  }
}

/** What the compiler could not read is told once: the type checker's word on the same file (codes below TS2000) adds nothing. */
function withoutSyntax(types: readonly ImportProblem[], files: readonly ParsedFile[]): readonly ImportProblem[] {
  const unreadable = new Set(files.filter(({ bundle }) => bundle === null).map(({ path }) => path));
  return types.filter(({ file, message }) => !(unreadable.has(file) && /\(TS1\d{3}\)/.test(message)));
}

/** A file without a DAG is worth a word only when no other file imports it. */
function warningsOf(file: ParsedFile, all: readonly ParsedFile[]): readonly ImportProblem[] {
  const isImported = all.some((other) => other.path !== file.path && other.bundle?.files.some(({ path }) => path === file.path));
  return file.warnings.filter(({ code }) => code !== 'NO_DAG_FOUND' || !isImported);
}

function duplicates(files: readonly ParsedFile[]): readonly ImportProblem[] {
  const owners = new Map<string, { readonly dagId: string; readonly path: string }>();
  const problems: ImportProblem[] = [];
  for (const { path, dags } of files) {
    for (const { spec } of dags) {
      const key = spec.dagId.toLowerCase();
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, { dagId: spec.dagId, path });
      if (owner === undefined || owner.path === path) continue;
      const place = { line: spec.position?.line ?? null, column: spec.position?.column ?? null, value: spec.dagId };
      problems.push(
        owner.dagId === spec.dagId
          ? importProblem('DAG_DUPLICATE', path, `the DAG id is already defined in ${owner.path}; rename one of them`, place)
          : importProblem(
              'ID_CONFUSABLE',
              path,
              `"${spec.dagId}" differs only by case from "${owner.dagId}" in ${owner.path}; rename one of them`,
              place,
            ),
      );
    }
  }
  return problems;
}

function inOrder(problems: readonly ImportProblem[]): readonly ImportProblem[] {
  return [...problems].sort(
    (a, b) => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}
