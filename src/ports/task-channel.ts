import type { AssetEvent } from '../model/asset.js';
import type { Instant } from '../model/instant.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { AttemptToken } from '../model/task-instance.js';

/** What a running task may ask for, scoped to its own attempt. The supervisor serves it; user code never sees the store. */
export interface TaskChannel {
  /** Stores an XCom of the asking task. */
  pushXCom(token: AttemptToken, key: string, value: TaggedJson): Promise<void>;
  /** Reads an XCom of the asking task's run. A mapped source without `mapIndex` gives the list of its copies' values. Undefined: none. */
  pullXCom(token: AttemptToken, request: { taskId: string; key: string; mapIndex: number | null }): Promise<TaggedJson | undefined>;
  /** Events of an inlet of the asking task, or those for which its run was made; the newest of them, oldest first. */
  readAssetEvents(token: AttemptToken, query: AssetEventQuery): Promise<readonly AssetEvent[]>;
}

/** Most events that one question is answered with. */
export const MOST_ASSET_EVENTS = 10_000;

export interface AssetEventQuery {
  readonly of:
    | { readonly kind: 'asset'; readonly name: string; readonly uri: string }
    | { readonly kind: 'alias'; readonly name: string }
    | { readonly kind: 'trigger' };
  /** Both inclusive; null: open. */
  readonly after: Instant | null;
  readonly before: Instant | null;
  readonly limit: number;
}
