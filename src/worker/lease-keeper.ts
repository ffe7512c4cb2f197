/**
 * Keeps the lease of a process alive and acts when it cannot: after two thirds of the lease without a confirmed renewal everything that
 * runs here is killed, well before anybody may take it over. It also asks which attempts were taken away.
 */
import { formatDuration } from '../model/duration.js';
import type { AttemptToken } from '../model/task-instance.js';
import type { Component } from '../model/component.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { AttemptStore, ComponentStore } from '../ports/store.js';

/** How often a process renews its lease and for how long each renewal lasts, in milliseconds. */
export interface LeaseTimes {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
}

/** Without a confirmed renewal for this part of the lease it counts as lost, measured from before the last confirmed one was sent. */
const FENCE = 2 / 3;
const MAX_CHECK_MS = 1_000;
/** So often within one lease the keeper looks at its own clock, at least. */
const CHECKS_PER_LEASE = 30;

/** What the keeper needs of an executor. The supervisor fits it. */
export interface LeaseHolder {
  running(): readonly AttemptToken[];
  cancel(token: AttemptToken, reason: string): void;
  /** Kills everything at once and reports nothing. */
  abandon(reason: string): void;
}

export interface LeaseKeeperOptions {
  readonly component: Omit<Component, 'heartbeatAt' | 'leaseUntil' | 'stoppedAt'>;
  readonly components: ComponentStore;
  readonly attempts: Pick<AttemptStore, 'findRevoked'>;
  readonly bus: EventBus;
  /** Null for a process that runs no attempts: it only shows that it lives. */
  readonly holder: LeaseHolder | null;
  readonly logger: Logger;
  readonly times: LeaseTimes;
  /** Shown with the component, for example how many slots are free. */
  readonly details?: () => Readonly<Record<string, unknown>>;
}

export class LeaseKeeper {
  private confirmedAt = 0;
  private isLost = false;
  private timers: NodeJS.Timeout[] = [];
  private unsubscribe: () => void = () => undefined;
  private beating: Promise<void> | null = null;
  private checking: Promise<void> | null = null;

  private readonly fenceMs: number;

  constructor(private readonly options: LeaseKeeperOptions) {
    this.fenceMs = options.times.leaseMs * FENCE;
  }

  /** True while attempts may be claimed: the lease is confirmed. */
  get isHeld(): boolean {
    return !this.isLost && performance.now() - this.confirmedAt < this.fenceMs;
  }

  /** Registers the component and begins to renew. Rejects when the store cannot be reached. */
  async start(): Promise<void> {
    const { component, components, bus, times } = this.options;
    const sentAt = performance.now();
    await components.register(component, times.leaseMs);
    this.confirmedAt = sentAt;
    this.timers = [
      setInterval(() => this.beat(), times.heartbeatMs),
      // A process that was frozen looks at its lease before it does anything else.
      setInterval(() => this.fence(), Math.min(MAX_CHECK_MS, times.leaseMs / CHECKS_PER_LEASE)),
    ];
    this.unsubscribe = bus.subscribe('cancel', () => void this.cancelRevoked());
  }

  /** Ends the renewals and says that the component stopped. Never rejects: a store that is away finds out by the lease. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.unsubscribe();
    await this.beating;
    await this.checking;
    try {
      await this.options.components.stopped(this.options.component.id);
    } catch (error) {
      this.options.logger.debug({ err: error }, 'the end of this component could not be recorded');
    }
  }

  private beat(): void {
    this.fence();
    this.beating ??= this.renew().finally(() => (this.beating = null));
    void this.cancelRevoked();
  }

  private fence(): void {
    const { holder } = this.options;
    if (this.isLost || performance.now() - this.confirmedAt < this.fenceMs) return;
    this.isLost = true;
    holder?.abandon(`no heartbeat was confirmed for ${formatDuration(this.fenceMs)}`);
  }

  private async renew(): Promise<void> {
    const { components, component, holder, logger, details, times } = this.options;
    const sentAt = performance.now();
    try {
      if (!(await components.heartbeat(component.id, times.leaseMs, { ...component.details, ...details?.() }))) {
        // Swept as lost: its attempts are others' now. The component itself may go on, with nothing.
        holder?.abandon('the lease of this process was taken away');
        await components.register(component, times.leaseMs);
      }
      this.confirmedAt = sentAt;
      this.isLost = false;
    } catch (error) {
      logger.warn({ err: error, sinceMs: Math.round(performance.now() - this.confirmedAt) }, 'a heartbeat could not be sent');
    }
  }

  /** One question at a time; a hint during one is answered by the next heartbeat at the latest. */
  private cancelRevoked(): Promise<void> {
    this.checking ??= this.findAndCancel().finally(() => (this.checking = null));
    return this.checking;
  }

  private async findAndCancel(): Promise<void> {
    const { attempts, holder, logger } = this.options;
    const tokens = holder?.running() ?? [];
    if (tokens.length === 0) return;
    try {
      for (const token of await attempts.findRevoked(tokens))
        holder?.cancel(token, 'the attempt was taken away: cleared, marked or deleted');
    } catch (error) {
      logger.debug({ err: error }, 'revoked attempts could not be looked up');
    }
  }
}
