/** Which file of a batch may hold which DAG. Shared by both stores, so that they cannot disagree. */
import type { ImportProblem, ParsedFile } from '../model/dag.js';

/** A DAG as the store knows it before the batch. */
export interface KnownDag {
  readonly dagId: string;
  readonly file: string;
  readonly isRetired: boolean;
}

export interface Assigned {
  /** DAGs to save, with the file that holds them from now on. Every one has a bundle. */
  readonly saved: readonly { readonly file: ParsedFile; readonly dag: ParsedFile['dags'][number]; readonly bundleHash: string }[];
  /** Live DAGs that their file no longer holds. */
  readonly retired: readonly string[];
  /** DAG_DUPLICATE, one per DAG id that another live file owns; ID_CONFUSABLE for an id that differs only by case from a live one. */
  readonly duplicates: readonly ImportProblem[];
}

/**
 * The first live owner keeps a DAG id: a file that was known before, else the first path of the batch. A file with errors neither
 * changes nor gives up its DAGs. A DAG may move between files of one batch.
 */
export function assignDags(files: readonly ParsedFile[], known: readonly KnownDag[]): Assigned {
  const inOrder = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const sound = inOrder.filter((file) => file.errors.length === 0);
  const idsOf = new Map(sound.map((file) => [file.path, new Set(file.dags.map(({ spec }) => spec.dagId))]));
  const owners = new Map<string, string>();
  const retired = new Set<string>();
  for (const { dagId, file, isRetired } of known) {
    if (isRetired) continue;
    const ids = idsOf.get(file);
    if (ids && !ids.has(dagId)) retired.add(dagId);
    else owners.set(dagId, file);
  }
  const spellings = new Map([...owners.keys()].map((dagId) => [dagId.toLowerCase(), dagId]));
  const saved: { file: ParsedFile; dag: ParsedFile['dags'][number]; bundleHash: string }[] = [];
  const duplicates: ImportProblem[] = [];
  for (const file of sound) {
    for (const dag of file.dags) {
      const { dagId, position } = dag.spec;
      const owner = owners.get(dagId) ?? file.path;
      if (owner !== file.path || file.bundle === null) {
        if (owner !== file.path)
          duplicates.push(
            refusal('DAG_DUPLICATE', dagId, `the DAG id is already defined in ${owner}; rename one of them`, file.path, position),
          );
        continue;
      }
      const spelling = spellings.get(dagId.toLowerCase()) ?? dagId;
      if (spelling !== dagId && owners.has(spelling)) {
        duplicates.push(
          refusal('ID_CONFUSABLE', dagId, confusable(dagId, spelling, owners.get(spelling) as string), file.path, position),
        );
        continue;
      }
      spellings.set(dagId.toLowerCase(), dagId);
      owners.set(dagId, file.path);
      retired.delete(dagId);
      saved.push({ file, dag, bundleHash: file.bundle.hash });
    }
  }
  return { saved, retired: [...retired].sort(), duplicates };
}

const confusable = (dagId: string, other: string, owner: string): string =>
  `"${dagId}" differs only by case from "${other}" in ${owner}; rename one of them`;

function refusal(
  code: 'DAG_DUPLICATE' | 'ID_CONFUSABLE',
  dagId: string,
  message: string,
  file: string,
  position: { line: number; column: number } | null,
): ImportProblem {
  return {
    code,
    message,
    file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    value: dagId,
    allowed: null,
    suggestion: null,
    stack: null,
  };
}
