import { planDagSchedule } from '../core/dag-run/plan-schedule.js';
import type { Timetable } from '../core/timetable/timetable.js';
import type { Instant } from '../model/instant.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { SchedulingStore } from '../ports/store.js';

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

  constructor(store: SchedulingStore, timetables: ReadonlyMap<string, Timetable>, logger: Logger) {
    this.#store = store;
    this.#timetables = timetables;
    this.#logger = logger;
  }

  async runOnce(now: Instant): Promise<RunCreatorResult> {
    const { claimed, createdRuns, startedRuns, errors } = await this.#store.planDueDags(now, DAGS_PER_PASS, (schedule) =>
      planDagSchedule(schedule, this.#timetables),
    );
    for (const { dagId, error } of errors) this.#logger.error({ dagId, err: error }, 'the next run of this DAG cannot be planned');
    return { processed: claimed, more: claimed > 0, createdRuns, startedRuns };
  }
}
