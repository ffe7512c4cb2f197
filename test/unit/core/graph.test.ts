import { describe, expect, it } from '@jest/globals';
import { describeGraph } from '../../../src/core/graph/describe-graph.js';
import { flatRelatives } from '../../../src/core/graph/relatives.js';
import { graphOf } from '../../../src/core/graph/task-graph.js';
import { findCycle, topologicalOrder } from '../../../src/core/graph/topology.js';
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
  ])('%s', (text, expected) => {
    expect(topologicalOrder(edges(text), 'd')).toEqual(expected);
    expect(findCycle(edges(text))).toBeNull();
  });

  it.each([
    ['a<b b<a', 'a -> b -> a'],
    ['a<a', 'a -> a'],
    ['r s<r a<s,c b<a c<b z<r', 'a -> b -> c -> a'],
  ])('%s is the cycle %s', (text, cycle) => {
    expect(() => topologicalOrder(edges(text), 'd')).toThrow(`DAG_CYCLE: d: the tasks form a cycle: ${cycle}`);
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
    expect(() => graphOf(dagSpec([taskSpec('a', { upstream: ['b'] })]))).toThrow('EDGE_INVALID');
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
