/** Parsed DagSpecs by version id. A version never changes, so an entry is right for ever; the oldest go when there are too many. */
import type { DagSpec } from '../../model/dag-spec.js';
import { listParameter } from './columns.js';
import type { Session, Statement } from './session.js';

const CAPACITY = 2_000;

const LOAD: Statement = {
  name: 'load_specs',
  text: 'select dag_version_id, spec from dag_version where dag_version_id = any ($1::bigint[])',
};

export class SpecCache {
  private readonly specs = new Map<number, DagSpec>();

  /** The specs of these versions; unknown versions are missing from the map. */
  async load(session: Session, versionIds: Iterable<number>): Promise<ReadonlyMap<number, DagSpec>> {
    const found = new Map<number, DagSpec>();
    const missing: number[] = [];
    for (const id of new Set(versionIds)) {
      const spec = this.specs.get(id);
      if (spec) found.set(id, spec);
      else missing.push(id);
    }
    if (missing.length > 0) {
      for (const row of await session.run<{ dag_version_id: number; spec: string }>(LOAD, [listParameter(missing)])) {
        const spec = JSON.parse(row.spec) as DagSpec;
        found.set(row.dag_version_id, spec);
        this.specs.set(row.dag_version_id, spec);
      }
      for (const oldest of this.specs.keys()) {
        if (this.specs.size <= CAPACITY) break;
        this.specs.delete(oldest);
      }
    }
    return found;
  }
}
