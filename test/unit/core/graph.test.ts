import { describe, expect, it } from '@jest/globals';
import { describeGraph } from '../../../src/core/graph/describe-graph.js';
import { flatRelatives } from '../../../src/core/graph/relatives.js';
import { setupsAround, teardownsOf } from '../../../src/core/graph/setup-scope.js';
import { tasksSkippedBy } from '../../../src/core/graph/skipped-by.js';
import { graphOf } from '../../../src/core/graph/task-graph.js';
import { findCycle, findCycles, topologicalOrder } from '../../../src/core/graph/topology.js';
import { dagSpec, taskSpec } from './factories.js';

const edges = (text: string) =>
  text.split(' ').map((part) => {
    const [taskId, parents = ''] = part.split('<') as [string, string?];
    return { taskId, upstream: parents === '' ? [] : parents.split(',') };
  });

describe('order and cycles', () => {
  it.each([
    ['c<a a b<a', ['a', 'c', 'b']],
    ['d<b,c b<a c<a a', ['a', 'b', 'c', 'd']],
    ['x y z', ['x', 'y', 'z']],
    // A parent that is none of the tasks, and two ways to the same one.
    ['b<a,gone a<gone', ['a', 'b']],
    ['d<b,c c<a b<a a', ['a', 'c', 'b', 'd']],
  ])('%s', (text, expected) => {
    expect(topologicalOrder(edges(text), 'd')).toEqual(expected);
    expect(findCycle(edges(text))).toBeNull();
  });

  it.each([
    ['a<b b<a', 'a -> b -> a'],
    ['a<a', 'a -> a'],
    ['r s<r a<s,c b<a c<b z<r', 'a -> b -> c -> a'],
    // What only follows a cycle is not part of it.
    ['z<y y<a a<b b<a', 'a -> b -> a'],
  ])('%s is the cycle %s', (text, cycle) => {
    expect(() => topologicalOrder(edges(text), 'd')).toThrow(`DAG_CYCLE: d: the tasks form a cycle: ${cycle}`);
    expect(findCycle(edges(text))?.join(' -> ')).toBe(cycle);
  });

  it('all cycles that share no task are found', () => {
    expect(findCycles(edges('a<b b<a x p<q,a q<p,x s<s'))).toEqual([
      ['a', 'b', 'a'],
      ['p', 'q', 'p'],
      ['s', 's'],
    ]);
    expect(findCycles(edges('a b<a'))).toEqual([]);
  });

  it('a chain of 20,000 tasks is no problem', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => ({
      taskId: `t${index}`,
      upstream: index === 0 ? [] : [`t${index - 1}`],
    }));
    expect(topologicalOrder([...chain].reverse(), 'd')[19_999]).toBe('t19999');
    expect(findCycle([...chain, { taskId: 't0', upstream: ['t19999'] }])).toHaveLength(20_001);
  });
});

describe('the graph of a spec', () => {
  const spec = dagSpec([
    taskSpec('landed', {
      sensor: {
        pokeIntervalMs: 1,
        timeoutMs: 1,
        mode: 'poke',
        softFail: false,
        silentFail: false,
        neverFail: false,
        exponentialBackoff: false,
        maxWaitMs: null,
      },
    }),
    taskSpec('extract', { upstream: ['landed'] }),
    taskSpec('model'),
    taskSpec('score', { upstream: ['extract', 'model'], map: { kind: 'each', sources: [{ kind: 'ref', taskId: 'extract' }] } }),
    taskSpec('load', { upstream: ['score'] }),
    taskSpec('notify', { upstream: ['score'], triggerRule: 'one_failed', operator: 'bash' }),
  ]);

  it('knows leaves and relatives', () => {
    const graph = graphOf(spec);
    expect(graph).toBe(graphOf(spec));
    expect(graph.leaves).toEqual(['load', 'notify']);
    expect([...flatRelatives(graph, ['score'], 'upstream')].sort()).toEqual(['extract', 'landed', 'model']);
    expect([...flatRelatives(graph, ['landed'], 'downstream')].sort()).toEqual(['extract', 'load', 'notify', 'score']);
    expect([...flatRelatives(graph, ['score', 'landed'], 'downstream')].sort()).toEqual(['extract', 'load', 'notify', 'score']);
    expect([...flatRelatives(graph, ['landed'], 'upstream')]).toEqual([]);
  });

  it('has no relatives of what is not in it', () => {
    expect([...flatRelatives(graphOf(spec), ['gone'], 'upstream')]).toEqual([]);
    expect([...flatRelatives(graphOf(spec), ['gone'], 'downstream')]).toEqual([]);
  });

  it('refuses a parent that is not there', () => {
    expect(() => graphOf(dagSpec([taskSpec('a', { upstream: ['b'] })]))).toThrow(
      'EDGE_INVALID: d.a: its upstream is not a task of this DAG, got "b"',
    );
  });

  it('says whether a task looks at the run before', () => {
    expect(graphOf(spec).hasDependsOnPast).toBe(false);
    expect(graphOf(dagSpec([taskSpec('a'), taskSpec('b', { dependsOnPast: true })])).hasDependsOnPast).toBe(true);
    expect(graphOf(dagSpec([taskSpec('a'), taskSpec('b', { waitForDownstream: true })])).hasDependsOnPast).toBe(true);
  });

  it('is drawn as a tree', () => {
    expect(describeGraph(spec)).toBe(
      [
        'd',
        '├─ landed [sensor] → extract',
        '│  └─ score [mapped]',
        '│     ├─ load',
        '│     └─ notify [bash, one_failed]',
        '└─ model',
        '   └─ score ↑',
      ].join('\n'),
    );
  });
});

describe('setups around a task', () => {
  const graph = graphOf(
    dagSpec([
      taskSpec('never', { role: 'setup' }),
      taskSpec('early', { role: 'setup' }),
      taskSpec('used', { upstream: ['early'] }),
      taskSpec('clean', { upstream: ['early', 'used'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
      taskSpec('around', { upstream: ['used'], role: 'setup' }),
      taskSpec('w', { upstream: ['around', 'never'] }),
      taskSpec('td', { upstream: ['around', 'w'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
    ]),
  );

  it('are those that clean up after it, and those that nobody cleans up', () => {
    expect(setupsAround(graph, 'w')).toEqual(['never', 'around']);
    expect(setupsAround(graph, 'used')).toEqual(['early']);
    expect(setupsAround(graph, 'early')).toEqual([]);
    expect(setupsAround(graphOf(dagSpec([taskSpec('a'), taskSpec('b', { upstream: ['a'] })])), 'b')).toEqual([]);
  });

  it('are also those of whose teardowns one comes before and one after it', () => {
    const teardown = { role: 'teardown', triggerRule: 'all_done_setup_success' } as const;
    const twice = graphOf(
      dagSpec([
        taskSpec('s', { role: 'setup' }),
        taskSpec('before', { upstream: ['s'], ...teardown }),
        taskSpec('w', { upstream: ['before', 's'] }),
        taskSpec('after', { upstream: ['s', 'w'], ...teardown }),
      ]),
    );
    expect(setupsAround(twice, 'w')).toEqual(['s']);
  });

  it('have their teardowns directly below', () => {
    expect(teardownsOf(graph, 'around')).toEqual(['td']);
    expect(teardownsOf(graph, 'never')).toEqual([]);
  });
});

describe('the tasks that a decision leaves out', () => {
  const graph = graphOf(
    dagSpec([
      taskSpec('br', { decides: { kind: 'branch' } }),
      taskSpec('l', { upstream: ['br'] }),
      taskSpec('r', { upstream: ['br'] }),
      taskSpec('td', { upstream: ['br'], role: 'teardown', triggerRule: 'all_done_setup_success' }),
    ]),
  );

  it('are the children that it does not follow, or those that it names and that are still there; never teardowns', () => {
    expect(tasksSkippedBy(graph, 'br', { followed: ['l'] })).toEqual(['r']);
    expect(tasksSkippedBy(graph, 'br', { skipped: ['r', 'gone', 'td', 'l'] })).toEqual(['r', 'l']);
    expect(tasksSkippedBy(graph, 'br', { skipped: [] })).toEqual([]);
  });
});
