/** The naive second implementation and the core give the same answers. `REFERENCE_RUNS` raises the number of random runs. */
import { expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import { evaluateTimeless } from '../../src/core/dependency/checks.js';
import { planRun } from '../../src/core/dag-run/plan-run.js';
import { RunView } from '../../src/core/dag-run/run-view.js';
import { TRIGGER_RULES, type DagSpec, type MapSpec, type TriggerRule } from '../../src/model/dag-spec.js';
import { TASK_INSTANCE_STATES } from '../../src/model/states.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import { dagRun, dagSpec, taskInstance, taskSpec } from '../support/dag-specs.js';
import { answerOf, runStateOf, type Answer, type Instance, type State, type Task, type World } from './run.js';

const RUNS = Number(process.env['REFERENCE_RUNS'] ?? 3_000);
const COPIES = 2;
const RETRY_AT = 1_000_000;

/** Where the planner would not even ask: it is not mapped over a value, whose length a random world does not have. */
const anyWorld: fc.Arbitrary<World> = fc.integer({ min: 1, max: 6 }).chain((size) => {
  const tasks = fc.tuple(...Array.from({ length: size }, (_, position) => anyTask(position)));
  return tasks.chain((made) => anyInstances(made).map((instances) => ({ tasks: made, instances })));
});

function anyTask(position: number): fc.Arbitrary<Task> {
  const earlier = Array.from({ length: position }, (_, index) => `t${index}`);
  return fc
    .record({
      up: fc.subarray(earlier),
      role: fc.oneof({ weight: 4, arbitrary: fc.constant('task') }, fc.constant('setup'), fc.constant('teardown')),
      rule: fc.constantFrom(...TRIGGER_RULES.filter((rule) => rule !== 'all_done_setup_success')),
      failsRun: fc.boolean(),
      critical: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
      isHeld: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      isMapped: fc.constantFrom('no', 'no', 'no', 'itself', 'group'),
      mayFail: fc.constantFrom(0, 0, 1),
      takesAll: fc.boolean(),
    })
    .map(({ up, role, rule, isMapped, mayFail, takesAll, ...rest }): Task => {
      const isTeardown = role === 'teardown';
      return {
        ...rest,
        id: `t${position}`,
        up,
        takes: takesAll ? up : [],
        role: role as Task['role'],
        rule: isTeardown ? 'all_done_setup_success' : rule,
        group: isMapped === 'group' ? 'g' : null,
        // Stands for a mapping over a literal of `COPIES` elements.
        mappedOver: null,
        mayFail: isMapped === 'itself' ? mayFail : 0,
        ...(isMapped === 'itself' ? { isMapped: true } : {}),
      } as Task;
    });
}

function isMapped(task: Task): boolean {
  return task.group !== null || 'isMapped' in task;
}

function anyInstances(tasks: readonly Task[]): fc.Arbitrary<Instance[]> {
  const each = tasks.flatMap((task) => {
    const children = tasks.filter(({ up }) => up.includes(task.id)).map(({ id }) => id);
    const indexes = isMapped(task) ? Array.from({ length: COPIES }, (_, index) => index) : [-1];
    return indexes.map((index) =>
      fc
        .record({
          state: fc.oneof(
            { weight: 3, arbitrary: fc.constantFrom('success', 'failed', 'skipped', 'upstream_failed', 'removed') },
            { weight: 3, arbitrary: fc.constant('none') },
            fc.constantFrom(...TASK_INSTANCE_STATES),
          ),
          leftOut: fc.option(fc.subarray(children), { freq: 4 }),
        })
        .map(({ state, leftOut }) => ({ task: task.id, index, state, leftOut }) as Instance),
    );
  });
  return fc.tuple(...each);
}

function viewOf(world: World): RunView {
  const rows = world.instances.map(({ task, index, state, leftOut }, position): TaskInstance => {
    const isLive = state === 'queued' || state === 'running';
    return taskInstance(position + 1, task, {
      mapIndex: index,
      state,
      token: isLive ? 'token' : null,
      wakeAt: state === 'up_for_retry' ? RETRY_AT : null,
      decision: leftOut === null ? null : { skipped: leftOut },
    });
  });
  return RunView.from({ run: dagRun(), spec: specOf(world), taskInstances: rows, previous: null });
}

function specOf({ tasks, instances }: World): DagSpec {
  const map = (mayFail: number): MapSpec => ({
    kind: 'each',
    sources: [{ kind: 'value', value: new Array<null>(COPIES).fill(null) }],
    ...(mayFail > 0 ? { allowFailures: { count: mayFail } } : {}),
  });
  const deciders = new Set(instances.filter(({ leftOut }) => leftOut !== null).map(({ task }) => task));
  return dagSpec('d', {
    groups: [{ groupId: 'g', parentId: null, map: map(0) }],
    tasks: tasks.map((task) =>
      taskSpec(task.id, {
        upstream: [...task.up].sort(),
        inputs: task.takes.map((taskId) => ({ kind: 'ref', taskId }) as const),
        role: task.role,
        triggerRule: task.rule as TriggerRule,
        onFailureFailDagrun: task.failsRun,
        critical: task.critical,
        maxActiveTisPerDag: task.isHeld ? 1 : null,
        groupId: task.group,
        map: 'isMapped' in task ? map(task.mayFail) : null,
        decides: deciders.has(task.id) ? { kind: 'branch' } : null,
      }),
    ),
  });
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  met: 'R',
  wait: 'w',
  skipped: 'skipped',
  upstream_failed: 'upstream_failed',
  removed: 'removed',
};

it('every trigger rule over every combination of up to three parents', () => {
  const states = [...TASK_INSTANCE_STATES];
  const combinations = (size: number, from = 0): State[][] => {
    if (size === 0) return [[]];
    return states.slice(from).flatMap((state, offset) => combinations(size - 1, from + offset).map((rest) => [state, ...rest]));
  };
  const plain: Omit<Task, 'id'> = {
    up: [],
    takes: [],
    rule: 'all_success',
    role: 'task',
    failsRun: false,
    critical: true,
    isHeld: false,
    group: null,
    mappedOver: null,
    mayFail: 0,
  };
  const wrong: unknown[] = [];
  for (const parents of [1, 2, 3].flatMap((size) => combinations(size))) {
    const up = parents.map((_state, index) => `p${index}`);
    for (const rule of TRIGGER_RULES) {
      const z: Task = { ...plain, id: 'z', up, rule };
      const world: World = {
        tasks: [...up.map((id) => ({ ...plain, id })), z],
        instances: parents.map((state, index) => ({ task: `p${index}`, index: -1, state, leftOut: null })),
      };
      const view = viewOf(world);
      for (const index of [-1, 0, 1, 2]) {
        const instance = taskInstance(99, 'z', { mapIndex: index });
        const ours = ANSWERS[evaluateTimeless({ view, node: view.node('z'), instance, now: 0 }).verdict];
        const naive = answerOf(world, { task: 'z', index, state: 'none', leftOut: null });
        if (ours !== naive) wrong.push({ parents, rule, index, ours, naive });
      }
    }
  }
  expect(wrong).toEqual([]);
});

it('dependencies of every instance of random runs', () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      const view = viewOf(world);
      world.instances.forEach((instance, position) => {
        const row = view.instance(position + 1);
        const { verdict } = evaluateTimeless({ view, node: view.node(row.taskId), instance: row, now: 0 });
        expect({ instance, answer: ANSWERS[verdict] }).toEqual({ instance, answer: answerOf(world, instance) });
      });
    }),
    { numRuns: RUNS },
  );
});

it('state of random runs after one look at them', () => {
  fc.assert(
    fc.property(anyWorld, (world) => {
      const view = viewOf(world);
      planRun(view, 1_000, { maxMapLength: 1_024, maxRounds: 1 });
      expect(view.run.state).toBe(runStateOf(world));
    }),
    { numRuns: RUNS },
  );
});
