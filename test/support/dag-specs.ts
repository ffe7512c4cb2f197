/** Specs and parsed files with every field set, made from the few that a test is about. */
import { createHash } from 'node:crypto';
import { newTaskInstance } from '../../src/core/dag-run/new-task-instance.js';
import { canonicalJson } from '../../src/model/canonical-json.js';
import type { ImportProblem, NewDagRun, ParsedFile } from '../../src/model/dag.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { DagSpec, TaskSpec } from '../../src/model/dag-spec.js';
import type { Instant } from '../../src/model/instant.js';
import type { TaskInstance } from '../../src/model/task-instance.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function taskSpec(taskId: string, patch: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    operator: 'method',
    member: taskId,
    upstream: [],
    inputs: [],
    map: null,
    sensor: null,
    groupId: null,
    role: 'task',
    onFailureFailDagrun: false,
    decides: null,
    isInstant: false,
    critical: true,
    triggerRule: 'all_success',
    startDate: null,
    endDate: null,
    retries: 0,
    retryDelayMs: 300_000,
    retryExponentialBackoff: 0,
    maxRetryDelayMs: null,
    hasRetryPolicy: false,
    executionTimeoutMs: null,
    dependsOnPast: false,
    ignoreFirstDependsOnPast: false,
    waitForDownstream: false,
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    weightRule: 'downstream',
    queue: 'default',
    maxActiveTisPerDag: null,
    maxActiveTisPerDagrun: null,
    isolation: 'thread',
    doXcomPush: true,
    multipleOutputs: false,
    templateFields: [],
    mapIndexTemplate: null,
    outlets: [],
    inlets: [],
    doc: null,
    previousIds: [],
    position: null,
    ...patch,
  };
}

export function dagSpec(dagId: string, patch: Partial<DagSpec> = {}): DagSpec {
  return {
    specVersion: 1,
    dagId,
    previousIds: [],
    description: null,
    doc: null,
    owner: 'airflow',
    tags: [],
    schedule: { kind: 'none' },
    timezone: 'UTC',
    startDate: null,
    endDate: null,
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    dagrunTimeoutMs: null,
    failFast: false,
    maxConsecutiveFailedDagRuns: 0,
    isPausedUponCreation: null,
    params: null,
    tasks: [taskSpec('a'), taskSpec('b', { upstream: ['a'] })],
    groups: [],
    file: `${dagId}.ts`,
    exportName: 'default',
    position: null,
    ...patch,
  };
}

/** A file that holds these DAGs; `source` changes its hashes. */
export function parsedFile(path: string, specs: readonly DagSpec[], patch: Partial<ParsedFile> = {}, source = 'v1'): ParsedFile {
  const hash = sha256(`${path} ${source}`);
  return {
    path,
    contentHash: hash,
    bundle: { hash, entry: path, files: [{ path, hash, content: source, compiled: `exports.v = ${JSON.stringify(source)};` }] },
    dags: specs.map((spec) => ({ spec: { ...spec, file: path }, specHash: sha256(canonicalJson({ ...spec, file: path })) })),
    errors: [],
    warnings: [],
    parseMs: 1.5,
    ...patch,
  };
}

export function importProblem(file: string, patch: Partial<ImportProblem> = {}): ImportProblem {
  return {
    code: 'IMPORT_ERROR',
    message: 'boom',
    file,
    line: 3,
    column: 7,
    value: null,
    allowed: null,
    suggestion: null,
    stack: null,
    ...patch,
  };
}

export function newRun(runId: string, logicalDate: Instant | null, patch: Partial<NewDagRun> = {}): NewDagRun {
  return {
    runId,
    runType: 'scheduled',
    triggeredBy: 'timetable',
    logicalDate,
    dataInterval: logicalDate === null ? null : { start: logicalDate, end: logicalDate + 86_400_000 },
    runAfter: logicalDate ?? 0,
    conf: {},
    backfillId: null,
    state: 'running',
    note: null,
    ...patch,
  };
}

/** A run under way, of no schedule. */
export function dagRun(patch: Partial<DagRun> = {}): DagRun {
  return {
    id: 1,
    dagId: 'd',
    runId: 'manual__1970-01-01T00:00:00+00:00',
    runType: 'manual',
    triggeredBy: 'test',
    state: 'running',
    logicalDate: 0,
    dataInterval: null,
    runAfter: 0,
    conf: {},
    versionId: 1,
    backfillId: null,
    backfillOrdinal: null,
    queuedAt: 0,
    startedAt: 0,
    endedAt: null,
    clearNumber: 0,
    note: null,
    triggeringUser: null,
    revision: 1,
    ...patch,
  };
}

/** A task instance of run 1 that has no history. */
export function taskInstance(id: number, taskId: string, patch: Partial<TaskInstance> = {}): TaskInstance {
  const values = { maxTries: 1, pool: 'default_pool', poolSlots: 1, priorityWeight: 1, queue: 'default' };
  return { id, ...newTaskInstance(1, taskId, -1, values), ...patch };
}
