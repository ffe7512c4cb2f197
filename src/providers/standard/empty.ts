import { operator } from '../../sdk/operator.js';

/** The operators that do nothing themselves: the scheduler ends them as soon as they may run. */

type NoOptions = Record<never, never>;

/** A task that does nothing: a join, or a point that others can be ordered by. */
export const empty = operator<NoOptions, undefined>({
  name: 'empty',
  optionNames: [],
  isInstant: true,
  execute: () => undefined,
});

/** Skips its children in a run that is not the newest one of its schedule. Runs by hand go on. */
export const latestOnly = operator<NoOptions, undefined>({
  name: 'latestOnly',
  optionNames: [],
  isInstant: true,
  decides: { kind: 'latestOnly' },
  execute: () => undefined,
});
