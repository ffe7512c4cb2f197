import type { Timetable } from '../core/timetable/timetable.js';
import type { Actor } from '../model/commit.js';
import type { Clock } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Store } from '../ports/store.js';

/** What every operation is given by whoever carries out a user's wish: the CLI, the API, a test. */
export interface OperationDeps {
  readonly store: Store;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** The user, as the event history names them. */
  readonly actor: Actor;
  /** Timetables of plugins by name. */
  readonly timetables?: ReadonlyMap<string, Timetable>;
}
