import type { TaggedJson } from '../model/tagged-json.js';
import type { AttemptToken } from '../model/task-instance.js';

/** What a running task may ask for, scoped to its own attempt. The supervisor serves it; user code never sees the store. */
export interface TaskChannel {
  /** Stores an XCom of the asking task. */
  pushXCom(token: AttemptToken, key: string, value: TaggedJson): Promise<void>;
  /** Reads an XCom of the asking task's run. A mapped source without `mapIndex` gives the list of its copies' values. Undefined: none. */
  pullXCom(token: AttemptToken, request: { taskId: string; key: string; mapIndex: number | null }): Promise<TaggedJson | undefined>;
}
