/** What is asked of the store for the arguments of a batch: not more than its copies need. */
import { describe, expect, it } from '@jest/globals';
import type { DagSpec, InputSpec, TaskSpec } from '../../../src/model/dag-spec.js';
import type { Assignment } from '../../../src/model/workload.js';
import type { XComRequest } from '../../../src/ports/store.js';
import { InputResolver } from '../../../src/worker/inputs/input-resolver.js';
import { OutputShapes } from '../../../src/worker/inputs/output-shapes.js';
import { OutputCache } from '../../../src/worker/supervisor/output-cache.js';
import { dagSpec, taskSpec } from '../../support/dag-specs.js';

const ref = (taskId: string): InputSpec => ({ kind: 'ref', taskId });
const element: InputSpec = { kind: 'element', source: 0 };
const over = (source: InputSpec, more: object = {}): Partial<TaskSpec> => ({
  inputs: [element],
  map: { kind: 'each', sources: [source], ...more },
});

/** Copies `first` (3 and 5 have no value) feed everything else. */
const spec: DagSpec = dagSpec('d', {
  groups: [{ groupId: 'g', parentId: null, map: { kind: 'each', sources: [ref('first')] } }],
  tasks: [
    taskSpec('rows'),
    taskSpec('first', over(ref('rows'))),
    taskSpec('second', over(ref('first'))),
    taskSpec('chunked', over(ref('first'), { chunk: 4 })),
    taskSpec('stood_in', over({ kind: 'ref', taskId: 'first', orElse: [] })),
    taskSpec('both', { ...over(ref('first')), inputs: [element, ref('first')] }),
    taskSpec('g.a', { groupId: 'g', inputs: [{ kind: 'groupElement', groupId: 'g', source: 0 }] }),
    taskSpec('g.b', { groupId: 'g', inputs: [ref('g.a')] }),
  ],
});
const shapes = new OutputShapes(spec);
const stored = Array.from({ length: 20 }, (_, mapIndex) => ({ mapIndex, value: `v${mapIndex}` })).filter(
  ({ mapIndex }) => mapIndex !== 3 && mapIndex !== 5,
);

async function resolve(taskId: string, ...mapIndexes: number[]) {
  const asked: XComRequest[] = [];
  const resolver = new InputResolver(
    {
      readXComs: async (requests) => {
        asked.push(...requests);
        return requests.map(({ taskId: source, copies, positions }) => {
          if (source === 'g.a') return [{ mapIndex: copies!.from, value: `a${copies!.from}` }];
          return stored.slice(positions?.from, positions?.to);
        });
      },
      countXComs: async () => [],
    },
    new OutputCache(0),
  );
  const task = spec.tasks.find((one) => one.taskId === taskId) as TaskSpec;
  const args = await resolver.resolve(
    mapIndexes.map((mapIndex) => ({
      shapes,
      assignment: { task, dagRunId: 1, run: { clearNumber: 0 }, key: { taskId, mapIndex } } as unknown as Assignment,
    })),
  );
  return { args, asked: asked.map(({ positions, copies }) => positions ?? copies ?? 'all') };
}

describe('InputResolver', () => {
  it('reads for copies of a mapped task only their elements of what other copies returned', async () => {
    expect(await resolve('second', 7)).toEqual({ args: [['v9']], asked: [{ from: 7, to: 8 }] });
    expect(await resolve('second', 2, 3, 4)).toEqual({ args: [['v2'], ['v4'], ['v6']], asked: [{ from: 2, to: 5 }] });
    // Those that lie far from each other have requests of their own.
    expect((await resolve('second', 0, 17)).asked).toEqual([
      { from: 0, to: 1 },
      { from: 17, to: 18 },
    ]);
    expect((await resolve('second', 18)).args).toEqual([[undefined]]);
  });

  it('reads for a chunk the elements of the chunk', async () => {
    expect(await resolve('chunked', 1)).toEqual({ args: [[['v6', 'v7', 'v8', 'v9']]], asked: [{ from: 4, to: 8 }] });
    expect((await resolve('chunked', 4)).args).toEqual([[['v18', 'v19']]]);
  });

  it('reads for copies of a group their elements, and of each other only the same copy', async () => {
    expect(await resolve('g.a', 4)).toEqual({ args: [['v6']], asked: [{ from: 4, to: 5 }] });
    expect(await resolve('g.b', 4)).toEqual({ args: [['a4']], asked: [{ from: 4, to: 5 }] });
  });

  it('reads all where all is needed', async () => {
    expect((await resolve('stood_in', 4)).asked).toEqual(['all']);
    const { args, asked } = await resolve('both', 4);
    expect(args[0]).toEqual(['v6', stored.map(({ value }) => value)]);
    expect(asked).toEqual(['all', { from: 4, to: 5 }]);
  });
});
