/** Setups, teardowns, branches, short circuits, instant operators, and the options that say how a task counts. */
import { describe, expect, it } from '@jest/globals';
import type { DagSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import { collectDags } from '../../../src/sdk/collect-dags.js';
import { dag, defineDag, empty, latestOnly, operator, task, type Wired } from '../../../src/sdk/index.js';
import { lineFinder, mapStacksOf } from './author-positions.js';

await mapStacksOf(import.meta.url);
const lineOf = lineFinder(import.meta.url);
/* eslint-disable @typescript-eslint/no-explicit-any -- what the compiler refuses must be answered at run time too */
type Loose = any;

function specOf(exported: unknown): DagSpec {
  const { dags, problems } = collectDags({ exported }, 'dags.ts');
  expect(problems).toEqual([]);
  return dags[0]!.spec;
}
const taskOf = (spec: DagSpec, taskId: string): TaskSpec => spec.tasks.find((candidate) => candidate.taskId === taskId)!;
const edgesOf = (spec: DagSpec) => Object.fromEntries(spec.tasks.map(({ taskId, upstream }) => [taskId, upstream]));
const wired = (wire: (d: Loose) => unknown, options: Loose = {}) => defineDag('d', options, wire as Loose);
const problemsOf = (exported: unknown) => collectDags({ exported }, 'broken.ts').problems;
const warningsOf = (exported: unknown) => collectDags({ exported }, 'broken.ts').warnings;

describe('kinds of tasks', () => {
  it('are said by decorators, and by operators', () => {
    @dag({ schedule: '@daily', startDate: '2024-01-01' })
    class Kinds {
      newest = latestOnly();
      join = empty({ triggerRule: 'none_failed_min_one_success', retries: 3 });
      @task.setup() make() {
        return 'cluster';
      }
      @task.teardown({ onFailureFailDagrun: true }) drop(cluster: string) {
        return cluster;
      }
      @task.branch() async pick(): Promise<'big' | 'small'> {
        return 'big';
      }
      @task.shortCircuit({ ignoreDownstreamTriggerRules: false }) worthwhile() {
        return true;
      }
      @task.shortCircuit() always() {
        return 1;
      }
      @task() big() {
        return 1;
      }
      @task() small() {
        return 1;
      }
      wire(t: Wired<Kinds>) {
        const cluster = t.make().after(t.worthwhile(), t.always(), t.newest());
        const pick = t.pick().after(cluster);
        const ends = [t.big().after(pick), t.small().after(pick)];
        t.drop(cluster).after(t.join().after(...ends));
      }
    }
    const spec = specOf(Kinds);
    const facts = ({ role, onFailureFailDagrun, decides, isInstant, triggerRule, operator: name }: TaskSpec) => ({
      role,
      onFailureFailDagrun,
      decides,
      isInstant,
      triggerRule,
      operator: name,
    });
    const plain = {
      role: 'task',
      onFailureFailDagrun: false,
      decides: null,
      isInstant: false,
      triggerRule: 'all_success',
      operator: 'method',
    };
    expect(facts(taskOf(spec, 'make'))).toEqual({ ...plain, role: 'setup' });
    expect(facts(taskOf(spec, 'drop'))).toEqual({
      ...plain,
      role: 'teardown',
      onFailureFailDagrun: true,
      triggerRule: 'all_done_setup_success',
    });
    expect(facts(taskOf(spec, 'pick'))).toEqual({ ...plain, decides: { kind: 'branch' } });
    expect(facts(taskOf(spec, 'worthwhile'))).toEqual({
      ...plain,
      decides: { kind: 'shortCircuit', ignoreDownstreamTriggerRules: false },
    });
    expect(taskOf(spec, 'always').decides).toEqual({ kind: 'shortCircuit', ignoreDownstreamTriggerRules: true });
    expect(facts(taskOf(spec, 'newest'))).toEqual({
      ...plain,
      operator: 'latestOnly',
      isInstant: true,
      decides: { kind: 'latestOnly' },
    });
    expect(facts(taskOf(spec, 'join'))).toEqual({
      ...plain,
      operator: 'empty',
      isInstant: true,
      triggerRule: 'none_failed_min_one_success',
    });
    expect(taskOf(spec, 'join').retries).toBe(3);
    expect(facts(taskOf(spec, 'big'))).toEqual(plain);
  });

  it('are the same in the function form', () => {
    const spec = specOf(
      defineDag('d', { defaultArgs: { triggerRule: 'all_done' } }, (d) => {
        const made = d.setup('make', () => 1)();
        const work = d.task('work', { triggerRule: 'all_success' }, (n: number) => n)(made);
        d.teardown('drop', { onFailureFailDagrun: false }, (n: number) => n)(made).after(work);
        d.branch('pick', () => ['work'])();
        d.shortCircuit('go', { ignoreDownstreamTriggerRules: true }, () => 0)();
        d.operator('nothing', empty())();
      }),
    );
    expect(spec.tasks.map(({ role }) => role)).toEqual(['setup', 'task', 'teardown', 'task', 'task', 'task']);
    expect(taskOf(spec, 'drop').triggerRule).toBe('all_done_setup_success');
    expect(taskOf(spec, 'pick')).toMatchObject({ decides: { kind: 'branch' }, triggerRule: 'all_done' });
    expect(taskOf(spec, 'go').decides).toEqual({ kind: 'shortCircuit', ignoreDownstreamTriggerRules: true });
    expect(taskOf(spec, 'nothing').isInstant).toBe(true);
  });

  it('can be those of an operator of somebody else', () => {
    const weekday = operator<{ days: readonly number[] }, string>({
      name: 'weekday',
      optionNames: ['days'],
      decides: { kind: 'branch' },
      execute: () => 'work',
    });
    expect(specOf(wired((d) => d.operator('w', weekday({ days: [1] }))())).tasks[0]).toMatchObject({
      decides: { kind: 'branch' },
      isInstant: false,
    });
  });
});

describe('options of a task', () => {
  it('reach its spec', () => {
    const spec = specOf(
      defineDag(
        'd',
        { timezone: 'Europe/Paris', defaultArgs: { critical: false, weightRule: 'absolute', doXcomPush: false, retryPolicy: [] } },
        (d) => {
          d.task('a', { startDate: '2024-06-01', endDate: new Date(Date.UTC(2025, 0, 1)), mapIndexTemplate: '{{ x }}' }, () => 1)();
          d.task(
            'b',
            { critical: true, weightRule: 'upstream', doXcomPush: true, multipleOutputs: true, retryPolicy: null },
            () => ({}),
          )();
        },
      ),
    );
    expect(taskOf(spec, 'a')).toMatchObject({
      critical: false,
      weightRule: 'absolute',
      doXcomPush: false,
      hasRetryPolicy: true,
      startDate: Date.UTC(2024, 4, 31, 22),
      endDate: Date.UTC(2025, 0, 1),
      mapIndexTemplate: '{{ x }}',
      multipleOutputs: false,
    });
    expect(taskOf(spec, 'b')).toMatchObject({
      critical: true,
      weightRule: 'upstream',
      doXcomPush: true,
      hasRetryPolicy: false,
      startDate: null,
      multipleOutputs: true,
    });
    expect(taskOf(spec, 'b')).not.toHaveProperty('retryPolicy');
  });
});

describe('a spec', () => {
  it('pitfall 61: is plain data with all that the scheduler needs', () => {
    const spec = specOf(
      wired((d) => {
        const list = d.task('list', { critical: false, retryPolicy: () => 'retry', mapIndexTemplate: () => 'x' }, () => [1])();
        const step = d.task('step', (...x: unknown[]) => x);
        step.mapZip(list.orElse([]), [new Date(0)], { fill: null, allowFailures: '5%' });
        d.group.map('g', list, (_: Loose, item: Loose) => d.choose(item, { 1: () => step.as('inside')(item) }));
        d.shortCircuit('go', { ignoreDownstreamTriggerRules: false }, () => 1)();
      }),
    );
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(taskOf(spec, 'list').hasRetryPolicy).toBe(true);
  });
});

describe('edges around teardowns', () => {
  it('pitfall 6: of a group ignore its teardowns', () => {
    const spec = specOf(
      wired((d) => {
        const group = d.group('g', () => {
          const made = d.setup('make', () => 1)();
          const work = d
            .task('work', () => 1)()
            .after(made);
          d.teardown('drop', () => 1)().after(made, work);
        });
        d.task('next', () => 1)().after(group);
        const bare = d.group('bare', () => {
          const begun = d.setup('begin', () => 1)();
          d.teardown('end', () => 1)().after(begun);
        });
        d.task('last', () => 1)().after(bare);
      }),
    );
    expect(edgesOf(spec)).toMatchObject({ 'g.drop': ['g.make', 'g.work'], next: ['g.work'], last: ['bare.begin'] });
  });

  it('of a scope lead from the setups to its first tasks, and from its last ones to the teardowns', () => {
    const spec = specOf(
      wired((d) => {
        const step = d.task('step', (x: unknown) => x);
        const outer = d.setup('outer', () => 1)();
        const end = d.teardown('end', () => 1)();
        const result = d.scope(outer, end, () => {
          const a = step.as('a')(1);
          step.as('b')(a);
          const inner = d.setup('inner', () => 1)();
          d.scope([inner], [d.teardown('inner_end', () => 1)()], () => {
            d.group('g', () => step.as('c')(1));
          });
          return a;
        });
        step.as('after')(result);
      }),
    );
    expect(edgesOf(spec)).toEqual({
      outer: [],
      a: ['outer'],
      b: ['a'],
      inner: ['outer'],
      'g.c': ['inner'],
      inner_end: ['g.c', 'inner'],
      end: ['b', 'g.c', 'inner_end', 'outer'],
      after: ['a'],
    });
  });
});

describe('what tasks must be together', () => {
  it.each<[string, string, Loose, string]>([
    [
      'TRIGGER_RULE_INVALID',
      'a teardown has no trigger rule of its own',
      wired((d) => d.teardown('t', { triggerRule: 'all_done' }, () => 1)()), // here: teardown rule
      'teardown rule',
    ],
    [
      'TRIGGER_RULE_INVALID',
      'it directly follows the setup "s", and must not run when that failed',
      wired((d) => {
        const rule = { triggerRule: 'all_done' };
        d.task('t', rule, () => 1)().after(d.setup('s', () => 1)()); // here: after setup
      }),
      'after setup',
    ],
    [
      'TRIGGER_RULE_INVALID',
      'a DAG with failFast ends its other tasks at the first failure',
      wired((d) => d.task('t', { triggerRule: 'one_success' }, () => 1)(), { failFast: true }), // here: fail fast
      'fail fast',
    ],
    [
      'TRIGGER_RULE_INVALID',
      'it is mapped over an output, which it must wait for',
      wired((d) => {
        const list = d.task('list', () => [1])();
        d.task('t', { triggerRule: 'always' }, (x: number) => x).map(list); // here: always mapped
      }),
      'always mapped',
    ],
    [
      'DATE_ORDER',
      'tasks.t.endDate: endDate is before startDate',
      wired((d) => d.task('t', { startDate: '2024-02-01', endDate: '2024-01-01' }, () => 1)()), // here: dates
      'dates',
    ],
    [
      'DATE_INVALID',
      'tasks.t.startDate: month 13 is outside 1-12',
      wired((d) => d.task('t', { startDate: '2024-13-01' }, () => 1)()), // here: month
      'month',
    ],
    [
      'DATE_INVALID',
      'tasks.t.endDate: this is not a date',
      wired((d) => d.task('t', { endDate: 5 }, () => 1)()), // here: no date
      'no date',
    ],
    [
      'EDGE_INVALID',
      'scope: task "work" is no setup: decorate it with @task.setup()',
      wired((d) => {
        const work = d.task('work', () => 1)();
        d.scope(work, d.teardown('drop', () => 1)(), () => undefined); // here: scope
      }),
      'scope',
    ],
    [
      'OPTION_UNKNOWN',
      'there is no option "onFailureFailDagrun" here: it is an option of @task.teardown',
      wired((d) => d.task('t', { onFailureFailDagrun: true }, () => 1)()), // here: teardown only
      'teardown only',
    ],
    [
      'UNKNOWN_NAME',
      'tasks.t.weightRule: there is no such choice',
      wired((d) => d.task('t', { weightRule: 'downsteam' }, () => 1)()), // here: weight rule
      'weight rule',
    ],
    [
      'WIRE_ASYNC',
      'scope: wiring must not be async',
      wired((d) => void d.scope(d.setup('s', () => 1)(), [], async () => undefined)), // here: async scope
      'async scope',
    ],
  ])('%s: %s', (code, message, exported, here) => {
    const problems = problemsOf(exported);
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(problems[0]!.message).toContain(message);
    expect(problems[0]!.line).toBe(lineOf(here));
  });

  it('lets teardowns be in a failFast DAG', () => {
    expect(
      problemsOf(
        wired(
          (d) =>
            d
              .teardown('drop', () => 1)()
              .after(d.setup('make', () => 1)()),
          { failFast: true },
        ),
      ),
    ).toEqual([]);
  });

  it('warns where a critical task needs what one that is not critical may lack', () => {
    const exported = wired((d) => {
      const extra = d.task('extra', { critical: false }, () => 1)();
      const list = d.task('list', { critical: false }, () => [1])();
      const step = d.task('step', (...x: Loose[]) => x);
      step.as('takes')({ extra }); // here: takes
      step.as('maps').map(list); // here: maps
      step.as('follows')().after(extra);
      d.task('same', { critical: false }, (x: number) => x)(extra);
    });
    expect(warningsOf(exported).map(({ code, message, line }) => [code, message.slice(0, 60), line])).toEqual([
      ['EDGE_NEEDS_DEFAULT', 'tasks.takes: it takes the output of "extra", which is not cr', lineOf('takes')],
      ['EDGE_NEEDS_DEFAULT', 'tasks.maps: it takes the output of "list", which is not crit', lineOf('maps')],
    ]);
  });
});
