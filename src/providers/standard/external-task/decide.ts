import type { ExternalDate } from '../../../model/external-states.js';
import type { StateRules } from './options.js';

/** What of one date is in one state: instances of tasks, or the run itself. */
export interface Standing {
  /** Null: tasks of which the run has no instance. */
  readonly state: string | null;
  /** How many tasks, and the first of them; null where the run itself is meant. */
  readonly tasks: number;
  readonly taskId: string | null;
}

export type Verdict =
  | { readonly kind: 'done' }
  /** The first date, and what of it decided. */
  | { readonly kind: 'failed' | 'skipped'; readonly date: ExternalDate<Date>; readonly standing: Standing }
  /** The dates that are not as they should be. */
  | { readonly kind: 'waiting'; readonly dates: readonly ExternalDate<Date>[] };

/**
 * Whether what is waited for is there. A failed state anywhere decides first, then a skipped one; it is done when at every date there is something and all
 * of it is in an allowed state: a mapped task with all its copies, a group with all its tasks.
 */
export function decideExternal(dates: readonly ExternalDate<Date>[], isRun: boolean, rules: StateRules): Verdict {
  for (const kind of ['failed', 'skipped'] as const) {
    for (const date of dates) {
      const standing = standingsOf(date, isRun).find(({ state }) => state !== null && rules[kind].has(state));
      if (standing) return { kind, date, standing };
    }
  }
  const open = dates.filter((date) => {
    const standings = standingsOf(date, isRun);
    return standings.length === 0 || standings.some(({ state }) => state === null || !rules.allowed.has(state));
  });
  return open.length === 0 ? { kind: 'done' } : { kind: 'waiting', dates: open };
}

/** None where there is no run. */
export function standingsOf({ run, counts }: ExternalDate<Date>, isRun: boolean): readonly Standing[] {
  if (!isRun) return counts;
  return run ? [{ state: run.state, tasks: 1, taskId: null }] : [];
}
