import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../src/app/client.js';
import { RunFeed } from '../../../src/app/run-feed.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { EventBus } from '../../../src/ports/event-bus.js';
import type { DagListing } from '../../../src/ports/store.js';
import { dagRun, dagSpec } from '../../support/dag-specs.js';
import { silentLogger } from '../../support/postgres.js';

const START = 1_000_000;

function feedOver({ runs = [], dags = [] }: { runs?: DagRun[]; dags?: DagListing[] }): { feed: RunFeed; lines: string[] } {
  const lines: string[] = [];
  const client = {
    clock: { now: () => START },
    store: {
      runs: { listEndedRuns: async (since: number) => runs.filter(({ endedAt }) => endedAt !== null && endedAt > since) },
      catalog: { listDags: async () => [...dags] },
    },
  } as unknown as Client;
  return { feed: new RunFeed(client, (line) => lines.push(line.trim()), false), lines };
}

const ended = (id: number, endedAt: number): DagRun =>
  dagRun({ id, runId: `run-${id}`, state: 'success', startedAt: endedAt, endedAt });
const listing = (dagId: string): DagListing =>
  ({ dag: { dagId, currentVersionId: 1 }, spec: dagSpec(dagId) }) as unknown as DagListing;

describe('the runs that a terminal shows', () => {
  it('are shown once each, also one whose end is stored long after it, when others have ended since', async () => {
    const runs = [ended(2, START + 9_000)];
    const { feed, lines } = feedOver({ runs });
    await feed.showEndedRuns();
    runs.push(ended(1, START + 500));
    await feed.showEndedRuns();
    await feed.showEndedRuns();
    expect(lines.map((line) => /run-\d/.exec(line)?.[0])).toEqual(['run-2', 'run-1']);
  });

  it('are not those of an earlier life', async () => {
    const { feed, lines } = feedOver({ runs: [ended(1, START - 1), ended(2, START + 1)] });
    await feed.showEndedRuns();
    await feed.showEndedRuns();
    expect(lines).toHaveLength(1);
  });

  it('come with the DAGs that were saved after the first look and before anybody listened', async () => {
    const dags = [listing('first')];
    const { feed, lines } = feedOver({ dags });
    await feed.showDags();
    dags.push(listing('second'));
    const bus: EventBus = { publish: () => undefined, subscribe: () => () => undefined, close: async () => undefined };
    await feed.follow(bus, 60_000, silentLogger).stop();
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['first', 'second']);
  });
});
