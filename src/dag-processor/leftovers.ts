/**
 * What evaluating a file left behind in its process. A child is kept for the next file only when nothing did: open handles, timers,
 * globals, listeners, a changed environment or prototype all mean that the next file would not start from the same ground.
 * Changed state inside an npm package is not seen; it is bounded by replacing children after a number of files.
 */
import type { EvaluationObserver } from '../loading/evaluate-bundle.js';

/** A point of comparison, taken before a file is evaluated. */
export interface Ground {
  readonly resources: ReadonlyMap<string, number>;
  readonly fingerprint: string;
}

const PROTOTYPES = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Promise.prototype,
  Date.prototype,
] as const;
const SINGLETONS = [Object, JSON, Math, Date, Promise, console, process] as const;
/** Come and go with output and file access; say nothing about what stays open. */
const HARMLESS = new Set([
  'PipeWrap',
  'MessagePort',
  'FSReqCallback',
  'FSReqPromise',
  'TTYWrap',
  'CloseReq',
  'SimpleWriteWrap',
  'WriteWrap',
  'Immediate',
  'TickObject',
]);

/** Node's own threads and channels come and go with listeners of these. */
const OWN_EVENTS = new Set(['exit', 'newListener', 'removeListener', 'warning', 'internalMessage']);

export function takeGround(): Ground {
  const fingerprint = JSON.stringify([
    Object.getOwnPropertyNames(globalThis).sort(),
    [...PROTOTYPES, ...SINGLETONS].map((owner) => Reflect.ownKeys(owner).length),
    [Date.now, Math.random, JSON.stringify, console.log, globalThis.fetch].map((method) => String(method).length),
    process
      .eventNames()
      .filter((name) => !OWN_EVENTS.has(String(name)))
      .map((name) => [String(name), process.listenerCount(name)]),
    process.cwd(),
    process.title,
    process.umask(),
    Object.entries(process.env).sort(),
  ]);
  return { resources: openResources(), fingerprint };
}

/** Names of the kinds of resources that are open now and were not at `ground`, for example `TCPServerWrap`, `Timeout`. */
export function newResources(ground: Ground): readonly string[] {
  return [...openResources()].filter(([kind, count]) => count > (ground.resources.get(kind) ?? 0)).map(([kind]) => kind);
}

/** Why this process cannot be kept; null when it stands as it stood at `ground`. */
export function whatChanged(ground: Ground): string | null {
  const resources = newResources(ground);
  if (resources.length > 0) return `left open: ${resources.join(', ')}`;
  return takeGround().fingerprint === ground.fingerprint ? null : 'changed globals, listeners or the environment';
}

function openResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!HARMLESS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Follows an evaluation: what runs now, what was slow, and after which module a resource was open. */
export class ModuleWatch implements EvaluationObserver {
  readonly #ground: Ground;
  readonly #running: string[] = [];
  readonly #openedBy = new Map<string, string>();
  #slowest: { module: string; ms: number } | null = null;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** The module being evaluated or waited for. */
  get current(): string | null {
    return this.#running.at(-1) ?? null;
  }

  get slowest(): { readonly module: string; readonly ms: number } | null {
    return this.#slowest;
  }

  started(module: string): void {
    this.#running.push(module);
  }

  finished(module: string, ms: number): void {
    const at = this.#running.lastIndexOf(module);
    if (at >= 0) this.#running.splice(at, 1);
    if (this.#slowest === null || ms > this.#slowest.ms) this.#slowest = { module, ms };
    for (const kind of newResources(this.#ground)) if (!this.#openedBy.has(kind)) this.#openedBy.set(kind, module);
  }

  /** The module after which `kind` was first open. */
  opener(kind: string): string | null {
    return this.#openedBy.get(kind) ?? null;
  }
}
