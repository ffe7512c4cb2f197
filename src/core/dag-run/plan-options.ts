import type { Timetable } from '../timetable/timetable.js';

/** What planning a run depends on beside the run itself. */
export interface PlanOptions {
  /** Most copies that one mapped task may have in one run. */
  readonly maxMapLength: number;
  /**
   * How far one pass follows what it changes down the graph: in each round every task is judged by the states before the round, and the tasks below
   * what changed come in the next. Default: until nothing changes any more. A pass that is cut short wants to be called again at once.
   */
  readonly maxRounds?: number;
  /** Timetables of plugins by name, for tasks that ask whether their run is the latest one. */
  readonly timetables?: ReadonlyMap<string, Timetable>;
}

export const DEFAULT_PLAN_OPTIONS: PlanOptions = { maxMapLength: 1024 };
