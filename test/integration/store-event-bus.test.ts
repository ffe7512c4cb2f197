import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventBus, Topic } from '../../src/ports/event-bus.js';
import { createMemoryEventBus } from '../../src/store/memory/index.js';
import { openPostgresEventBus } from '../../src/store/postgres/index.js';
import { createTestDatabase, withClient, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
const open: EventBus[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

async function openBus(role = 'test'): Promise<EventBus> {
  const bus = await openPostgresEventBus(database.url, { role });
  open.push(bus);
  return bus;
}

/** Resolves at the next hint. */
function next(bus: EventBus, topic: Topic): Promise<void> {
  return new Promise((resolve) => {
    const end = bus.subscribe(topic, () => {
      end();
      resolve();
    });
  });
}

describe('event bus on Postgres', () => {
  it('tells subscribers of other processes, by topic', async () => {
    const [here, there] = [await openBus(), await openBus()];
    const other: string[] = [];
    there.subscribe('dags', () => other.push('dags'));
    const heard = next(there, 'tasks');
    here.publish('tasks');
    await heard;
    expect(other).toEqual([]);
  });

  it('tells its own subscribers at once and only once', async () => {
    const bus = await openBus();
    let count = 0;
    bus.subscribe('runs', () => count++);
    bus.publish('runs');
    await Promise.resolve();
    expect(count).toBe(1);
    const probe = await openBus();
    const echoed = next(probe, 'cancel');
    bus.publish('cancel');
    await echoed;
    expect(count).toBe(1);
  });

  it('sends a burst as few notifications, and loses none of the topics', async () => {
    const [here, there] = [await openBus(), await openBus()];
    const counts = { runs: 0, tasks: 0 };
    there.subscribe('runs', () => counts.runs++);
    there.subscribe('tasks', () => counts.tasks++);
    const started = performance.now();
    for (let burst = 0; burst < 500; burst++) {
      here.publish('runs');
      if (burst === 499) here.publish('tasks');
    }
    if (counts.tasks === 0) await next(there, 'tasks');
    const windows = Math.ceil((performance.now() - started) / 20) + 1;
    expect(counts.runs).toBeGreaterThan(0);
    expect(counts.runs).toBeLessThanOrEqual(windows);
  });

  it('reconnects when its connection is ended, and tells everybody to look', async () => {
    const bus = await openBus('lost');
    const looks = (['dags', 'runs', 'tasks', 'cancel'] as const).map((topic) => next(bus, topic));
    await withClient(database.url, (client) =>
      client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'airflow-like:lost-events'`),
    );
    await Promise.all(looks);
    const there = await openBus();
    const heard = next(bus, 'runs');
    there.publish('runs');
    await heard;
  });

  it('goes on when a listener throws', async () => {
    const bus = await openBus();
    bus.subscribe('dags', () => {
      throw new Error('bad listener');
    });
    const heard = next(bus, 'dags');
    bus.publish('dags');
    await heard;
  });

  it('sends what was published just before it is closed', async () => {
    const [here, there] = [await openBus(), await openBus()];
    here.publish('runs');
    const heard = next(there, 'dags');
    here.publish('dags');
    await here.close();
    await heard;
  });

  it('fails at once when there is no server', async () => {
    const refused = openPostgresEventBus('postgres://u@127.0.0.1:1/x');
    await expect(refused).rejects.toMatchObject({ code: 'DB_CONNECT' });
  });
});

describe('event bus in memory', () => {
  it('tells current subscribers, each subscription once', async () => {
    const bus = createMemoryEventBus();
    const heard: string[] = [];
    const listener = () => heard.push('x');
    const end = bus.subscribe('runs', listener);
    bus.subscribe('runs', listener);
    bus.publish('runs');
    bus.publish('tasks');
    await Promise.resolve();
    expect(heard).toEqual(['x', 'x']);
    end();
    bus.publish('runs');
    await Promise.resolve();
    expect(heard).toHaveLength(3);
    await bus.close();
    bus.publish('runs');
    await Promise.resolve();
    expect(heard).toHaveLength(3);
  });
});
