import { describe, expect, it } from '@jest/globals';
import { DEPENDENCY_CHECKS, evaluateDependencies, listDependencies } from '../../../src/core/dependency/checks.js';
import { planRun } from '../../../src/core/dag-run/plan-run.js';
import { RunView } from '../../../src/core/dag-run/run-view.js';
import type { MapSpec, TaskSpec, TriggerRule } from '../../../src/model/dag-spec.js';
import type { TaskInstanceState } from '../../../src/model/states.js';
import type { TaskInstance } from '../../../src/model/task-instance.js';
import { dagRun, dagSpec, statesOf, taskInstance, taskSpec, viewOf } from './factories.js';

/** What a task `z` with these parents and this rule becomes in one pass. */
function becomes(rule: TriggerRule, ...parents: readonly TaskInstanceState[]): TaskInstanceState {
  const tasks = parents.map((_state, index) => taskSpec(`p${index}`));
  const states = Object.fromEntries(parents.map((state, index) => [`p${index}`, { state }]));
  const z = taskSpec('z', { upstream: tasks.map(({ taskId }) => taskId), triggerRule: rule });
  const view = viewOf([...tasks, z], states);
  planRun(view, 1);
  return view.instance(parents.length + 1).state;
}

describe('trigger rules', () => {
  it('pitfall 1: decide at once by one failure or skip, without waiting for the other parents', () => {
    for (const rule of ['all_success', 'none_failed', 'none_failed_min_one_success'] as const) {
      expect(becomes(rule, 'running', 'failed')).toBe('upstream_failed');
    }
    expect(becomes('all_success', 'running', 'skipped')).toBe('skipped');
    expect(becomes('none_skipped', 'running', 'skipped')).toBe('skipped');
    expect(becomes('all_failed', 'running', 'success')).toBe('skipped');
  });

  it('pitfall 2: take upstream_failed for failed in one_failed and all_failed, and not for done in one_done', () => {
    expect(becomes('one_failed', 'upstream_failed', 'running')).toBe('scheduled');
    expect(becomes('all_failed', 'upstream_failed', 'failed')).toBe('scheduled');
    expect(becomes('one_done', 'upstream_failed', 'running')).toBe('none');
    expect(becomes('one_done', 'upstream_failed', 'upstream_failed')).toBe('skipped');
  });

  it('pitfall 3: none_failed runs when everything above was skipped, none_failed_min_one_success does not', () => {
    expect(becomes('none_failed', 'skipped', 'skipped')).toBe('scheduled');
    expect(becomes('none_failed_min_one_success', 'skipped', 'skipped')).toBe('skipped');
    expect(becomes('none_failed_min_one_success', 'skipped', 'success')).toBe('scheduled');
  });

  it('pitfall 4: all_done_min_one_success is skipped by any skip', () => {
    expect(becomes('all_done_min_one_success', 'success', 'skipped')).toBe('skipped');
    expect(becomes('all_done_min_one_success', 'success', 'failed')).toBe('scheduled');
    expect(becomes('all_done_min_one_success', 'failed', 'failed')).toBe('upstream_failed');
  });

  it('pitfall 8: removed parents are done, and nobody waits for them', () => {
    expect(becomes('all_success', 'removed', 'success')).toBe('scheduled');
    expect(becomes('all_done', 'removed', 'removed')).toBe('scheduled');
    expect(becomes('all_skipped', 'removed', 'skipped')).toBe('none');
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] };
    const tasks = [taskSpec('p', { map }), taskSpec('m', { upstream: ['p'], map })];
    const rows = [
      taskInstance(1, 'p', { mapIndex: 0, state: 'success' }),
      taskInstance(2, 'p', { mapIndex: 1, state: 'removed' }),
      taskInstance(3, 'm', { mapIndex: 0 }),
      taskInstance(4, 'm', { mapIndex: 1 }),
    ];
    const view = viewOf(tasks, {}, { snapshot: { taskInstances: rows } });
    planRun(view, 1);
    expect(statesOf(view)).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'removed' });
  });
});

describe('setups and teardowns', () => {
  const scope = (rule: TriggerRule = 'all_success'): readonly TaskSpec[] => [
    taskSpec('s', { role: 'setup' }),
    taskSpec('w1', { upstream: ['s'] }),
    taskSpec('w2', { upstream: ['w1'], triggerRule: rule }),
    taskSpec('td', { upstream: ['s', 'w2'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];
  const after = (states: Readonly<Record<string, TaskInstanceState>>, rule?: TriggerRule): Record<string, string> => {
    const view = viewOf(scope(rule), Object.fromEntries(Object.entries(states).map(([id, state]) => [id, { state }])));
    planRun(view, 1);
    return statesOf(view);
  };

  it.each<TriggerRule>(['all_done', 'one_failed', 'all_failed', 'none_skipped'])(
    'pitfall 7: a setup further up that failed fails a task whatever its rule: %s',
    (rule) => {
      expect(after({ s: 'failed', w1: 'failed' }, rule)['w2']).toBe('upstream_failed');
      expect(after({ s: 'skipped', w1: 'failed' }, rule)['w2']).toBe('skipped');
      expect(after({ s: 'running', w1: 'failed' }, rule)['w2']).toBe('none');
    },
  );

  it('pitfall 7: but not one that runs always', () => {
    expect(after({ s: 'failed', w1: 'failed' }, 'always')['w2']).toBe('scheduled');
  });

  it('a teardown runs when its setup succeeded, whatever became of the work', () => {
    expect(after({ s: 'success', w1: 'failed' })['td']).toBe('scheduled');
    expect(after({ s: 'failed' })['td']).toBe('upstream_failed');
    expect(after({ s: 'skipped' })['td']).toBe('skipped');
  });

  it('a teardown waits for every task between its setups and itself', () => {
    const tasks = [
      taskSpec('s', { role: 'setup' }),
      taskSpec('slow', { upstream: ['s'] }),
      taskSpec('fast', { upstream: ['s'] }),
      taskSpec('end', { upstream: ['fast', 'slow'], triggerRule: 'one_success' }),
      taskSpec('td', { upstream: ['end', 's'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
    ];
    const done = { state: 'success' } as const;
    const view = viewOf(tasks, { s: done, fast: done, end: done, slow: { state: 'running', token: 't' } });
    planRun(view, 1);
    expect(view.instance(5).state).toBe('none');
    const [check] = listDependencies({ view, node: view.node('td'), instance: view.instance(5), now: 1 }).filter(
      ({ verdict }) => verdict !== 'met',
    );
    expect(check).toEqual({ check: 'teardownScope', verdict: 'wait', code: 'scope_not_done', data: { task: 'slow' } });
    view.transition(2, 'fail', { token: null });
    planRun(view, 2);
    expect(view.instance(5).state).toBe('scheduled');
  });
});

describe('decisions that last', () => {
  const tasks = [
    taskSpec('br', { decides: { kind: 'branch' } }),
    taskSpec('l', { upstream: ['br'] }),
    taskSpec('r', { upstream: ['br'], triggerRule: 'all_done' }),
    taskSpec('td', { upstream: ['br'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
  ];

  it('skip a child that was cleared alone again, whatever its rule, and no teardown', () => {
    const view = viewOf(tasks, { br: { state: 'success', decision: { followed: ['l'] } }, l: { state: 'success' } });
    planRun(view, 1);
    expect(statesOf(view)).toEqual({ br: 'success', l: 'success', r: 'skipped', td: 'scheduled' });
  });

  it('count no more when the task that decided runs again', () => {
    const view = viewOf(tasks, { br: { state: 'none', tryNumber: 1, maxTries: 2, decision: { followed: ['l'] } } });
    planRun(view, 1);
    expect(view.instance(1)).toMatchObject({ state: 'scheduled', tryNumber: 2, decision: null });
    expect(statesOf(view)).toMatchObject({ l: 'none', r: 'none' });
  });

  it('follow copies of a mapped task copy by copy', () => {
    const map: MapSpec = { kind: 'each', sources: [{ kind: 'value', value: [0, 1] }] };
    const members = [
      taskSpec('br', { groupId: 'g', decides: { kind: 'branch' } }),
      taskSpec('c', { groupId: 'g', upstream: ['br'] }),
    ];
    const rows = [
      taskInstance(1, 'br', { mapIndex: 0, state: 'success', decision: { followed: [] } }),
      taskInstance(2, 'br', { mapIndex: 1, state: 'success', decision: { followed: ['c'] } }),
      taskInstance(3, 'c', { mapIndex: 0 }),
      taskInstance(4, 'c', { mapIndex: 1 }),
    ];
    const spec = dagSpec(members, { groups: [{ groupId: 'g', parentId: null, map }] });
    const view = RunView.from({ run: dagRun(), spec, taskInstances: rows, previous: null });
    planRun(view, 1);
    expect(statesOf(view)).toMatchObject({ 'c[0]': 'skipped', 'c[1]': 'scheduled' });
  });
});

describe('the list of checks', () => {
  it('names every check once, met or not, and agrees with what the planner follows', () => {
    const view = viewOf([taskSpec('a'), taskSpec('b', { upstream: ['a'], dependsOnPast: true })], {
      a: { state: 'running', token: 't' },
      b: { state: 'up_for_retry', wakeAt: 50 } satisfies Partial<TaskInstance>,
    });
    const subject = { view, node: view.node('b'), instance: view.instance(2), now: 10 };
    const listed = listDependencies(subject);
    expect(listed.map(({ check }) => check)).toEqual(Object.keys(DEPENDENCY_CHECKS));
    const open = listed.filter(({ verdict }) => verdict !== 'met').map(({ check, code }) => [check, code]);
    expect(open).toEqual([
      ['triggerRule', 'trigger_rule'],
      ['retryPeriod', 'retry_delay'],
    ]);
    expect(evaluateDependencies(subject).code).toBe('trigger_rule');
  });
});
