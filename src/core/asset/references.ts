import type { AssetReference } from '../../model/asset.js';
import type { DagSpec } from '../../model/dag-spec.js';
import { assetConditionOf } from '../../model/schedule-parts.js';
import { refsOf } from './condition.js';

/** Every place where a DAG names an asset or an alias. */
export function assetReferencesOf({ dagId, schedule, tasks }: DagSpec): readonly AssetReference[] {
  const condition = assetConditionOf(schedule);
  const references: AssetReference[] = [];
  for (const ref of condition ? refsOf(condition) : []) references.push({ dagId, role: 'schedule', taskId: null, ref });
  for (const { taskId, outlets, inlets } of tasks) {
    for (const ref of outlets) references.push({ dagId, role: 'outlet', taskId, ref });
    for (const ref of inlets) references.push({ dagId, role: 'inlet', taskId, ref });
  }
  return references;
}
