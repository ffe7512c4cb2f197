/** What the supervisor lets a runner ask about other DAGs: the runner's own check is not trusted. */
import { describe, expect, it } from '@jest/globals';
import { environmentSettings } from '../../../src/config/environment-settings.js';
import type { ExternalQuery, ExternalStates } from '../../../src/model/external-states.js';
import { createMemoryStore } from '../../../src/store/memory/index.js';
import { VirtualClock } from '../../../src/testing/index.js';
import { OutputShapes } from '../../../src/worker/inputs/output-shapes.js';
import { StoreTaskChannel } from '../../../src/worker/inputs/store-task-channel.js';
import { dagSpec } from '../../support/dag-specs.js';

const QUERY: ExternalQuery = { dagId: 'x', target: { kind: 'run' }, logicalDates: [0] };
const ANSWER: ExternalStates = { dag: 'paused', unknown: [], dates: [] };

function channelOf() {
  const asked: ExternalQuery[] = [];
  const { attempts } = createMemoryStore(new VirtualClock(0));
  const readExternalStates = async (query: ExternalQuery) => {
    asked.push(query);
    return ANSWER;
  };
  const scope = {
    dagRunId: 1,
    taskId: 't',
    shapes: new OutputShapes(dagSpec('d')),
    inlets: [],
    outlets: [],
    secrets: new Set<string>(),
  };
  const channel = new StoreTaskChannel({
    attempts: { ...attempts, readExternalStates },
    settings: environmentSettings({}),
    maxRenderedLength: 100,
    scopeOf: (token) => (token === 'live' ? scope : undefined),
  });
  return {
    asked,
    ask: (query: unknown, token = 'live') => channel.lookUp(token, { kind: 'externalStates', query: query as ExternalQuery }),
  };
}

describe('a question about other DAGs', () => {
  it('goes to the store for an attempt under way, and for no other', async () => {
    const { asked, ask } = channelOf();
    expect(await ask(QUERY)).toEqual(ANSWER);
    await expect(ask(QUERY, 'over')).rejects.toThrow('this attempt is over');
    expect(asked).toEqual([QUERY]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['too many dates', { ...QUERY, logicalDates: Array.from({ length: 1_001 }, (_, index) => index) }],
    ['no dates', { ...QUERY, logicalDates: [] }],
    ['texts as dates', { ...QUERY, logicalDates: ['2024-01-01'] }],
    ['too many tasks', { ...QUERY, target: { kind: 'tasks', taskIds: Array.from({ length: 1_001 }, () => 'a') } }],
    ['a DAG without an id', { ...QUERY, dagId: '' }],
  ])('is refused with %s', async (_what, query) => {
    const { asked, ask } = channelOf();
    await expect(ask(query)).rejects.toThrow();
    expect(asked).toEqual([]);
  });
});
