import { randomBytes } from 'node:crypto';
import { runIdFor } from '../core/dag-run/run-id.js';
import { assetKeyText, type Asset } from '../model/asset.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DagRun } from '../model/dag-run.js';
import type { TriggeredBy } from '../model/states.js';
import { checkParams } from './check-params.js';
import { findAsset, type AssetQuery } from './find-asset.js';
import { findLiveDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';

/**
 * Runs the DAG that writes an asset. There must be one such DAG and no more; on a paused one the run waits.
 * @throws AirflowLikeError NOT_FOUND (no such asset, or no DAG writes it), STATE_CONFLICT (several do), REQUEST_INVALID, PARAM_INVALID.
 */
export async function materializeAsset(
  deps: OperationDeps,
  request: { readonly asset: AssetQuery; readonly triggeredBy?: TriggeredBy; readonly triggeringUser?: string },
): Promise<DagRun> {
  const { store, bus, clock, actor } = deps;
  const asset = await findAsset(store, request.asset);
  const dagId = await producerOf(deps, asset);
  const { spec } = await findLiveDag(store, dagId);
  await checkParams(spec.params, {});
  const now = clock.now();
  const create = (runId: string) =>
    store.runs.createRun(
      dagId,
      {
        runId,
        runType: 'asset_materialization',
        triggeredBy: request.triggeredBy ?? 'cli',
        logicalDate: null,
        dataInterval: null,
        runAfter: now,
        conf: {},
        backfillId: null,
        state: 'queued',
        note: null,
        ...(request.triggeringUser !== undefined && { triggeringUser: request.triggeringUser }),
      },
      actor,
      now,
    );
  let created = await create(runIdFor('asset_materialization', now));
  // Two may be asked for in the same millisecond; only their ids are in each other's way.
  if ('exists' in created) created = await create(runIdFor('asset_materialization', now, randomBytes(4).toString('hex')));
  if ('exists' in created)
    throw new AirflowLikeError('RUN_EXISTS', { place: `DAG ${dagId}`, message: `run ${created.exists.runId} exists` });
  bus.publish('runs');
  return created.run;
}

async function producerOf({ store }: OperationDeps, asset: Asset): Promise<string> {
  const references = await store.assets.listReferences();
  const producers = new Set(
    references.flatMap(({ dagId, role, ref }) =>
      role === 'outlet' && ref.kind === 'asset' && assetKeyText(ref.asset) === assetKeyText(asset) ? [dagId] : [],
    ),
  );
  const [producer, ...others] = producers;
  if (producer === undefined)
    throw new AirflowLikeError('NOT_FOUND', {
      place: 'asset',
      message: 'no DAG has this asset among its outlets',
      value: asset.name,
    });
  if (others.length === 0) return producer;
  throw new AirflowLikeError('STATE_CONFLICT', {
    place: `asset ${asset.name}`,
    message: `several DAGs write it (${[producer, ...others].join(', ')}); trigger the one that is meant`,
  });
}
