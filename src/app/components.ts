import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ComponentKind } from '../model/component.js';
import type { Logger } from '../ports/logger.js';
import type { ComponentStore } from '../ports/store.js';
import { version } from './version.js';

export interface RegisteredComponentOptions {
  readonly kind: ComponentKind;
  readonly store: ComponentStore;
  readonly logger: Logger;
  /** How often the lease is renewed, in milliseconds. */
  readonly heartbeatMs: number;
  /** For how long it counts as alive after its last heartbeat, in milliseconds. */
  readonly leaseMs: number;
  /** Whether its loop still makes progress: a component that only exists does not renew its heartbeat. Default: always. */
  readonly isHealthy?: () => boolean;
}

/** A running part of the system, as `info` and the health endpoint show it. */
export class RegisteredComponent {
  readonly id = randomUUID();
  readonly #options: RegisteredComponentOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RegisteredComponentOptions) {
    this.#options = options;
  }

  async start(details: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { kind, store, logger, heartbeatMs, leaseMs, isHealthy } = this.#options;
    const component = { id: this.id, kind, hostname: hostname(), pid: process.pid, version, startedAt: Date.now(), details };
    const renew = async () => {
      // Declared dead although it lives: it says so.
      if (!(await store.heartbeat(this.id, leaseMs))) await store.register(component, leaseMs);
    };
    await store.register(component, leaseMs);
    this.#timer = setInterval(() => {
      if (isHealthy?.() === false) return;
      renew().catch((error: unknown) => logger.warn({ err: error, component: kind }, 'heartbeat failed'));
    }, heartbeatMs).unref();
  }

  /** Never rejects: a store that is away finds out by the lease. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    const { kind, store, logger } = this.#options;
    await store.stopped(this.id).catch((error: unknown) => {
      logger.debug({ err: error, component: kind }, 'the end of this component could not be recorded');
    });
  }
}
