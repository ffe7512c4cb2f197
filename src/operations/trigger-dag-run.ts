import { randomBytes } from 'node:crypto';
import { checkGivenRunId, runIdFor } from '../core/dag-run/run-id.js';
import { timetableFor } from '../core/timetable/resolve.js';
import { AirflowLikeError } from '../model/errors.js';
import { canonicalJson } from '../model/canonical-json.js';
import type { DagRun } from '../model/dag-run.js';
import type { DataInterval, Instant } from '../model/instant.js';
import type { TriggeredBy } from '../model/states.js';
import { checkParams } from './check-params.js';
import type { RunCollision } from '../ports/store.js';
import { findLiveDag } from './find-dag.js';
import type { OperationDeps } from './operation-deps.js';
import { checkConf, UNSAFE_TEXT } from './parse-conf.js';
import { checkNote } from './set-run-note.js';

export interface TriggerRequest {
  readonly dagId: string;
  /** Default: `manual__` and `runAfter`; followed by a random suffix if there is such a run already and this one has no logical date. */
  readonly runId?: string | null;
  /** Default: none, and then the run has no data interval either. */
  readonly logicalDate?: Instant | null;
  /** Default: what the DAG's timetable infers from the logical date. Ignored without one. */
  readonly dataInterval?: DataInterval | null;
  /** Earliest start. Default: now. */
  readonly runAfter?: Instant;
  /** A JSON object; its fields are laid over the defaults of the DAG's params. Default: empty. */
  readonly conf?: unknown;
  readonly note?: string | null;
  /** A repeat of the request with the same key finds the run that the first one made. Default: every request makes a run. */
  readonly idempotencyKey?: string | null;
  /** Default: `cli`. */
  readonly triggeredBy?: TriggeredBy;
}

const EARLIEST_DATE = Date.UTC(1900, 0, 1);
const TEN_YEARS_MS = 10 * 366 * 86_400_000;
const MAX_KEY_LENGTH = 200;

export interface TriggeredRun {
  readonly run: DagRun;
  /** False: an earlier request with the same idempotency key made it. */
  readonly isNew: boolean;
}

/** `triggerOnce` for callers that need the run only. */
export async function triggerDagRun(deps: OperationDeps, request: TriggerRequest): Promise<DagRun> {
  return (await triggerOnce(deps, request)).run;
}

/**
 * Creates a run of a DAG at somebody's wish. It is queued and starts like any other; on a paused DAG it waits until that is unpaused.
 * @throws AirflowLikeError NOT_FOUND, STATE_CONFLICT (the DAG is retired), ID_INVALID, DATE_INVALID, DATE_ORDER, CONF_NOT_OBJECT, PARAM_INVALID,
 * VALUE_RANGE and STRING_INVALID (note, key), RUN_EXISTS (a run with this id or logical date), IDEMPOTENCY_CONFLICT.
 */
export async function triggerOnce(deps: OperationDeps, request: TriggerRequest): Promise<TriggeredRun> {
  const { store, bus, clock, actor } = deps;
  const { spec } = await findLiveDag(store, request.dagId);
  const now = clock.now();
  const logicalDate = request.logicalDate ?? null;
  if (logicalDate !== null) checkRunDate('logicalDate', 'logical date', logicalDate, now);
  const runAfter = request.runAfter ?? now;
  checkRunDate('runAfter', 'earliest start', runAfter, now);
  const conf = checkConf(request.conf, 'conf');
  await checkParams(spec.params, conf);
  const note = request.note ?? null;
  checkNote(note);
  const idempotencyKey = request.idempotencyKey ?? null;
  checkKey(idempotencyKey);
  let dataInterval: DataInterval | null = null;
  if (logicalDate !== null) {
    dataInterval = request.dataInterval ?? timetableFor(spec, deps.timetables).inferManualInterval(logicalDate);
    checkInterval(dataInterval);
  }
  const create = (runId: string): Promise<{ run: DagRun } | RunCollision> =>
    store.runs.createRun(
      request.dagId,
      {
        runId,
        runType: 'manual',
        triggeredBy: request.triggeredBy ?? 'cli',
        logicalDate,
        dataInterval,
        runAfter,
        conf,
        backfillId: null,
        state: 'queued',
        note,
        ...(actor.kind === 'user' ? { triggeringUser: actor.id } : {}),
        ...(idempotencyKey === null ? {} : { idempotencyKey }),
      },
      actor,
      now,
    );
  const given = request.runId ?? null;
  if (given !== null) checkGivenRunId(given, 'manual', 'runId');
  let created = await create(given ?? runIdFor('manual', runAfter));
  // Two runs without a logical date may be wished for in the same millisecond; only their ids are in each other's way.
  if ('exists' in created && created.by === 'run_id' && given === null && logicalDate === null) {
    created = await create(runIdFor('manual', runAfter, randomBytes(4).toString('hex')));
  }
  if ('exists' in created) {
    if (created.by !== 'idempotency_key') throw runExists(created.exists, created.by);
    checkSameWish(created.exists, request, conf);
    return { run: created.exists, isNew: false };
  }
  bus.publish('runs');
  return { run: created.run, isNew: true };
}

function checkRunDate(place: string, what: string, date: Instant, now: Instant): void {
  if (Number.isInteger(date) && date >= EARLIEST_DATE && date <= now + TEN_YEARS_MS) return;
  const isDate = Number.isFinite(new Date(date).getTime());
  throw new AirflowLikeError('DATE_INVALID', {
    place,
    message: `a run cannot have this ${what}`,
    value: isDate ? new Date(date).toISOString() : date,
    allowed: 'from 1900-01-01 to ten years from now',
  });
}

function checkInterval({ start, end }: DataInterval): void {
  if (start <= end) return;
  throw new AirflowLikeError('DATE_ORDER', {
    place: 'dataInterval',
    message: `it ends at ${new Date(end).toISOString()}, before it starts at ${new Date(start).toISOString()}`,
  });
}

function checkKey(key: string | null): void {
  if (key === null) return;
  if (key.trim() === '' || key.length > MAX_KEY_LENGTH) {
    throw new AirflowLikeError('VALUE_RANGE', {
      place: 'idempotencyKey',
      message: `must be a text of 1 to ${MAX_KEY_LENGTH} characters`,
      value: key,
    });
  }
  if (UNSAFE_TEXT.test(key)) {
    throw new AirflowLikeError('STRING_INVALID', {
      place: 'idempotencyKey',
      message: 'it holds a NUL character or half a character',
      value: key,
    });
  }
}

/** A repeat wishes for the same run; what it leaves to us may differ. */
function checkSameWish(
  existing: DagRun,
  { runId, logicalDate, runAfter, idempotencyKey }: TriggerRequest,
  conf: DagRun['conf'],
): void {
  const differing = [
    canonicalJson(existing.conf) === canonicalJson(conf) ? [] : ['conf'],
    existing.logicalDate === (logicalDate ?? null) ? [] : ['logicalDate'],
    runId == null || existing.runId === runId ? [] : ['runId'],
    runAfter === undefined || existing.runAfter === runAfter ? [] : ['runAfter'],
  ].flat();
  if (differing.length === 0) return;
  throw new AirflowLikeError('IDEMPOTENCY_CONFLICT', {
    place: `DAG ${existing.dagId}`,
    message: `run ${existing.runId} (${existing.state}) was made with this key, but with another ${differing.join(' and ')}: use a key of its own for another run`,
    value: idempotencyKey,
  });
}

function runExists(existing: DagRun, by: RunCollision['by']): AirflowLikeError {
  const sameId = by === 'run_id';
  const date = existing.logicalDate === null ? 'null' : new Date(existing.logicalDate).toISOString();
  return new AirflowLikeError('RUN_EXISTS', {
    place: `DAG ${existing.dagId}`,
    message: `run ${existing.runId} (${existing.state}) has ${sameId ? 'this id' : `the logical date ${date}`} already; clear it to run it again`,
  });
}
