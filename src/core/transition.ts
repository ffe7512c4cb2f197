import { AirflowLikeError } from '../model/errors.js';
import type { Actor } from '../model/commit.js';

/** One legal move of an entity between states, as data: docs, constraints and tests are made from these. */
export interface Transition<State extends string> {
  /** States it may start from. */
  readonly from: readonly State[];
  /** States it may lead to. With more than one, the caller names the destination. */
  readonly to: readonly [State, ...State[]];
  /** Who may take it. */
  readonly actors: readonly Actor['kind'][];
  /** When it is taken, as a sentence. */
  readonly when: string;
}

/**
 * The state that `transition` leads to from `from`.
 * @param wanted Names the destination where the transition has several; ignored where it has one.
 * @throws AirflowLikeError INTERNAL when the table does not allow it; it names the entity, the state and the transition.
 */
export function destinationOf<State extends string>(
  entity: string,
  name: string,
  transition: Transition<State>,
  from: State,
  wanted: State | undefined,
): State {
  if (!transition.from.includes(from)) {
    throw new AirflowLikeError('INTERNAL', {
      place: entity,
      message: `the transition "${name}" is not allowed in state "${from}"`,
      allowed: transition.from.join(', '),
    });
  }
  if (transition.to.length === 1) return transition.to[0];
  const destination = transition.to.find((state) => state === wanted);
  if (destination !== undefined) return destination;
  throw new AirflowLikeError('INTERNAL', {
    place: entity,
    message: `the transition "${name}" needs a destination`,
    value: wanted,
    allowed: transition.to.join(', '),
  });
}

/** @throws AirflowLikeError INTERNAL when `actor` may not take `transition`. */
export function checkActor<State extends string>(entity: string, name: string, { actors }: Transition<State>, actor: Actor): void {
  if (actors.includes(actor.kind)) return;
  throw new AirflowLikeError('INTERNAL', { place: entity, message: `a ${actor.kind} may not take the transition "${name}"` });
}
