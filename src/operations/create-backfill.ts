import { estimateMs } from '../core/backfill/estimate.js';
import {
  defaultReprocessBehavior,
  planBackfill as planRuns,
  type BackfillPlan as RunPlan,
} from '../core/backfill/plan-backfill.js';
import { planRerun } from '../core/dag-run/plan-rerun.js';
import type { Backfill, ReprocessBehavior } from '../model/backfill.js';
import type { DagRun } from '../model/dag-run.js';
import { AirflowLikeError } from '../model/errors.js';
import type { DataInterval, Instant } from '../model/instant.js';
import { nearestName } from '../model/nearest-name.js';
import { FINISHED_RUN_STATES } from '../model/states.js';
import type { AdoptedRun } from '../ports/backfill-store.js';
import type { DagListing } from '../ports/store.js';
import { checkParams } from './check-params.js';
import { findLiveDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';
import { checkConf, type Conf } from './parse-conf.js';

export interface BackfillRequest {
  readonly dagId: string;
  /** Bounds of the logical date, both inclusive. */
  readonly from: Instant;
  readonly to: Instant;
  /** Runs of the backfill that go on side by side, beside the DAG's own `maxActiveRuns`. Default: 10. */
  readonly maxActiveRuns?: number;
  /** `conf` of the runs it creates. Default: empty. */
  readonly conf?: unknown;
  /** Which existing runs run again: none, failed ones, or all that have finished. Default: `none`; `failed` if a task has dependsOnPast. */
  readonly reprocessBehavior?: ReprocessBehavior;
  /** Newest first. Default: false. */
  readonly runBackwards?: boolean;
  /** Refuse more runs than this, at most 1,000,000. Default: 10,000. */
  readonly maxRuns?: number;
  /** Whether runs that are taken over go on with the newest version of the DAG, or with their own. Default: true. */
  readonly runOnLatestVersion?: boolean;
}

/** What a backfill will do: an entry per interval in range, in the order in which they run. */
export interface BackfillPlan {
  readonly create: readonly DataInterval[];
  /** Finished runs that are cleared and run again. */
  readonly rerun: readonly DagRun[];
  /** Runs that stay as they are: under way, or finished and not to be run again. */
  readonly skip: readonly DagRun[];
  /** The earliest and the latest interval of the range, whatever happens to them. */
  readonly first: DataInterval;
  readonly last: DataInterval;
  /** How long it will take, by the median duration of the DAG's newest runs; null: none has finished yet. */
  readonly estimateMs: number | null;
  /** The backfill of this DAG that has to end before another can be created; null: none. */
  readonly active: Backfill | null;
}

const DEFAULT_MAX_ACTIVE_RUNS = 10;
const DEFAULT_MAX_RUNS = 10_000;
const REPROCESS_BEHAVIORS: readonly ReprocessBehavior[] = ['none', 'failed', 'completed'];
/** Runs that are to run again may change while the backfill is written; then it is planned again. */
const MAX_ATTEMPTS = 5;
/** Most runs that one backfill may have, whatever it is allowed. */
export const MOST_BACKFILL_RUNS = 1_000_000;
/** Newest finished runs whose durations make the estimate. */
const SAMPLE_RUNS = 100;
const SNAPSHOTS_PER_READ = 100;

/**
 * The dry run of `createBackfill`.
 * @throws AirflowLikeError as `createBackfill`, but for another active backfill.
 */
export async function planBackfill(deps: OperationDeps, request: BackfillRequest): Promise<BackfillPlan> {
  const { plan } = await prepare(deps, request);
  const { dagId, maxActiveRuns = DEFAULT_MAX_ACTIVE_RUNS } = request;
  const [finished, active] = await Promise.all([
    deps.store.runs.listRuns({ dagId, states: ['success', 'partial'], order: '-logical_date', limit: SAMPLE_RUNS }),
    findActive(deps, dagId),
  ]);
  const durations = finished.flatMap(({ startedAt, endedAt }) =>
    startedAt === null || endedAt === null ? [] : [endedAt - startedAt],
  );
  const runs = plan.create.length + plan.reprocess.length;
  return {
    create: plan.create.map(({ dataInterval }) => dataInterval as DataInterval),
    rerun: plan.reprocess.map(({ run }) => run),
    skip: plan.skipped.map(({ run }) => run),
    first: plan.first.dataInterval,
    last: plan.last.dataInterval,
    estimateMs: estimateMs(runs, Math.min(maxActiveRuns, runs), durations),
    active,
  };
}

/**
 * Stores a backfill with all its runs; the scheduler does the rest. Existing runs that `reprocessBehavior` means are cleared and become the
 * backfill's, with the newest code unless `runOnLatestVersion` is false. The first run of it does not look at the past.
 * @throws AirflowLikeError NOT_FOUND, STATE_CONFLICT (the DAG is retired, or its runs keep changing), VALUE_RANGE (`maxActiveRuns`),
 * UNKNOWN_NAME (`reprocessBehavior`), CONF_NOT_OBJECT, PARAM_INVALID, BACKFILL_RANGE (also when nothing is left to do), BACKFILL_TOO_LARGE,
 * BACKFILL_CONFLICT (another one of this DAG is active).
 */
export async function createBackfill(deps: OperationDeps, request: BackfillRequest): Promise<Backfill> {
  const { store, bus, clock, actor } = deps;
  const { runOnLatestVersion = true } = request;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { listing, plan, conf, reprocessBehavior } = await prepare(deps, request);
    if (plan.create.length + plan.reprocess.length === 0) throw nothingToDo(request.dagId, reprocessBehavior, plan);
    const adopt = await clearAll(deps, runOnLatestVersion ? listing : null, plan.reprocess);
    if (adopt === null) continue;
    const created = await store.backfills.create(
      {
        dagId: request.dagId,
        fromDate: request.from,
        toDate: request.to,
        maxActiveRuns: request.maxActiveRuns ?? DEFAULT_MAX_ACTIVE_RUNS,
        conf,
        reprocessBehavior,
        runBackwards: request.runBackwards ?? false,
        isPaused: false,
        expectedRuns: plan.create.length + plan.reprocess.length,
        isCancelled: false,
        runOnLatestVersion,
      },
      plan.create,
      actor,
      clock.now(),
      adopt,
    );
    if (created === 'conflict') throw await conflict(deps, request.dagId);
    if (created === 'stale') continue;
    bus.publish('runs');
    return created;
  }
  throw new AirflowLikeError('STATE_CONFLICT', {
    place: `DAG ${request.dagId}`,
    message: 'its runs in this range changed at every attempt to take them over; try again',
  });
}

async function prepare(
  { store, clock, timetables }: OperationDeps,
  request: BackfillRequest,
): Promise<{ listing: DagListing; plan: RunPlan<DagRun>; conf: Conf; reprocessBehavior: ReprocessBehavior }> {
  const listing = await findLiveDag(store, request.dagId);
  checkRequest(request);
  const conf = checkConf(request.conf, 'conf');
  await checkParams(listing.spec.params, conf);
  const { dagId, from, to } = request;
  const reprocessBehavior = request.reprocessBehavior ?? defaultReprocessBehavior(listing.spec);
  const plan = planRuns({
    spec: listing.spec,
    from,
    to,
    existing: from <= to ? await store.runs.listRuns({ dagId, from, to }) : [],
    reprocessBehavior,
    runBackwards: request.runBackwards ?? false,
    maxRuns: request.maxRuns ?? DEFAULT_MAX_RUNS,
    conf,
    now: clock.now(),
    ...(timetables ? { custom: timetables } : {}),
  });
  return { listing, plan, conf, reprocessBehavior };
}

/** What takes the runs over, with the newest version of their DAG or (null) their own; null when one of them is no longer there to be cleared. */
async function clearAll(
  { store, clock, actor }: OperationDeps,
  newest: DagListing | null,
  runs: RunPlan<DagRun>['reprocess'],
): Promise<readonly AdoptedRun[] | null> {
  const version = newest && { id: newest.dag.currentVersionId, spec: newest.spec };
  const ordinals = new Map(runs.map(({ run, ordinal }) => [run.id, ordinal]));
  const adopted: AdoptedRun[] = [];
  for (let start = 0; start < runs.length; start += SNAPSHOTS_PER_READ) {
    const ids = runs.slice(start, start + SNAPSHOTS_PER_READ).map(({ run }) => run.id);
    for (const snapshot of await store.scheduling.loadSnapshots(ids)) {
      if (!FINISHED_RUN_STATES.has(snapshot.run.state)) return null;
      const { commit } = planRerun(snapshot, { selection: { tasks: null }, version, resetRun: true }, actor, clock.now());
      if (commit) adopted.push({ commit, ordinal: ordinals.get(snapshot.run.id)! });
    }
  }
  return adopted.length === runs.length ? adopted : null;
}

function checkRequest({ maxActiveRuns, reprocessBehavior, maxRuns }: BackfillRequest): void {
  if (maxRuns !== undefined && !(Number.isInteger(maxRuns) && maxRuns >= 1 && maxRuns <= MOST_BACKFILL_RUNS)) {
    throw new AirflowLikeError('VALUE_RANGE', {
      place: 'maxRuns',
      message: `must be an integer 1-${MOST_BACKFILL_RUNS}`,
      value: maxRuns,
    });
  }
  if (maxActiveRuns !== undefined && !(Number.isInteger(maxActiveRuns) && maxActiveRuns >= 1 && maxActiveRuns <= 10_000)) {
    throw new AirflowLikeError('VALUE_RANGE', {
      place: 'maxActiveRuns',
      message: 'must be an integer 1-10000',
      value: maxActiveRuns,
    });
  }
  if (reprocessBehavior !== undefined && !REPROCESS_BEHAVIORS.includes(reprocessBehavior)) {
    throw new AirflowLikeError('UNKNOWN_NAME', {
      place: 'reprocessBehavior',
      message: 'there is no such behaviour',
      value: reprocessBehavior,
      allowed: REPROCESS_BEHAVIORS.join(', '),
      suggestion: nearestName(reprocessBehavior, REPROCESS_BEHAVIORS),
    });
  }
}

function nothingToDo(dagId: string, reprocessBehavior: ReprocessBehavior, { skipped }: RunPlan<DagRun>): AirflowLikeError {
  const inFlight = skipped.filter(({ reason }) => reason === 'in_flight').length;
  return new AirflowLikeError('BACKFILL_RANGE', {
    place: dagId,
    message:
      `nothing is left to do: all ${skipped.length} runs of the range exist (${inFlight} under way); ` +
      `reprocess behaviour "completed" runs finished ones again, "failed" those that failed (now: "${reprocessBehavior}")`,
  });
}

async function findActive({ store }: OperationDeps, dagId: string): Promise<Backfill | null> {
  return (await store.backfills.list(dagId)).find(({ completedAt }) => completedAt === null) ?? null;
}

async function conflict(deps: OperationDeps, dagId: string): Promise<AirflowLikeError> {
  const active = await findActive(deps, dagId);
  const message = active?.isIncomplete
    ? `backfill ${active.id} of this DAG has not got all its runs yet; if nobody is creating it any more, unpause it to go on, or cancel it`
    : `${active ? `backfill ${active.id}` : 'another backfill'} of this DAG is active; wait for its end or cancel it`;
  return new AirflowLikeError('BACKFILL_CONFLICT', { place: `DAG ${dagId}`, message });
}
