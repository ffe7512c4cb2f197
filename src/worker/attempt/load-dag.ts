/**
 * Gives a thread the DAG of a version, ready to run: evaluates its bundle, wires it and compares the graph with the registered one, once
 * per version. The last versions used stay warm; the author's modules are evaluated anew for another bundle, never replaced in place.
 */
import { readFile } from 'node:fs/promises';
import { readBundle } from '../../loading/bundle-cache.js';
import { evaluateBundle } from '../../loading/evaluate-bundle.js';
import { canonicalJson } from '../../model/canonical-json.js';
import type { DagSpec } from '../../model/dag-spec.js';
import { AirflowLikeError } from '../../model/errors.js';
import type { BundleLocation } from '../../model/workload.js';
import { collectDags } from '../../sdk/collect-dags.js';
import type { DagDefinition } from '../../sdk/build-dag.js';
import { hashSpec } from '../../sdk/spec-hash.js';
import { describeSpecDifference } from './spec-difference.js';

/** What `runAttempt` needs of a DAG: its spec and one instance per attempt. */
export type RunnableDag = Pick<DagDefinition, 'spec' | 'createInstance'>;

/** Evaluated bundles that a thread keeps. */
const MAX_WARM = 50;

export class DagLoader {
  private readonly warm = new Map<string, Promise<RunnableDag>>();

  constructor(private readonly originalRoot: string) {}

  /**
   * @param specFile File with the registered spec, read only when the graph differs.
   * @throws what the author's module throws while it is evaluated; AirflowLikeError D105 when the graph is not the registered one.
   */
  load(location: BundleLocation, specFile: string): Promise<RunnableDag> {
    const key = keyOf(location);
    const known = this.warm.get(key);
    if (known) {
      this.warm.delete(key);
      this.warm.set(key, known);
      return known;
    }
    const loading = this.evaluate(location, specFile);
    this.warm.set(key, loading);
    // What could not be loaded is tried again by the next attempt: the reason may be gone.
    loading.catch(() => this.warm.delete(key));
    if (this.warm.size > MAX_WARM) this.warm.delete(this.warm.keys().next().value as string);
    return loading;
  }

  /** True when this DAG has been evaluated in this thread and is kept. */
  isWarm(location: BundleLocation): boolean {
    return this.warm.has(keyOf(location));
  }

  private async evaluate(location: BundleLocation, specFile: string): Promise<RunnableDag> {
    const bundle = await readBundle(location.directory);
    const exports = await evaluateBundle(bundle, { originalRoot: location.originalRoot || this.originalRoot });
    const read = (cronDataIntervals: boolean) => {
      const { dags, problems } = collectDags(exports, bundle.entry, null, { cronDataIntervals });
      return { dag: dags.find(({ spec }) => spec.dagId === location.dagId), problem: problems[0]?.message };
    };
    const { dag, problem } = read(true);
    if (dag && hashSpec(dag.spec) === location.specHash) return dag;
    const registered = JSON.parse(await readFile(specFile, 'utf8')) as DagSpec;
    // How a plain schedule was read is part of the version, whatever the configuration says by now.
    const other = read(false).dag;
    const isOther = other !== undefined && canonicalJson(other.spec.schedule) === canonicalJson(registered.schedule);
    const found = isOther ? other : dag;
    if (!found) throw graphDiffers(location, problem ?? `the file does not define the DAG ${location.dagId} here`);
    const difference = describeSpecDifference(registered, found.spec);
    if (difference !== null) throw graphDiffers(location, difference);
    return found;
  }
}

function keyOf({ hash, dagId, specHash }: BundleLocation): string {
  return `${hash} ${dagId} ${specHash}`;
}

function graphDiffers(location: BundleLocation, difference: string): AirflowLikeError {
  return new AirflowLikeError('D105', {
    place: location.entry,
    message:
      `${difference}. The graph made here is not the one that was registered: wiring must give the same result every time, ` +
      'so it must not depend on the clock, random numbers, environment variables or files',
  });
}
