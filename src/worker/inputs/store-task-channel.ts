/** Answers what running tasks ask, from the store and the settings, within the run of the asking attempt. */
import { choosePulled, planPull } from '../../core/xcom/pull.js';
import { displacedAssets, displacementText } from '../../core/asset/displaced.js';
import { assetKeyText, type AssetEvent, type AssetRef } from '../../model/asset.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import { checkExternalQuery } from '../../model/external-states.js';
import type { TaskFact } from '../../model/task-fact.js';
import type { AttemptToken } from '../../model/task-instance.js';
import { isSecretName } from '../../model/secret-names.js';
import type { XComPull } from '../../model/xcom.js';
import type { SettingsSource } from '../../ports/settings-source.js';
import type { AssetEventFilter, AttemptStore } from '../../ports/store.js';
import { MOST_ASSET_EVENTS, type AssetEventQuery, type RenderedFields, type TaskChannel } from '../../ports/task-channel.js';
import { listOf } from './input-resolver.js';
import type { OutputShapes } from './output-shapes.js';
import { storableFields } from './rendered-fields.js';

/** The task instance of an attempt, how the outputs in its DAG look, and what its secrets are by now. */
export interface AttemptScope {
  readonly dagRunId: number;
  readonly taskId: string;
  readonly shapes: OutputShapes;
  /** What the task reads. */
  readonly inlets: readonly AssetRef[];
  /** What it writes. */
  readonly outlets: readonly AssetRef[];
  /** Values the attempt was given that must not be seen in what is kept of it. */
  readonly secrets: Set<string>;
}

export interface StoreTaskChannelOptions {
  readonly attempts: Pick<
    AttemptStore,
    | 'pushXCom'
    | 'pullXComs'
    | 'readXComs'
    | 'setRendered'
    | 'previousSuccess'
    | 'countCopies'
    | 'readExternalStates'
    | 'readAssetEvents'
    | 'findAssetsLike'
  >;
  readonly settings: SettingsSource;
  /** Most characters that are kept of a rendered field. */
  readonly maxRenderedLength: number;
  /** Undefined for a token that is not under way here. */
  readonly scopeOf: (token: AttemptToken) => AttemptScope | undefined;
}

export class StoreTaskChannel implements TaskChannel {
  constructor(private readonly options: StoreTaskChannelOptions) {}

  async pushXCom(token: AttemptToken, key: string, value: TaggedJson): Promise<void> {
    this.scope(token);
    if (!(await this.options.attempts.pushXCom(token, key, value))) throw noLongerCounts();
  }

  async pullXCom(token: AttemptToken, pull: XComPull): Promise<TaggedJson | undefined> {
    const { dagRunId, taskId, shapes } = this.scope(token);
    const rows = await this.options.attempts.pullXComs(dagRunId, planPull(pull, taskId));
    const value = choosePulled(pull, taskId, rows);
    const source = pull.taskIds ?? taskId;
    const isListOfLists = pull.mapIndexes === 'all' && pull.key === 'return_value' && rows.length > 1;
    // A copy that works through several elements hands on a list: together they are one list, as for the tasks that take it as an argument.
    return isListOfLists && typeof source === 'string' && shapes.isChunked(source) ? listOf(value as TaggedJson[], true) : value;
  }

  async lookUp(token: AttemptToken, fact: TaskFact): Promise<TaggedJson | undefined> {
    const { dagRunId, taskId, inlets, outlets, secrets } = this.scope(token);
    const { attempts, settings } = this.options;
    switch (fact.kind) {
      case 'previousSuccess': {
        const run = await attempts.previousSuccess(dagRunId);
        if (!run) return undefined;
        const { dataInterval, startedAt, endedAt } = run;
        return { dataInterval: dataInterval && { start: dataInterval.start, end: dataInterval.end }, startedAt, endedAt };
      }
      case 'expandedCount':
        return attempts.countCopies(dagRunId, taskId);
      case 'displacedAssets': {
        const keys = [...inlets, ...outlets].flatMap((ref) => (ref.kind === 'asset' ? [ref.asset] : []));
        return keys.length === 0 ? [] : displacedAssets(keys, await attempts.findAssetsLike(keys)).map(displacementText);
      }
      case 'externalStates':
        checkExternalQuery(fact.query);
        // Plain data of numbers and texts: its own tagged form.
        return (await attempts.readExternalStates(fact.query)) as unknown as TaggedJson;
      case 'variable': {
        const value = await settings.variable(fact.key);
        if (value !== undefined && isSecretName(fact.key)) secrets.add(value);
        return value;
      }
      case 'connection': {
        const connection = await settings.connection(fact.connId);
        if (connection?.password) secrets.add(connection.password).add(encodeURIComponent(connection.password));
        return connection && { ...connection };
      }
    }
  }

  async saveRendered(token: AttemptToken, fields: RenderedFields): Promise<void> {
    const { secrets } = this.scope(token);
    const kept = storableFields(fields, [...secrets], this.options.maxRenderedLength);
    if (!(await this.options.attempts.setRendered(token, kept))) throw noLongerCounts();
  }

  async readCopies(
    token: AttemptToken,
    { taskId, from, to }: { taskId: string; from: number; to: number },
  ): Promise<readonly TaggedJson[]> {
    const { dagRunId, shapes } = this.scope(token);
    const [found = []] = await this.options.attempts.readXComs([{ dagRunId, taskId, key: 'return_value', copies: { from, to } }]);
    return listOf(
      found.map(({ value }) => value),
      shapes.isChunked(taskId),
    );
  }

  async readAssetEvents(token: AttemptToken, { of, after, before, limit }: AssetEventQuery): Promise<readonly AssetEvent[]> {
    const { dagRunId, inlets } = this.scope(token);
    const events = await this.options.attempts.readAssetEvents({
      ...(of.kind === 'trigger' ? { triggeredRun: dagRunId } : inletFilter(of, inlets)),
      ...(after !== null && { after: Number(after) }),
      ...(before !== null && { before: Number(before) }),
      newestFirst: true,
      limit: Math.min(Math.max(1, Math.trunc(Number(limit)) || 1), MOST_ASSET_EVENTS),
    });
    return events.toReversed();
  }

  private scope(token: AttemptToken): AttemptScope {
    const scope = this.options.scopeOf(token);
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

function noLongerCounts(): Error {
  return new Error('this attempt no longer counts: it was cleared or taken over');
}
