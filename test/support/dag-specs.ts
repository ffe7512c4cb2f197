/** Specs and parsed files with every field set, made from the few that a test is about. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../src/model/canonical-json.js';
import type { ImportProblem, NewDagRun, ParsedFile } from '../../src/model/dag.js';
import type { DagSpec, TaskSpec } from '../../src/model/dag-spec.js';
import type { Instant } from '../../src/model/instant.js';

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
    triggerRule: 'all_success',
    retries: 0,
    retryDelayMs: 300_000,
    retryExponentialBackoff: 0,
    maxRetryDelayMs: null,
    executionTimeoutMs: null,
    dependsOnPast: false,
    ignoreFirstDependsOnPast: false,
    waitForDownstream: false,
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    queue: 'default',
    maxActiveTisPerDag: null,
    maxActiveTisPerDagrun: null,
    isolation: 'thread',
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
