/** Where the code of DAG versions lies on this machine. A version is asked of the store once and then known. */
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { materializeBundle } from '../../loading/bundle-cache.js';
import type { DagSpec } from '../../model/dag-spec.js';
import type { BundleLocation } from '../../model/workload.js';
import type { DagCatalog } from '../../ports/store.js';
import { OutputShapes } from '../inputs/output-shapes.js';

export interface LocalVersion {
  readonly bundle: BundleLocation;
  /** File with the registered spec as JSON. */
  readonly specFile: string;
  readonly shapes: OutputShapes;
}

const MAX_VERSIONS = 2_000;

export class VersionCache {
  private readonly versions = new Map<number, LocalVersion>();
  private readonly loading = new Map<number, Promise<LocalVersion>>();

  /** @param cacheRoot Folder for bundles and specs; may be emptied while nothing runs. */
  constructor(
    private readonly catalog: Pick<DagCatalog, 'getVersion' | 'getBundle'>,
    private readonly cacheRoot: string,
    private readonly originalRoot: string,
  ) {}

  /** The version if it is known already: the hot path. */
  get(versionId: number): LocalVersion | undefined {
    const version = this.versions.get(versionId);
    if (version) {
      this.versions.delete(versionId);
      this.versions.set(versionId, version);
    }
    return version;
  }

  /** Rejects with `MissingVersionError` when the store does not have the version, and with what store and file system say. */
  async load(versionId: number): Promise<LocalVersion> {
    const known = this.get(versionId) ?? this.loading.get(versionId);
    if (known) return known;
    const loading = this.fetch(versionId).finally(() => this.loading.delete(versionId));
    this.loading.set(versionId, loading);
    const version = await loading;
    this.versions.set(versionId, version);
    if (this.versions.size > MAX_VERSIONS) this.versions.delete(this.versions.keys().next().value as number);
    return version;
  }

  private async fetch(versionId: number): Promise<LocalVersion> {
    const found = await this.catalog.getVersion(versionId);
    if (!found) throw new MissingVersionError(`DAG version ${versionId} is not in the database`);
    const { version, spec } = found;
    const bundle = await this.catalog.getBundle(version.bundleHash);
    if (!bundle) throw new MissingVersionError(`the code ${version.bundleHash} of DAG version ${versionId} is not in the database`);
    const directory = await materializeBundle(bundle, join(this.cacheRoot, 'bundles'));
    return {
      bundle: {
        hash: version.bundleHash,
        directory,
        entry: bundle.entry,
        exportName: spec.exportName,
        dagId: spec.dagId,
        specHash: version.specHash,
        originalRoot: this.originalRoot,
      },
      specFile: await this.writeSpec(version.specHash, spec),
      shapes: new OutputShapes(spec),
    };
  }

  /** Complete from the moment it exists, as several processes may write it. */
  private async writeSpec(specHash: string, spec: DagSpec): Promise<string> {
    const folder = join(this.cacheRoot, 'specs');
    const file = join(folder, `${specHash}.json`);
    if (existsSync(file)) return file;
    await mkdir(folder, { recursive: true });
    const draft = `${file}.${process.pid}.draft`;
    await writeFile(draft, JSON.stringify(spec));
    await rename(draft, file);
    return file;
  }
}

/** Waiting would not help: what an attempt needs is gone. */
export class MissingVersionError extends Error {
  override readonly name = 'MissingVersionError';
}
