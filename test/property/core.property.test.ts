import { describe, expect, it } from '@jest/globals';
import { Cron } from 'croner';
import fc from '../support/fast-check.js';
import { planRun } from '../../src/core/dag-run/plan-run.js';
import type { RunView } from '../../src/core/dag-run/run-view.js';
import { queueInstance, startInstance } from '../../src/core/queueing/dispatch.js';
import { settleAttempt } from '../../src/core/task-instance/settle-attempt.js';
import { parseCron } from '../../src/core/timetable/cron-fields.js';
import { CronFires } from '../../src/core/timetable/cron-fires.js';
import { timetableFor } from '../../src/core/timetable/resolve.js';
import { TASK_INSTANCE_TRANSITIONS } from '../../src/core/task-instance/transitions.js';
import type { TaskInstanceChange } from '../../src/model/commit.js';
import type { ScheduleSpec, TaskSpec, TriggerRule } from '../../src/model/dag-spec.js';
import type { Outcome } from '../../src/model/outcome.js';
import { FINISHED_STATES, type TaskInstanceState } from '../../src/model/states.js';
import { accepted, dagSpec, SCHEDULER, taskSpec, utc, viewOf } from '../unit/core/factories.js';

const ZONES = [
  'UTC',
  'America/New_York',
  'Europe/Paris',
  'Europe/Dublin',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Africa/Casablanca',
  'Africa/Cairo',
  'America/Santiago',
  'Asia/Gaza',
  'Pacific/Apia',
  'Antarctica/Troll',
];

const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.integer({ min: 1, max: Math.min(max, 12) }).map((step) => `*/${step}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 2, maxLength: 3 }).map((values) => values.join(',')),
  );
const anyCron = fc
  .tuple(
    field(0, 59),
    field(0, 23),
    fc.oneof(fc.constant('*'), field(1, 28)),
    fc.oneof(fc.constant('*'), field(1, 12)),
    fc.oneof(fc.constant('*'), field(0, 6)),
  )
  .map((fields) => fields.join(' '));
const anyZone = fc.constantFrom(...ZONES);
const anyInstant = fc.integer({ min: utc('1985-01-01') / 1_000, max: utc('2045-01-01') / 1_000 }).map((second) => second * 1_000);
/** Within three days of a change of some zone's offset, where the rules are hard. */
const nearChange = fc
  .tuple(
    fc.constantFrom(
      '2025-03-09',
      '2025-03-30',
      '2025-11-02',
      '2025-10-26',
      '2025-04-06',
      '2025-10-05',
      '2018-11-04',
      '2011-12-30',
      '2024-03-10',
    ),
    fc.integer({ min: -259_200, max: 259_200 }),
  )
  .map(([day, seconds]) => utc(day) + seconds * 1_000);

describe('cron', () => {
  it('fires exactly when croner does, forward and backward', () => {
    fc.assert(
      fc.property(anyCron, anyZone, fc.oneof(anyInstant, nearChange), (expression, zone, from) => {
        const fields = parseCron(expression, 'schedule');
        const fires = new CronFires(fields, zone);
        const croner = new Cron(fields.cronerPattern, { timezone: zone, paused: true });
        let instant = from;
        for (let index = 0; index < 8; index++) {
          const next = fires.next(instant);
          expect(next).toBe(croner.nextRun(new Date(instant))?.getTime() ?? null);
          if (next === null) return;
          expect(next).toBeGreaterThan(instant);
          expect(fires.alignNext(next)).toBe(next);
          expect(fires.alignPrev(next)).toBe(next);
          if (index > 0) expect(fires.prev(next)).toBe(instant);
          instant = next;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('data intervals', () => {
  const anySchedule: fc.Arbitrary<ScheduleSpec> = fc.oneof(
    anyCron.map((expression): ScheduleSpec => ({ kind: 'cron', expression, text: expression })),
    fc
      .record({
        months: fc.integer({ min: 0, max: 13 }),
        ms: fc.integer({ min: 1, max: 4_000_000 }).map((second) => second * 1_000),
      })
      .map((span): ScheduleSpec => ({ kind: 'delta', span, text: 'span' })),
  );

  it('are contiguous, positive and strictly increasing, whatever the zone', () => {
    fc.assert(
      fc.property(anySchedule, anyZone, fc.oneof(anyInstant, nearChange), (schedule, timezone, startDate) => {
        const timetable = timetableFor(dagSpec([], { schedule, timezone }));
        let last = null;
        for (let index = 0; index < 20; index++) {
          const run = timetable.next(last, { earliest: startDate, latest: null, catchup: true }, 0);
          expect(run).not.toBeNull();
          if (!run) return;
          const { start, end } = run.dataInterval;
          expect(end).toBeGreaterThan(start);
          expect(run.logicalDate).toBe(start);
          expect(start).toBeGreaterThanOrEqual(startDate);
          if (last) expect(start).toBe(last.end);
          last = run.dataInterval;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('without catchup never start a run that a newer complete interval replaces, and never one that repeats', () => {
    fc.assert(
      fc.property(anySchedule, anyZone, anyInstant, fc.integer({ min: 1, max: 5 }), (schedule, timezone, now, last) => {
        const timetable = timetableFor(dagSpec([], { schedule, timezone }));
        const restriction = { earliest: null, latest: null, catchup: { last } };
        let previous = null;
        let due = 0;
        for (let index = 0; index < 8; index++) {
          const run = timetable.next(previous, restriction, now);
          if (!run || run.runAfter > now) break;
          if (previous) expect(run.logicalDate).toBeGreaterThan(previous.start);
          previous = run.dataInterval;
          due++;
        }
        expect(due).toBeLessThanOrEqual(last);
      }),
      { numRuns: 200 },
    );
  });
});

const RULES: readonly TriggerRule[] = [
  'all_success',
  'all_done',
  'one_failed',
  'none_failed',
  'one_success',
  'none_skipped',
  'all_failed',
  'one_done',
];

/** A random graph: each task may have any earlier ones as parents. */
const anyTasks: fc.Arbitrary<readonly TaskSpec[]> = fc
  .array(
    fc.record({
      parents: fc.array(fc.nat(), { maxLength: 3 }),
      rule: fc.constantFrom(...RULES),
      retries: fc.nat(2),
      mapped: fc.boolean(),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((drafts) =>
    drafts.map(({ parents, rule, retries, mapped }, index) => {
      const upstream = index === 0 ? [] : [...new Set(parents.map((parent) => `t${parent % index}`))].sort();
      const source = mapped ? upstream[0] : undefined;
      return taskSpec(`t${index}`, {
        upstream,
        triggerRule: rule,
        retries,
        retryDelayMs: 10,
        map: source === undefined ? null : { kind: 'each', sources: [{ kind: 'ref', taskId: source }] },
      });
    }),
  );

const ERROR = { code: 'TASK_ERROR', name: 'Error', message: '', stack: null };
const OUTCOMES: readonly Outcome[] = [
  { kind: 'success', output: { value: [1, 2], length: 2 } },
  { kind: 'success', output: null },
  { kind: 'success', output: { value: [], length: 0 } },
  { kind: 'failed', error: ERROR, retryable: true },
  { kind: 'failed', error: ERROR, retryable: false },
  { kind: 'skipped', message: null },
  { kind: 'lost', reason: 'lease_expired' },
];

/** The rules once more, naively, from the states of all parents. */
function mayRun(rule: TriggerRule, parents: readonly TaskInstanceState[]): boolean {
  if (parents.length === 0) return true;
  const bad = (state: TaskInstanceState) => state === 'failed' || state === 'upstream_failed';
  switch (rule) {
    case 'all_success':
      return parents.every((state) => state === 'success' || state === 'removed');
    case 'all_done':
      return parents.every((state) => FINISHED_STATES.has(state));
    case 'one_failed':
      return parents.some(bad);
    case 'none_failed':
      return parents.every((state) => FINISHED_STATES.has(state) && !bad(state));
    case 'one_success':
      return parents.includes('success');
    case 'none_skipped':
      return parents.every((state) => FINISHED_STATES.has(state) && state !== 'skipped');
    case 'all_failed':
      return parents.every((state) => bad(state) || state === 'removed');
    case 'one_done':
      return parents.some((state) => state === 'success' || state === 'failed');
    default:
      throw new Error(`no naive form of ${rule}`);
  }
}

function checkRules(view: RunView, before: ReadonlyMap<number, TaskInstanceState>): void {
  for (const instance of view.allInstances()) {
    if (instance.state !== 'scheduled' || before.get(instance.id) === 'scheduled') continue;
    const task = view.task(instance.taskId);
    const parents = task.upstream.flatMap((parent) => view.instances(parent).map((found) => found.state));
    expect({ rule: task.triggerRule, parents, met: mayRun(task.triggerRule, parents) }).toMatchObject({ met: true });
  }
}

function checkPath(change: TaskInstanceChange): void {
  let state = change.from;
  for (const next of change.path) {
    const legal = Object.values(TASK_INSTANCE_TRANSITIONS).some(({ from, to }) => from.includes(state) && to.includes(next));
    expect({ state, next, legal }).toMatchObject({ legal: true });
    state = next;
  }
  expect(change.next.state).toBe(state);
}

describe('planning whole runs', () => {
  it('schedules only what may run, in legal steps, and always comes to an end', () => {
    fc.assert(
      fc.property(anyTasks, fc.infiniteStream(fc.nat()), (tasks, choices) => {
        const view = viewOf(tasks);
        const stored = new Map<number, TaskInstanceState>(
          [...view.allInstances()].map((instance) => [instance.id, instance.state]),
        );
        const choose = (count: number) => (choices.next().value as number) % count;
        let now = 0;
        let nextId = 1_000;
        for (let step = 0; view.run.state === 'running'; step++) {
          expect(step).toBeLessThan(2_000);
          const before = new Map([...view.allInstances()].map((instance) => [instance.id, instance.state]));
          const { wakeAt } = planRun(view, now);
          checkRules(view, before);
          const commit = view.drain(SCHEDULER, wakeAt);
          if (commit) {
            for (const change of commit.changes) {
              checkPath(change);
              expect(change.from).toBe(stored.get(change.taskInstanceId));
              stored.set(change.taskInstanceId, change.next.state);
            }
            expect(new Set(commit.changes.map((change) => change.taskInstanceId)).size).toBe(commit.changes.length);
            const result = accepted(commit, view.revision + 1, nextId);
            nextId += commit.insertions.length;
            for (const [index, { id }] of result.inserted.entries())
              stored.set(id, commit.insertions[index]?.path.at(-1) ?? 'none');
            expect(view.committed(result)).toEqual([]);
          }
          const ready = [...view.ready()];
          const one = ready[choose(Math.max(1, ready.length))];
          if (one) {
            queueInstance(view, one.id, `token-${step}`, now);
            startInstance(view, one.id, 'worker', now);
            settleAttempt(view, one.id, OUTCOMES[choose(OUTCOMES.length)] as Outcome, now, now);
          } else if (view.run.state === 'running') {
            expect(wakeAt).not.toBeNull();
            now = wakeAt as number;
          }
        }
        expect(view.run.endedAt).toBe(now);
        const leafFailed = view.graph.leaves.some((leaf) =>
          view.instances(leaf).some((instance) => instance.state === 'failed' || instance.state === 'upstream_failed'),
        );
        if (view.unfinishedCount === 0) expect(view.run.state).toBe(leafFailed ? 'failed' : 'success');
        for (const { taskId, retries } of tasks) {
          for (const instance of view.instances(taskId)) expect(instance.tryNumber).toBeLessThanOrEqual(retries + 1);
          const indexes = view.instances(taskId).map((instance) => instance.mapIndex);
          expect(indexes).toEqual(indexes[0] === -1 ? [-1] : indexes.map((_, index) => index));
        }
      }),
      { numRuns: 300 },
    );
  });
});
