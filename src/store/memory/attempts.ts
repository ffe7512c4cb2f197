/** What workers do with attempts, in memory. */
import type { DagRun } from '../../model/dag-run.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { Assignment } from '../../model/workload.js';
import type { XComQuery, XComRow } from '../../model/xcom.js';
import type { AttemptStore, XComRequest } from '../../ports/store.js';
import { assignmentOf } from '../../core/queueing/assignment.js';
import { readRun } from './runs.js';
import { listEvents } from './asset-events.js';
import { readExternalStates } from './external-states.js';
import type { Tables } from './tables.js';

export function createAttemptStore(tables: Tables): AttemptStore {
  return {
    async claimQueued(workerId, queues, limit, now) {
      const waiting = [...tables.liveAttempts.values()]
        .filter((attempt) => attempt.state === 'queued' && attempt.workerId === null && queues.includes(attempt.queue))
        .sort((a, b) => b.priorityWeight - a.priorityWeight || a.createdAt - b.createdAt || a.taskInstanceId - b.taskInstanceId)
        .slice(0, Math.max(0, limit));
      const runs = new Set<number>();
      const assignments: Assignment[] = [];
      for (const attempt of waiting) {
        const { token, dagRunId } = attempt;
        const before = tables.instances.get(attempt.taskInstanceId);
        if (before?.state !== 'queued' || before.token !== token) continue;
        const instance = {
          ...before,
          state: 'running',
          workerId,
          startedAt: now,
          waitingSince: before.waitingSince ?? now,
        } as const;
        tables.updateInstance(instance);
        tables.putAttempt({ ...attempt, state: 'running', workerId, startedAt: now });
        const actor = { kind: 'worker', id: workerId } as const;
        tables.record({
          entity: 'task_instance',
          entityId: before.id,
          dagRunId,
          from: 'queued',
          to: 'running',
          token,
          actor,
          reason: null,
        });
        runs.add(dagRunId);
        const run = tables.runs.get(dagRunId)!;
        const assignment = assignmentOf(instance, readRun(run), tables.versions.get(run.versionId)!.spec);
        if (assignment) assignments.push(assignment);
      }
      for (const id of runs) {
        const run = tables.runs.get(id)!;
        tables.putRun({ ...run, revision: run.revision + 1 });
      }
      return assignments;
    },
    async findForgotten(workerId, known) {
      const tokens = new Set(known);
      const assignments: Assignment[] = [];
      for (const attempt of tables.liveAttempts.values()) {
        if (attempt.state !== 'running' || attempt.workerId !== workerId || tokens.has(attempt.token)) continue;
        const instance = tables.instances.get(attempt.taskInstanceId);
        if (instance?.token !== attempt.token) continue;
        const run = tables.runs.get(attempt.dagRunId)!;
        const assignment = assignmentOf(instance, readRun(run), tables.versions.get(run.versionId)!.spec);
        if (assignment) assignments.push(assignment);
      }
      return assignments.sort((a, b) => a.taskInstanceId - b.taskInstanceId);
    },
    async readXComs(requests) {
      return requests.map((request) =>
        copiesWith(tables, request)
          .slice(request.positions?.from, request.positions?.to)
          .map(({ id, mapIndex }) => {
            return { mapIndex, value: tables.xcoms.get(id)!.get(request.key) as TaggedJson };
          }),
      );
    },
    async pullXComs(dagRunId, query) {
      const { taskIds, key, mapIndexes } = query;
      const own = tables.runs.get(dagRunId);
      if (!own) return [];
      const rowsOf = (run: { readonly id: number }, taskId: string, mapIndex: number | null): XComRow[] =>
        tables.instancesOf(run.id).flatMap((instance) => {
          const value = tables.xcoms.get(instance.id)?.get(key);
          const isMeant = instance.taskId === taskId && (mapIndex === null || instance.mapIndex === mapIndex);
          return value === undefined || !isMeant ? [] : [{ taskId, mapIndex: instance.mapIndex, value }];
        });
      const runs = runsToRead(tables, own, query);
      return taskIds.flatMap((taskId) =>
        (mapIndexes ?? [null]).flatMap((mapIndex) => {
          const newest = runs.find((run) => rowsOf(run, taskId, mapIndex).some(({ value }) => value !== null)) ?? runs[0];
          return newest ? rowsOf(newest, taskId, mapIndex) : [];
        }),
      );
    },
    async setRendered(token, rendered) {
      const attempt = tables.liveAttempts.get(token);
      if (attempt?.state !== 'running') return false;
      tables.putAttempt({ ...attempt, rendered });
      return true;
    },
    async countCopies(dagRunId, taskId) {
      return tables.instancesOf(dagRunId).filter((instance) => instance.taskId === taskId && instance.mapIndex >= 0).length;
    },
    async previousSuccess(dagRunId) {
      const run = tables.runs.get(dagRunId);
      if (!run || run.logicalDate === null) return null;
      const before = run.logicalDate;
      const [newest] = [...tables.runs.values()]
        .filter((other) => other.dagId === run.dagId && (other.state === 'success' || other.state === 'partial'))
        .filter(({ logicalDate }) => logicalDate !== null && logicalDate < before)
        .sort((a, b) => (b.logicalDate as number) - (a.logicalDate as number));
      return newest ? readRun(newest) : null;
    },
    async countXComs(requests) {
      return requests.map((request) => {
        const copies = copiesWith(tables, request);
        return {
          values: copies.length,
          elements: copies.reduce((sum, { outputLength }) => sum + Math.max(0, outputLength ?? 0), 0),
          end: (copies.at(-1)?.mapIndex ?? -1) + 1,
        };
      });
    },
    async pushXCom(token, key, value) {
      const attempt = tables.liveAttempts.get(token);
      if (attempt?.state !== 'running') return false;
      const values = tables.xcoms.get(attempt.taskInstanceId) ?? new Map<string, TaggedJson>();
      tables.xcoms.set(attempt.taskInstanceId, values.set(key, value));
      return true;
    },
    async readExternalStates(query) {
      return readExternalStates(tables, query);
    },
    async findAssetsLike(keys) {
      return [...tables.assets.values()].filter((asset) => keys.some(({ name, uri }) => asset.name === name || asset.uri === uri));
    },
    async readAssetEvents(filter) {
      return listEvents(tables, filter);
    },
    async findRevoked(tokens) {
      return tokens.filter((token) => !tables.liveAttempts.has(token));
    },
    async setLogPaths(paths) {
      for (const { token, logPath } of paths) {
        const attempt = tables.attempts.get(token);
        if (attempt) tables.putAttempt({ ...attempt, logPath });
      }
    },
  };
}

/** The runs whose values a pull may mean, the one that counts most first. */
function runsToRead(tables: Tables, own: DagRun, { runId, includePriorDates }: XComQuery): readonly DagRun[] {
  if (runId === null && !includePriorDates) return [own];
  const ofDag = [...tables.runs.values()].filter(({ dagId }) => dagId === own.dagId);
  const last = runId === null ? own : ofDag.find((run) => run.runId === runId);
  if (!last) return [];
  if (!includePriorDates) return [last];
  const at = (run: DagRun): number => run.logicalDate ?? run.runAfter;
  return ofDag.filter((run) => at(run) <= at(last)).sort((a, b) => at(b) - at(a) || b.id - a.id);
}

/** The task instances that have a value for `request`, by map index. */
function copiesWith(tables: Tables, { dagRunId, taskId, key, copies }: XComRequest): readonly TaskInstance[] {
  const { from, to } = copies ?? { from: -1, to: Number.POSITIVE_INFINITY };
  return tables
    .instancesOf(dagRunId)
    .filter((row) => row.taskId === taskId && row.state === 'success' && row.mapIndex >= from && row.mapIndex < to)
    .filter(({ id }) => tables.xcoms.get(id)?.has(key))
    .sort((a, b) => a.mapIndex - b.mapIndex);
}
