/** Answers what running tasks ask, from the store, within the run of the asking attempt. */
import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { AttemptStore } from '../../ports/store.js';
import type { TaskChannel } from '../../ports/task-channel.js';

/** The run of an attempt, and which tasks of its DAG are mapped. */
export interface AttemptScope {
  readonly dagRunId: number;
  readonly mappedTasks: ReadonlySet<string>;
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
    const { dagRunId, mappedTasks } = this.scope(token);
    const { taskId, key, mapIndex } = request;
    const [values = []] = await this.attempts.readXComs([{ dagRunId, taskId, key }]);
    if (mapIndex !== null) return values.find((one) => one.mapIndex === mapIndex)?.value;
    if (mappedTasks.has(taskId)) return values.map(({ value }) => value);
    return values[0]?.value;
  }

  private scope(token: AttemptToken): AttemptScope {
    const scope = this.scopeOf(token);
    if (!scope) throw new Error('this attempt is over');
    return scope;
  }
}
