/** Answers what running tasks ask, from the store, within the run of the asking attempt. */
import { assetKeyText, type AssetEvent, type AssetRef } from '../../model/asset.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { AssetEventFilter, AttemptStore } from '../../ports/store.js';
import { MOST_ASSET_EVENTS, type AssetEventQuery, type TaskChannel } from '../../ports/task-channel.js';
import { listOf } from './input-resolver.js';
import type { OutputShapes } from './output-shapes.js';

/** The run of an attempt, and how the outputs in its DAG look. */
export interface AttemptScope {
  readonly dagRunId: number;
  readonly shapes: OutputShapes;
  /** What the task reads. */
  readonly inlets: readonly AssetRef[];
}

export class StoreTaskChannel implements TaskChannel {
  /** @param scopeOf Undefined for a token that is not under way here. */
  constructor(
    private readonly attempts: Pick<AttemptStore, 'pushXCom' | 'readXComs' | 'readAssetEvents'>,
    private readonly scopeOf: (token: AttemptToken) => AttemptScope | undefined,
  ) {}

  async pushXCom(token: AttemptToken, key: string, value: TaggedJson): Promise<void> {
    this.scope(token);
    if (!(await this.attempts.pushXCom(token, key, value)))
      throw new Error('this attempt no longer counts: it was cleared or taken over');
  }

  async pullXCom(
    token: AttemptToken,
    request: { taskId: string; key: string; mapIndex: number | null },
  ): Promise<TaggedJson | undefined> {
    const { dagRunId, shapes } = this.scope(token);
    const { taskId, key, mapIndex } = request;
    const copies = mapIndex === null ? {} : { copies: { from: mapIndex, to: mapIndex + 1 } };
    const [found = []] = await this.attempts.readXComs([{ dagRunId, taskId, key, ...copies }]);
    const values = found.map(({ value }) => value);
    if (mapIndex !== null || !shapes.hasCopies(taskId)) return values[0];
    return listOf(values, key === 'return_value' && shapes.isChunked(taskId));
  }

  async readAssetEvents(token: AttemptToken, { of, after, before, limit }: AssetEventQuery): Promise<readonly AssetEvent[]> {
    const { dagRunId, inlets } = this.scope(token);
    const events = await this.attempts.readAssetEvents({
      ...(of.kind === 'trigger' ? { triggeredRun: dagRunId } : inletFilter(of, inlets)),
      ...(after !== null && { after: Number(after) }),
      ...(before !== null && { before: Number(before) }),
      newestFirst: true,
      limit: Math.min(Math.max(1, Math.trunc(Number(limit)) || 1), MOST_ASSET_EVENTS),
    });
    return events.toReversed();
  }

  private scope(token: AttemptToken): AttemptScope {
    const scope = this.scopeOf(token);
    if (!scope) throw new Error('this attempt is over');
    return scope;
  }
}

/** A task looks through what it reads and nothing else. */
function inletFilter(of: Exclude<AssetEventQuery['of'], { kind: 'trigger' }>, inlets: readonly AssetRef[]): AssetEventFilter {
  const inlet = inlets.find((ref) =>
    ref.kind === 'asset'
      ? of.kind === 'asset' && assetKeyText(ref.asset) === assetKeyText(of)
      : of.kind === 'alias' && ref.alias.name === of.name,
  );
  if (!inlet) throw new Error('this is not among the inlets of the task');
  return inlet.kind === 'asset' ? { asset: { name: inlet.asset.name, uri: inlet.asset.uri } } : { alias: inlet.alias.name };
}
