import type { RunView } from '../../../../src/core/dag-run/run-view.js';
import type { Component } from '../../../../src/model/component.js';
import type { DagSchedule } from '../../../../src/model/dag.js';
import type { Situation } from '../../../../src/model/situation.js';
import { taskLimitKey } from '../../../../src/model/snapshot.js';
import { dagSchedule } from '../factories.js';

export interface World {
  readonly pools?: Readonly<Record<string, { readonly slots: number; readonly includeDeferred?: boolean }>>;
  readonly parallelism?: number;
  readonly components?: readonly Component[];
  readonly schedule?: Parameters<typeof dagSchedule>[2];
  readonly situation?: Partial<Situation>;
}

export function component(kind: Component['kind'], details: Component['details'] = {}, id: string = kind): Component {
  return {
    id,
    kind,
    hostname: 'host',
    pid: 1,
    version: '0.1.0',
    startedAt: 0,
    heartbeatAt: 0,
    leaseUntil: Number.MAX_SAFE_INTEGER,
    stoppedAt: null,
    details,
  };
}

/** What a store would read if the run of `view` were all there is. */
export function situationOf(view: RunView, now: number, world: World = {}): Situation {
  const { pools = { default_pool: { slots: 128 } }, parallelism = 32 } = world;
  const { run, spec } = view;
  const instances = [...view.allInstances()];
  const live = instances.filter(({ state }) => state === 'queued' || state === 'running');
  const occupies = new Set(['queued', 'running', 'deferred', 'awaiting_input']);
  const key = ({ taskId, mapIndex }: { taskId: string; mapIndex: number }) => ({
    dagId: run.dagId,
    runId: run.runId,
    taskId,
    mapIndex,
  });
  const schedule: DagSchedule = dagSchedule(spec, now, world.schedule);
  return {
    now,
    snapshot: { run, spec, taskInstances: instances, previous: view.previous },
    schedule,
    assets: { dag: schedule.dag, spec, present: new Set(), newest: null, hadAssetRuns: false, unfinishedRuns: 0, now },
    planAt: null,
    occupancy: {
      total: live.length,
      pools: Object.fromEntries(
        Object.entries(pools).map(([name, { slots }]) => [
          name,
          { slots, occupied: live.filter(({ pool }) => pool === name).reduce((sum, { poolSlots }) => sum + poolSlots, 0) },
        ]),
      ),
      tasks: Object.fromEntries(
        spec.tasks
          .filter((task) => task.maxActiveTisPerDag !== null)
          .map(({ taskId }) => [
            taskLimitKey(run.dagId, taskId),
            instances.filter((instance) => instance.taskId === taskId && occupies.has(instance.state)).length,
          ]),
      ),
      pausedDags: schedule.dag.isPaused ? [run.dagId] : [],
    },
    holders: live.map((instance) => ({
      key: key(instance),
      state: instance.state === 'running' ? 'running' : 'queued',
      pool: instance.pool,
      poolSlots: instance.poolSlots,
      queue: instance.queue,
      workerId: instance.workerId,
      since: instance.queuedAt ?? 0,
    })),
    contenders: [...view.ready()]
      .sort((a, b) => b.priorityWeight - a.priorityWeight || a.mapIndex - b.mapIndex || a.id - b.id)
      .map((instance) => ({
        key: key(instance),
        taskInstanceId: instance.id,
        priorityWeight: instance.priorityWeight,
        pool: instance.pool,
        poolSlots: instance.poolSlots,
        isBackfill: false,
        scheduledAt: instance.scheduledAt,
      })),
    lane: [],
    components: world.components ?? [component('scheduler', { parallelism, localSlots: null })],
    ...world.situation,
  };
}
