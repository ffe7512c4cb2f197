import { planDagSchedule } from '../core/dag-run/plan-schedule.js';
import type { Timetable } from '../core/timetable/timetable.js';
import type { DagSchedule, DagSchedulePlan } from '../model/dag.js';
import type { Instant } from '../model/instant.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';
import type { FileWatcher } from './file-watcher.js';

const DAGS_PER_PASS = 100;

export interface RunCreatorResult extends ServiceResult {
  readonly createdRuns: number;
  readonly startedRuns: number;
}

/** Creates the runs whose interval has passed and starts queued ones, DAG by DAG under the DAG's lock. A DAG that cannot be planned stops only itself. */
export class RunCreator implements Service<RunCreatorResult> {
  readonly name = 'run-creator';
  readonly #store: SchedulingStore;
  readonly #timetables: ReadonlyMap<string, Timetable>;
  readonly #logger: Logger;
  readonly #files: FileWatcher | null;

  /** @param files Null: nobody looks for files, and what waits for them goes on waiting. */
  constructor(
    store: SchedulingStore,
    timetables: ReadonlyMap<string, Timetable>,
    logger: Logger,
    files: FileWatcher | null = null,
  ) {
    this.#store = store;
    this.#timetables = timetables;
    this.#logger = logger;
    this.#files = files;
  }

  async runOnce(now: Instant): Promise<RunCreatorResult> {
    const plans: [DagSchedule, DagSchedulePlan][] = [];
    const { claimed, createdRuns, startedRuns, errors } = await this.#store.planDueDags(now, DAGS_PER_PASS, (schedule) => {
      const plan = planDagSchedule(schedule, this.#timetables, this.#files?.sightingsFor(schedule));
      plans.push([schedule, plan]);
      return plan;
    });
    if (this.#files) for (const [schedule, plan] of plans) this.#files.planned(schedule, plan);
    const unanswered = plans.flatMap(([{ dag }, { error }]) => (error === undefined ? [] : [{ dagId: dag.dagId, error }]));
    for (const { dagId, error } of [...errors, ...unanswered])
      this.#logger.error({ dagId, err: error }, 'the next run of this DAG cannot be planned');
    return { processed: claimed, more: claimed > 0, createdRuns, startedRuns };
  }
}
