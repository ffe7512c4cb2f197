import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import { queueInstance, startInstance } from '../../../src/core/queueing/dispatch.js';
import { resumeDeferred } from '../../../src/core/task-instance/resume.js';
import { settleAttempt } from '../../../src/core/task-instance/settle-attempt.js';
import type { Timetable } from '../../../src/core/timetable/timetable.js';
import type { InputSpec, MapSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { Outcome } from '../../../src/model/outcome.js';
import type { RunType } from '../../../src/model/states.js';
import { accepted, dagRun, dagSpec, SCHEDULER, statesOf, taskInstance, taskSpec, utc, viewOf } from './factories.js';

const FAILED: Outcome = {
  kind: 'failed',
  error: { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null },
  retryable: true,
};
const SUCCESS: Outcome = { kind: 'success', output: null };

/** Plans, dispatches instance `id` and settles it. */
function live(view: RunView, id: number, outcome: Outcome, now: number): void {
  planRun(view, now);
  queueInstance(view, id, `token-${now}`, now);
  startInstance(view, id, 'worker', now);
  settleAttempt(view, id, outcome, now, now);
}

function store(view: RunView, firstId: number): void {
  const commit = view.drain(SCHEDULER, undefined);
  if (commit) view.committed(accepted(commit, view.revision + 1, firstId));
}

describe('tries', () => {
  it('pitfall 11: are counted when scheduled, and not again for a reschedule or after a deferral', () => {
    const view = viewOf([taskSpec('a', { retries: 1, retryDelayMs: 10 })]);
    planRun(view, 1);
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', tryNumber: 1 });
    queueInstance(view, 1, 't1', 1);
    startInstance(view, 1, 'w', 1);
    settleAttempt(view, 1, { kind: 'reschedule', at: 5 }, 2, 2);
    planRun(view, 5);
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', tryNumber: 1, pokeNumber: 1 });
    queueInstance(view, 1, 't2', 5);
    startInstance(view, 1, 'w', 5);
    settleAttempt(view, 1, { kind: 'defer', deferral: { trigger: 'x' }, timeoutAt: null }, 6, 6);
    resumeDeferred(view, 1, { kind: 'event', payload: 7 }, 8);
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', tryNumber: 1 });
    queueInstance(view, 1, 't3', 8);
    startInstance(view, 1, 'w', 8);
    settleAttempt(view, 1, FAILED, 9, 9);
    expect(view.instance(1)).toMatchObject({ state: 'up_for_retry', tryNumber: 1, wakeAt: 19, deferral: null });
    planRun(view, 20);
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', tryNumber: 2, pokeNumber: 0 });
  });

  it('wait as long as a retry policy says, if it says so', () => {
    const view = viewOf([taskSpec('a', { retries: 1, retryDelayMs: 10 })]);
    live(view, 1, { ...FAILED, retryDelayMs: 3 } as Outcome, 100);
    expect(view.instance(1)).toMatchObject({ state: 'up_for_retry', wakeAt: 103 });
  });
});

describe('a deferred task', () => {
  const deferred = (timeoutAt: number | null): RunView => {
    const view = viewOf([taskSpec('a')]);
    live(view, 1, { kind: 'defer', deferral: { trigger: 'x' }, timeoutAt }, 1);
    return view;
  };

  it('pitfall 70: goes on with what came of its trigger, in the same try and under a token of its own', () => {
    const view = deferred(null);
    expect(view.instance(1)).toMatchObject({ state: 'deferred', token: null });
    resumeDeferred(view, 1, { kind: 'event', payload: { rows: 3 } }, 5);
    expect(view.instance(1)).toMatchObject({
      state: 'scheduled',
      deferral: { waited: { trigger: 'x' }, result: { kind: 'event', payload: { rows: 3 } } },
    });
    // A report of the attempt before it bears a token that nothing has any more, however fast the trigger was.
    queueInstance(view, 1, 'token-2', 6);
    expect(view.instance(1)).toMatchObject({ state: 'queued', token: 'token-2', tryNumber: 1 });
  });

  it('goes on to fail when its time is over, strictly after', () => {
    const view = deferred(50);
    expect(planRun(view, 50)).toEqual({ wakeAt: 51 });
    expect(view.instance(1).state).toBe('deferred');
    planRun(view, 51);
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', wakeAt: null, deferral: { result: { kind: 'timeout' } } });
  });

  it('waits for ever without a timeout', () => {
    const view = deferred(null);
    expect(planRun(view, Number.MAX_SAFE_INTEGER)).toEqual({ wakeAt: null });
    expect(view.instance(1).state).toBe('deferred');
  });
});

describe('a decision', () => {
  const tasks = [
    taskSpec('br', { decides: { kind: 'branch' } }),
    taskSpec('l', { upstream: ['br'] }),
    ...(['queued', 'running', 'ok', 'bad', 'gone', 'parked'] as const).map((id) => taskSpec(id, { upstream: ['br'] })),
    taskSpec('deep', { upstream: ['queued'], triggerRule: 'all_done' }),
  ];
  const states = {
    br: { state: 'running', token: 'br', tryNumber: 1 },
    queued: { state: 'queued', token: 'q', tryNumber: 1 },
    running: { state: 'running', token: 'r', tryNumber: 1 },
    ok: { state: 'success' },
    bad: { state: 'failed' },
    gone: { state: 'upstream_failed' },
    parked: { state: 'deferred', wakeAt: 500 },
  } as const;

  it('is stored, and skips at once what is left out: not what runs or has ended by itself', () => {
    const view = viewOf(tasks, states);
    settleAttempt(view, 1, { ...SUCCESS, decision: { followed: ['l'] } } as Outcome, 100, 100);
    expect(view.instance(1)).toMatchObject({ state: 'success', decision: { followed: ['l'] } });
    expect(statesOf(view)).toMatchObject({
      l: 'none',
      queued: 'skipped',
      running: 'running',
      ok: 'success',
      bad: 'failed',
      gone: 'skipped',
      parked: 'skipped',
      deep: 'none',
    });
    expect(view.instance(3)).toMatchObject({ token: null });
    const change = view.drain(SCHEDULER, undefined)?.changes.find(({ taskInstanceId }) => taskInstanceId === 3);
    expect(change).toMatchObject({ endAttempt: { state: 'skipped', reason: 'skipped_by_decision' } });
    planRun(view, 101);
    expect(view.instance(9).state).toBe('scheduled');
  });

  it('ends what it skips when it is made, whatever that waited for', () => {
    const view = viewOf(tasks, states);
    settleAttempt(view, 1, { ...SUCCESS, decision: { followed: [] } } as Outcome, 90, 100);
    expect(view.instance(8)).toMatchObject({ state: 'skipped', endedAt: 100, wakeAt: null });
    const changes = view.drain(SCHEDULER, undefined)?.changes ?? [];
    const ends = changes.map(({ taskInstanceId, reason, endAttempt }) => [taskInstanceId, reason, endAttempt]);
    const ended = { state: 'skipped', endedAt: 100, reason: 'skipped_by_decision', error: null };
    expect(ends.slice(1)).toEqual([
      [2, 'skipped_by_decision', null],
      [3, 'skipped_by_decision', ended],
      [7, 'skipped_by_decision', null],
      [8, 'skipped_by_decision', null],
    ]);
  });

  it('spares what is skipped or removed already', () => {
    const view = viewOf(tasks, { ...states, l: { state: 'skipped', endedAt: 5 }, queued: { state: 'removed' } });
    settleAttempt(view, 1, { ...SUCCESS, decision: { followed: [] } } as Outcome, 100, 100);
    expect([view.instance(2), view.instance(3)]).toMatchObject([{ state: 'skipped', endedAt: 5 }, { state: 'removed' }]);
  });

  it('of a copy is left to the children, who look each at its own', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [1, 2] }] };
    const rows = [0, 1].map((mapIndex) =>
      taskInstance(1 + mapIndex, 'br', { mapIndex, state: 'running', token: `t${mapIndex}`, tryNumber: 1 }),
    );
    const mapped = [taskSpec('br', { map, decides: { kind: 'branch' } }), taskSpec('l', { upstream: ['br'] })];
    const view = viewOf(mapped, {}, { snapshot: { taskInstances: [...rows, taskInstance(3, 'l')] } });
    settleAttempt(view, 1, { ...SUCCESS, decision: { followed: [] } } as Outcome, 100, 100);
    expect(statesOf(view)).toEqual({ 'br[0]': 'success', 'br[1]': 'running', l: 'none' });
  });

  it('of a short circuit that ignores rules reaches everything below', () => {
    const view = viewOf(tasks, states);
    settleAttempt(view, 1, { ...SUCCESS, decision: { skipped: ['l', 'deep'] } } as Outcome, 100, 100);
    expect(statesOf(view)).toMatchObject({ l: 'skipped', deep: 'skipped', queued: 'queued' });
  });
});

describe('a task with nothing to execute', () => {
  it('succeeds in the pass in which it is ready, as a try of its own, and lets others go on in the same pass', () => {
    const view = viewOf([taskSpec('e', { isInstant: true }), taskSpec('b', { upstream: ['e'] })]);
    planRun(view, 7);
    expect(view.instance(1)).toMatchObject({ state: 'success', tryNumber: 1, startedAt: 7, endedAt: 7, token: null });
    expect(view.instance(2).state).toBe('scheduled');
    const commit = view.drain(SCHEDULER, undefined);
    expect(commit?.changes[0]).toMatchObject({ path: ['success'], endAttempt: null, openAttempt: null, xcoms: [] });
  });

  it('leaves nothing of the try before, and brings the events of its outlets', () => {
    const asset = { name: 'orders', uri: 's3://orders', group: 'asset', extra: {} };
    const outlets = [{ kind: 'asset', asset }] as const;
    const left = { tryNumber: 2, queuedAt: 1, outputLength: 3, decision: { skipped: ['b'] } };
    const view = viewOf([taskSpec('e', { isInstant: true, outlets }), taskSpec('b', { upstream: ['e'] })], { e: left });
    planRun(view, 7);
    const fresh = { tryNumber: 3, scheduledAt: 7, queuedAt: null, startedAt: 7, endedAt: 7, wakeAt: null };
    expect(view.instance(1)).toMatchObject({ state: 'success', ...fresh, outputLength: null, decision: null });
    expect(view.instance(2).state).toBe('scheduled');
    const changes = view.drain(SCHEDULER, undefined)?.changes;
    expect(changes?.[0]).toMatchObject({ assets: { read: [], written: [{ asset, extra: {}, aliases: [] }] } });
    expect(changes?.[1]).not.toHaveProperty('assets');
  });

  it('waits for its dependencies as any other', () => {
    const view = viewOf([taskSpec('a'), taskSpec('e', { upstream: ['a'], isInstant: true })], { a: { state: 'failed' } });
    planRun(view, 7);
    expect(view.instance(2)).toMatchObject({ state: 'upstream_failed', tryNumber: 0 });
  });

  it('ends a run of its kind alone', () => {
    const view = viewOf([taskSpec('e', { isInstant: true })]);
    planRun(view, 7);
    expect(view.run.state).toBe('success');
  });
});

describe('a latest-only task', () => {
  const tasks = [
    taskSpec('latest', { isInstant: true, decides: { kind: 'latestOnly' } }),
    taskSpec('child', { upstream: ['latest'] }),
    taskSpec('below', { upstream: ['child'], triggerRule: 'all_done' }),
    taskSpec('td', { upstream: ['latest'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];
  const planned = (now: string, runType: RunType = 'scheduled'): Record<string, string> => {
    const interval = { start: utc('2026-01-01'), end: utc('2026-01-02') };
    const view = viewOf(
      tasks,
      {},
      {
        run: { runType, logicalDate: interval.start, dataInterval: interval, runAfter: interval.end },
        spec: { schedule: { kind: 'cron', expression: '0 0 * * *', text: '@daily' }, startDate: interval.start },
      },
    );
    planRun(view, utc(now));
    return statesOf(view);
  };

  it('skips its children, and only these, in a run that is not the newest', () => {
    expect(planned('2026-01-05')).toEqual({ latest: 'success', child: 'skipped', below: 'scheduled', td: 'scheduled' });
    expect(planned('2026-01-02T12:00:00')).toMatchObject({ child: 'scheduled', below: 'none' });
  });

  it('is the only task with nothing to execute that asks whether the run is the newest', () => {
    const interval = { start: utc('2026-01-01'), end: utc('2026-01-02') };
    const view = viewOf(
      [taskSpec('empty', { isInstant: true }), taskSpec('child', { upstream: ['empty'] })],
      {},
      {
        run: { runType: 'scheduled', logicalDate: interval.start, dataInterval: interval, runAfter: interval.end },
        spec: { schedule: { kind: 'cron', expression: '0 0 * * *', text: '@daily' }, startDate: interval.start },
      },
    );
    planRun(view, utc('2026-01-05'));
    expect(statesOf(view)).toEqual({ empty: 'success', child: 'scheduled' });
    expect(view.instance(1).decision).toBeNull();
  });

  it('pitfall 46: lets manual runs go on whenever they are', () => {
    expect(planned('2026-01-05', 'manual')).toMatchObject({ child: 'scheduled' });
    expect(planned('2026-01-05', 'backfill')).toMatchObject({ child: 'skipped' });
  });

  it('asks the timetable of a plugin', () => {
    const spec = { schedule: { kind: 'custom', name: 'mine', args: null, text: 'mine' } } as const;
    const never: Timetable = {
      kind: 'mine',
      next: () => null,
      inferManualInterval: (at: number) => ({ start: at, end: at }),
    } as never;
    const view = viewOf(tasks, {}, { run: { runType: 'scheduled' }, spec });
    planRun(view, 5, { maxMapLength: 10, timetables: new Map([['mine', never]]) });
    expect(statesOf(view)).toMatchObject({ latest: 'success', child: 'scheduled' });
  });

  it('goes on where the timetable of a plugin fails or is gone, so that other runs of the same pass do', () => {
    const spec = { schedule: { kind: 'custom', name: 'mine', args: null, text: 'mine' } } as const;
    const view = viewOf(tasks, {}, { run: { runType: 'scheduled' }, spec });
    planRun(view, 5, { maxMapLength: 10, timetables: new Map() });
    expect(statesOf(view)).toMatchObject({ latest: 'success', child: 'scheduled' });
  });
});

describe('copies of a mapped task', () => {
  const value = (length: number): InputSpec => ({ kind: 'value', value: Array.from({ length }, (_, index) => index) });
  const copies = (map: MapSpec): number => {
    const view = viewOf([taskSpec('m', { map })]);
    planRun(view, 1);
    return view.instances('m').filter(({ mapIndex }) => mapIndex >= 0).length;
  };

  it('are counted by how their sources are put together', () => {
    expect(copies({ kind: 'zip', sources: [value(3), value(5)] })).toBe(3);
    expect(copies({ kind: 'zip', sources: [value(3), value(5)], fill: null })).toBe(5);
    expect(copies({ kind: 'product', sources: [value(3), value(5)] })).toBe(15);
    expect(copies({ kind: 'product', sources: [value(3), value(0)] })).toBe(0);
    expect(copies({ kind: 'each', sources: [value(10)], chunk: 4 })).toBe(3);
    expect(copies({ kind: 'each', sources: [{ kind: 'object', fields: { a: value(1), b: value(1) } }] })).toBe(2);
  });

  it('pitfall 41: that are too many after a clear are removed, whatever they were, missing ones are added, and removed ones come back', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'src' }] };
    const tasks = [taskSpec('src'), taskSpec('m', { upstream: ['src'], map, retries: 2 })];
    const world = (length: number): RunView => {
      const rows = [
        taskInstance(1, 'src', { state: 'success', outputLength: length }),
        taskInstance(2, 'm', { mapIndex: 0 }),
        taskInstance(3, 'm', { mapIndex: 1, state: 'success' }),
        taskInstance(4, 'm', { mapIndex: 2, state: 'removed' }),
      ];
      const view = viewOf(tasks, {}, { snapshot: { taskInstances: rows } });
      planRun(view, 1);
      return view;
    };
    expect(statesOf(world(1))).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'removed', 'm[2]': 'removed' });
    expect(statesOf(world(2))).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'success', 'm[2]': 'removed' });
    const grown = world(4);
    expect(statesOf(grown)).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'success', 'm[2]': 'scheduled', 'm[3]': 'scheduled' });
    expect(grown.instances('m')[3]).toMatchObject({ mapIndex: 3, maxTries: 3, tryNumber: 1 });
    expect(statesOf(world(0))).toMatchObject({ 'm[0]': 'removed', 'm[1]': 'removed', 'm[2]': 'removed' });
  });

  it('are not touched by a shorter source while they are under way', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'ref', taskId: 'src' }] };
    const rows = [
      taskInstance(1, 'src', { state: 'success', outputLength: 1 }),
      taskInstance(2, 'm', { mapIndex: 0 }),
      taskInstance(3, 'm', { mapIndex: 1, state: 'running', token: 't' }),
    ];
    const view = viewOf([taskSpec('src'), taskSpec('m', { upstream: ['src'], map })], {}, { snapshot: { taskInstances: rows } });
    planRun(view, 1);
    expect(statesOf(view)).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'running' });
  });
});

describe('a mapped group', () => {
  const member = (taskId: string, upstream: readonly string[], options: Partial<TaskSpec> = {}): TaskSpec =>
    taskSpec(taskId, { upstream, groupId: 'inner', ...options });
  const spec = dagSpec(
    [taskSpec('src'), member('a', ['src']), member('b', ['a']), taskSpec('z', { upstream: ['b'], triggerRule: 'all_done' })],
    {
      groups: [
        { groupId: 'g', parentId: null, map: { kind: 'each', sources: [{ kind: 'ref', taskId: 'src' }] } },
        { groupId: 'inner', parentId: 'g', map: null },
      ],
    },
  );
  const start = (outputLength: number): RunView =>
    RunView.from({
      run: dagRun(),
      spec,
      previous: null,
      taskInstances: [
        taskInstance(1, 'src', { state: 'success', outputLength }),
        taskInstance(2, 'a'),
        taskInstance(3, 'b'),
        taskInstance(4, 'z'),
      ],
    });

  it('has a copy of each member for each element, and goes depth first', () => {
    const view = start(3);
    planRun(view, 1);
    store(view, 100);
    expect(view.instances('a').map(({ state }) => state)).toEqual(['scheduled', 'scheduled', 'scheduled']);
    expect(view.instances('b').map(({ mapIndex }) => mapIndex)).toEqual([0, 1, 2]);
    const [first, second, third] = view.instances('a');
    live(view, second!.id, SUCCESS, 2);
    planRun(view, 3);
    expect(view.instances('b').map(({ state }) => state)).toEqual(['none', 'scheduled', 'none']);
    live(view, first!.id, { ...FAILED, retryable: false } as Outcome, 4);
    live(view, third!.id, { kind: 'skipped', message: null }, 5);
    planRun(view, 6);
    expect(view.instances('b').map(({ state }) => state)).toEqual(['upstream_failed', 'scheduled', 'skipped']);
    expect(view.instances('z')[0]?.state).toBe('none');
    live(view, view.instances('b')[1]!.id, SUCCESS, 7);
    planRun(view, 8);
    expect(view.instances('z')[0]?.state).toBe('scheduled');
  });

  it('of one element expands a member as soon as its parent is, too', () => {
    const view = start(1);
    planRun(view, 1);
    expect(statesOf(view)).toEqual({ src: 'success', 'a[0]': 'scheduled', 'b[0]': 'none', z: 'none' });
  });

  it('of no elements is skipped, member by member', () => {
    const view = start(0);
    planRun(view, 1);
    expect(statesOf(view)).toMatchObject({ a: 'skipped', b: 'skipped', z: 'scheduled' });
  });

  it('cannot run without its source', () => {
    const view = start(3);
    view.transition(1, 'clear');
    view.transition(1, 'schedule');
    view.transition(1, 'fail');
    planRun(view, 1);
    expect(statesOf(view)).toMatchObject({ src: 'failed', a: 'upstream_failed', b: 'upstream_failed' });
  });
});
