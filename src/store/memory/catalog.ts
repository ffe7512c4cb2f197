/** DAGs, versions and files in memory. */
import type { Dag, DagVersion, ImportProblem, ParsedFile } from '../../model/dag.js';
import type { Instant } from '../../model/instant.js';
import type { DagCatalog, DagListing, SavedFiles } from '../../ports/store.js';
import { assignDags, type Assigned } from '../assign-dags.js';
import { refreshUse, saveAssetReferences } from './asset-references.js';
import type { StoredDag, Tables } from './tables.js';

export function createCatalog(tables: Tables): DagCatalog {
  return {
    async saveFiles(files, now) {
      return saveFiles(tables, files, now);
    },
    async retireFiles(paths) {
      const gone = new Set(paths);
      const retired = [...tables.dags.values()].filter((dag) => gone.has(dag.file) && !dag.isRetired).map((dag) => dag.dagId);
      for (const path of gone) {
        tables.files.delete(path);
        tables.problems.delete(path);
      }
      retire(tables, retired);
      refreshUse(tables);
      return retired.sort();
    },
    async knownFiles() {
      return new Map([...tables.files].map(([path, { contentHash }]) => [path, contentHash]));
    },
    async listDags(filter) {
      const dags = [...tables.dags.values()].filter((dag) => filter?.includeRetired || !dag.isRetired);
      return dags.sort((a, b) => (a.dagId < b.dagId ? -1 : 1)).map((dag) => listing(tables, dag));
    },
    async getDag(dagId) {
      const dag = tables.dags.get(dagId);
      return dag ? listing(tables, dag) : null;
    },
    async getVersion(versionId) {
      return tables.versions.get(versionId) ?? null;
    },
    async listVersions(dagId) {
      return versionsOf(tables, dagId).sort((a, b) => b.number - a.number);
    },
    async getBundle(bundleHash) {
      return tables.bundles.get(bundleHash) ?? null;
    },
    async listImportProblems() {
      // Of two files that import a third, each has the mistakes of the third.
      const all = new Map(
        [...tables.problems.values()]
          .flat()
          .map((one) => [JSON.stringify([one.file, one.line, one.column, one.code, one.message]), one]),
      );
      return [...all.values()].sort(byPlace);
    },
    async setPaused(dagIds, isPaused, reason, actor, now) {
      const changed: string[] = [];
      for (const dagId of dagIds) {
        const dag = tables.dags.get(dagId);
        if (!dag) continue;
        const pausedReason = isPaused ? (reason ?? dag.pausedReason) : null;
        if (dag.isPaused !== isPaused) {
          const [from, to] = isPaused ? ['active', 'paused'] : ['paused', 'active'];
          tables.record({ entity: 'dag', entityId: dagId, dagRunId: null, from: from!, to: to!, token: null, actor, reason });
          changed.push(dagId);
        }
        if (dag.isPaused !== isPaused || dag.pausedReason !== pausedReason) {
          tables.dags.set(dagId, {
            ...dag,
            isPaused,
            pausedReason,
            checkAt: isPaused ? null : now,
            assetCheckAt: isPaused ? null : now,
            activeSince: isPaused ? dag.activeSince : now,
          });
        }
      }
      return changed.sort();
    },
    async deleteDag(dagId, actor) {
      if (!tables.dags.has(dagId)) return 'missing';
      const runs = tables.runsOf(dagId);
      const ids = new Set(runs.map((run) => run.id));
      if ([...tables.liveAttempts.values()].some((attempt) => ids.has(attempt.dagRunId))) return 'running';
      for (const run of runs) tables.deleteRun(run);
      for (const { id, bundleHash } of versionsOf(tables, dagId)) {
        tables.versions.delete(id);
        if (![...tables.versions.values()].some(({ version }) => version.bundleHash === bundleHash))
          tables.bundles.delete(bundleHash);
      }
      for (const backfill of tables.backfills.values()) if (backfill.dagId === dagId) tables.backfills.delete(backfill.id);
      tables.dags.delete(dagId);
      tables.assetReferences.delete(dagId);
      tables.assetQueues.delete(dagId);
      refreshUse(tables);
      tables.watchedFiles.delete(dagId);
      tables.deleteEvents((event) => (event.dagRunId !== null ? ids.has(event.dagRunId) : event.entityId === dagId));
      tables.record({
        entity: 'dag',
        entityId: dagId,
        dagRunId: null,
        from: null,
        to: 'deleted',
        token: null,
        actor,
        reason: null,
      });
      return 'deleted';
    },
  };
}

function saveFiles(tables: Tables, files: readonly ParsedFile[], now: Instant): SavedFiles {
  const latest = [...new Map(files.map((file) => [file.path, file])).values()];
  const assigned = assignDags(latest, [...tables.dags.values()]);
  const changed = assigned.saved.filter((entry) => saveDag(tables, entry, now)).map((entry) => entry.dag.spec.dagId);
  retire(tables, assigned.retired);
  for (const { dag } of assigned.saved) saveAssetReferences(tables, dag.spec, now);
  refreshUse(tables);
  for (const file of latest) {
    const problems = [...file.errors, ...assigned.duplicates.filter((problem) => problem.file === file.path)];
    if (problems.length > 0) tables.problems.set(file.path, problems);
    else tables.problems.delete(file.path);
    tables.files.set(file.path, { contentHash: file.contentHash });
    for (const dag of tables.dags.values()) {
      const hasImportErrors = problems.length > 0;
      if (dag.file === file.path && dag.hasImportErrors !== hasImportErrors)
        tables.dags.set(dag.dagId, { ...dag, hasImportErrors });
    }
  }
  return { changed: changed.sort(), retired: assigned.retired, problems: assigned.duplicates };
}

/** True when the DAG is new, came back or got another version. */
function saveDag(tables: Tables, { file, dag: { spec, specHash }, bundleHash }: Assigned['saved'][number], now: Instant): boolean {
  const { dagId } = spec;
  const versions = versionsOf(tables, dagId);
  let version = versions.find((known) => known.specHash === specHash && known.bundleHash === bundleHash);
  if (!version) {
    version = Object.freeze({ id: tables.nextId(), dagId, number: versions.length + 1, specHash, bundleHash, createdAt: now });
    tables.versions.set(version.id, { version, spec });
    if (file.bundle && !tables.bundles.has(bundleHash)) tables.bundles.set(bundleHash, file.bundle);
  }
  const old = tables.dags.get(dagId);
  const isChanged = !old || old.isRetired || old.currentVersionId !== version.id;
  const isPaused = old?.isPaused ?? spec.isPausedUponCreation ?? false;
  tables.dags.set(dagId, {
    dagId,
    isPaused,
    pausedReason: old?.pausedReason ?? null,
    isRetired: false,
    currentVersionId: version.id,
    versionNumber: version.number,
    file: file.path,
    nextRun: old?.nextRun ?? null,
    lastParsedAt: now,
    hasImportErrors: old?.hasImportErrors ?? false,
    checkAt: isPaused ? null : isChanged ? now : old.checkAt,
    assetCheckAt: old?.assetCheckAt ?? null,
    activeSince: old?.activeSince ?? null,
  });
  return isChanged;
}

/** Codes of files that wanted an id which another file has. */
const REFUSALS = new Set(['DAG_DUPLICATE', 'ID_CONFUSABLE']);

function retire(tables: Tables, dagIds: readonly string[]): void {
  for (const dagId of dagIds) {
    tables.dags.set(dagId, { ...tables.dags.get(dagId)!, isRetired: true, checkAt: null, assetCheckAt: null, nextRun: null });
    // Files that wanted the id count as changed, now that its owner has let go.
    for (const [path, problems] of tables.problems) {
      const wanted = problems.some(({ code, value }) => REFUSALS.has(code) && value?.toLowerCase() === dagId.toLowerCase());
      if (wanted && tables.files.has(path)) tables.files.set(path, { contentHash: '' });
    }
  }
}

function versionsOf(tables: Tables, dagId: string): DagVersion[] {
  return [...tables.versions.values()].map(({ version }) => version).filter((version) => version.dagId === dagId);
}

function listing(tables: Tables, stored: StoredDag): DagListing {
  return { dag: readDag(stored), spec: tables.versions.get(stored.currentVersionId)!.spec };
}

/** What others may see of a DAG's row. */
export function readDag(stored: StoredDag): Dag {
  const { checkAt: _checkAt, assetCheckAt: _assetCheckAt, ...dag } = stored;
  return Object.freeze(dag);
}

function byPlace(a: ImportProblem, b: ImportProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? Infinity) - (b.column ?? Infinity) || 0;
}
