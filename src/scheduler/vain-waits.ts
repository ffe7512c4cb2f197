/** Says of which tasks nothing can become until a person does something: their pool does not exist, or is narrower than they are. */
import type { QueueCandidate } from '../core/queueing/queue-limits.js';
import type { Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import type { Occupancy } from '../model/snapshot.js';
import type { Logger } from '../ports/logger.js';

/** A task that waits in vain is named at once, and as an error each time it has waited this much longer. */
const ALARM_MS = 600_000;

interface Wait {
  readonly since: Instant;
  alarmedAt: Instant;
}

export class VainWaits {
  readonly #logger: Logger;
  /** By DAG, task and pool. */
  readonly #waits = new Map<string, Wait>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Looks at what was about to be admitted, under the occupancy that was counted for it. */
  note(candidates: readonly QueueCandidate[], { pools }: Occupancy, now: Instant): void {
    for (const { view, instance } of candidates) {
      const { pool, poolSlots, taskId } = instance;
      const { dagId } = view.run;
      const key = `${dagId} ${taskId} ${pool}`;
      const slots = pools[pool]?.slots;
      // A pool without slots has been closed by somebody who knows why.
      if (slots !== undefined && (slots <= 0 || poolSlots <= slots)) {
        this.#waits.delete(key);
        continue;
      }
      const wait = this.#waits.get(key);
      if (wait && now < wait.alarmedAt + ALARM_MS) continue;
      if (wait) wait.alarmedAt = now;
      else this.#waits.set(key, { since: now, alarmedAt: now });
      const [code, reason] =
        slots === undefined
          ? ['POOL_UNKNOWN', `waits for the pool "${pool}", which does not exist${suggest(pool, Object.keys(pools))}`]
          : ['POOL_SLOTS', `needs ${poolSlots}, pool "${pool}" has ${slots}`];
      const minutes = Math.round((now - (wait?.since ?? now)) / 60_000);
      const text = `${code}: task ${dagId}.${taskId} ${reason}${minutes > 0 ? `; it has waited for ${minutes} minutes` : ''}`;
      this.#logger[wait ? 'error' : 'warn']({ code, dagId, taskId, pool }, text);
    }
  }
}

function suggest(pool: string, known: readonly string[]): string {
  const nearest = nearestName(pool, known);
  return nearest === null ? '' : `; did you mean "${nearest}"?`;
}
