import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical-json.js';
import type { DagSpec } from '../model/dag-spec.js';

/** SHA-256 (hex) of the canonical JSON of a spec: equal graphs and options give equal hashes, in whatever order they were written. */
export function hashSpec(spec: DagSpec): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}
