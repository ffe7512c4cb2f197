import type { Instant } from './instant.js';

export const COMPONENT_KINDS = ['scheduler', 'dag-processor', 'worker', 'triggerer', 'api-server'] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** A running part of the system. Identity is a random UUID per start; host and pid are labels. */
export interface Component {
  readonly id: string;
  readonly kind: ComponentKind;
  readonly hostname: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: Instant;
  readonly heartbeatAt: Instant;
  /** Until when its attempts are its own; a worker whose lease has ended has lost them. */
  readonly leaseUntil: Instant;
  readonly stoppedAt: Instant | null;
  /** Slots of a worker, queues it serves... */
  readonly details: Readonly<Record<string, unknown>>;
}
