import type { AssetEvent } from '../model/asset.js';
import type { Instant } from '../model/instant.js';
import type { TaggedJson } from '../model/tagged-json.js';
import type { TaskFact } from '../model/task-fact.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { XComPull } from '../model/xcom.js';

/** What a running task may ask for, scoped to its own attempt. The supervisor serves it; user code never sees the store. */
export interface TaskChannel {
  /** Stores an XCom of the asking task. */
  pushXCom(token: AttemptToken, key: string, value: TaggedJson): Promise<void>;
  /** Reads XComs of the asking task's DAG; see `core/xcom/pull.ts`. Undefined: there is none. */
  pullXCom(token: AttemptToken, pull: XComPull): Promise<TaggedJson | undefined>;
  /** Undefined: there is no such fact. */
  lookUp(token: AttemptToken, fact: TaskFact): Promise<TaggedJson | undefined>;
  /** Keeps the template fields of this attempt as they were rendered, by name. */
  saveRendered(token: AttemptToken, fields: RenderedFields): Promise<void>;
  /** Return values of the copies of a mapped task with map indexes in `[from, to)`, in order. */
  readCopies(token: AttemptToken, request: { taskId: string; from: number; to: number }): Promise<readonly TaggedJson[]>;
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

export type RenderedFields = { readonly [field: string]: TaggedJson };
