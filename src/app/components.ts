import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ComponentKind } from '../model/component.js';
import type { Logger } from '../ports/logger.js';
import type { ComponentStore } from '../ports/store.js';
import { version } from './version.js';

const HEARTBEAT_MS = 5_000;
const LEASE_MS = 30_000;

/** A running part of the system, as `info` and the health endpoint show it. */
export class RegisteredComponent {
  readonly id = randomUUID();
  readonly kind: ComponentKind;
  readonly #store: ComponentStore;
  readonly #isHealthy: () => boolean;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;

  /** `isHealthy` says whether its loop still makes progress: a component that only exists does not renew its heartbeat. */
  constructor(kind: ComponentKind, store: ComponentStore, logger: Logger, isHealthy: () => boolean = () => true) {
    this.kind = kind;
    this.#store = store;
    this.#logger = logger;
    this.#isHealthy = isHealthy;
  }

  async start(details: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const component = { id: this.id, kind: this.kind, hostname: hostname(), pid: process.pid, version, startedAt: Date.now(), details };
    await this.#store.register(component, LEASE_MS);
    this.#timer = setInterval(() => {
      if (!this.#isHealthy()) return;
      this.#store.heartbeat(this.id, LEASE_MS).catch((error: unknown) => {
        this.#logger.warn({ err: error, component: this.kind }, 'heartbeat failed');
      });
    }, HEARTBEAT_MS).unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    await this.#store.stopped(this.id);
  }
}
