/** Answers what running tasks ask, from the store, within the run of the asking attempt. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { AttemptStore } from '../../ports/store.js';
import type { TaskChannel } from '../../ports/task-channel.js';
import { listOf } from './input-resolver.js';
import type { OutputShapes } from './output-shapes.js';

/** The run of an attempt, and how the outputs in its DAG look. */
export interface AttemptScope {
  readonly dagRunId: number;
  readonly shapes: OutputShapes;
}

export class StoreTaskChannel implements TaskChannel {
  /** @param scopeOf Undefined for a token that is not under way here. */
  constructor(
    private readonly attempts: Pick<AttemptStore, 'pushXCom' | 'readXComs'>,
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

  private scope(token: AttemptToken): AttemptScope {
    const scope = this.scopeOf(token);
    if (!scope) throw new Error('this attempt is over');
    return scope;
  }
}
