/**
 * Hints over LISTEN/NOTIFY: one channel, a connection of its own that is never in a transaction, a topic as payload. Losing it costs only
 * time: it reconnects with jitter, and after every LISTEN all subscribers are told to look, because something may have been missed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { EventBus, Topic } from '../../ports/event-bus.js';
import type { Logger } from '../../ports/logger.js';
import { connect } from './connection.js';

export interface PostgresEventBusOptions {
  /** Shown as `application_name`: `airflow-like:<role>-events`. */
  readonly role?: string;
  readonly logger?: Logger;
}

const CHANNEL = 'airflow_like_event';
const TOPICS: readonly Topic[] = ['dags', 'runs', 'tasks', 'cancel', 'callbacks'];
/** At most one NOTIFY per topic in this time: a commit with NOTIFY takes a lock of the whole database. */
const DEBOUNCE_MS = 20;
const HEALTH_CHECK_MS = 10_000;
const QUERY_DEADLINE_MS = 5_000;
const MAX_RECONNECT_MS = 2_000;

/**
 * Connects and listens. Later losses of the connection are mended in the background.
 *
 * @throws AirflowLikeError DB_CONNECT when the first connection fails
 */
export async function openPostgresEventBus(url: string, options: PostgresEventBusOptions = {}): Promise<EventBus> {
  const bus = new PostgresEventBus(url, options);
  await bus.listen();
  return bus;
}

class PostgresEventBus implements EventBus {
  private readonly listeners = new Map<Topic, Set<() => void>>();
  private readonly pending = new Set<Topic>();
  private client: pg.Client | null = null;
  private debounce: NodeJS.Timeout | null = null;
  private health: NodeJS.Timeout | null = null;
  private isClosed = false;
  /** Names this bus in payloads, so that it does not hear itself. */
  private readonly id = Math.random().toString(36).slice(2, 10);

  constructor(
    private readonly url: string,
    private readonly options: PostgresEventBusOptions,
  ) {}

  async listen(): Promise<void> {
    const client = await connect({ url: this.url, role: `${this.options.role ?? 'app'}-events` });
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    client.on('end', () => this.lose(client));
    client.on('error', () => this.lose(client));
    await withDeadline(client, `listen ${CHANNEL}`);
    if (this.isClosed) return void client.end();
    this.client = client;
    this.health = setInterval(() => {
      withDeadline(client, 'select pg_listening_channels()').catch(() => this.lose(client));
    }, HEALTH_CHECK_MS);
    this.health.unref();
    for (const topic of TOPICS) this.tell(topic);
    if (this.pending.size > 0) this.scheduleSend();
  }

  publish(topic: Topic): void {
    if (this.isClosed) return;
    queueMicrotask(() => this.tell(topic));
    this.pending.add(topic);
    this.scheduleSend();
  }

  subscribe(topic: Topic, listener: () => void): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners);
    // A wrapper, so that the same function may be subscribed twice.
    const entry = () => listener();
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.debounce) clearTimeout(this.debounce);
    if (this.health) clearInterval(this.health);
    this.listeners.clear();
    const { client } = this;
    this.client = null;
    // What was published just now still goes out: others should not have to wait for their next poll.
    if (client && this.pending.size > 0) await this.send(client).catch(() => undefined);
    await client?.end().catch(() => undefined);
  }

  private receive(payload: string): void {
    const [sender, topic] = payload.split(':');
    if (sender !== this.id) this.tell(topic as Topic);
  }

  private tell(topic: Topic): void {
    for (const listener of this.listeners.get(topic) ?? []) {
      try {
        listener();
      } catch (error) {
        this.options.logger?.error({ err: error, topic }, 'a listener for events threw');
      }
    }
  }

  /** The first hint goes out at once, those within the debounce time after it together. */
  private scheduleSend(): void {
    if (this.debounce || !this.client) return;
    const { client } = this;
    this.debounce = setTimeout(() => {
      this.debounce = null;
      if (this.pending.size > 0) this.scheduleSend();
    }, DEBOUNCE_MS);
    this.debounce.unref();
    this.send(client).catch(() => this.lose(client));
  }

  private async send(client: pg.Client): Promise<void> {
    const topics = [...this.pending];
    this.pending.clear();
    try {
      for (const topic of topics) await withDeadline(client, `notify ${CHANNEL}, '${this.id}:${topic}'`);
    } catch (error) {
      for (const topic of topics) this.pending.add(topic);
      throw error;
    }
  }

  private lose(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = null;
    if (this.health) clearInterval(this.health);
    client.end().catch(() => undefined);
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    for (let attempt = 0; !this.isClosed; attempt++) {
      await sleep(Math.random() * Math.min(MAX_RECONNECT_MS, 50 * 2 ** Math.min(attempt, 6)), undefined, { ref: false });
      if (this.isClosed) return;
      try {
        await this.listen();
        return;
      } catch (error) {
        this.options.logger?.debug({ err: error, attempt }, 'the event connection cannot be opened');
      }
    }
  }
}

/** Runs a statement; when no answer comes, the socket is given up. */
async function withDeadline(client: pg.Client, text: string): Promise<void> {
  const timer = setTimeout(() => {
    const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }, QUERY_DEADLINE_MS);
  try {
    await client.query(text);
  } finally {
    clearTimeout(timer);
  }
}
