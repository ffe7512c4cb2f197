/**
 * How urgent the tasks of a DAG are: what a task's own weight and those of the tasks around it come to by its weight rule. A task is counted
 * once, however many ways lead to it and however many copies it is mapped to.
 */
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import { graphOf, type TaskGraph } from '../graph/task-graph.js';
import { topologicalOrder } from '../graph/topology.js';

const LEAST = -2_147_483_648;
const MOST = 2_147_483_647;
/** Tasks looked for in one round: as many as an integer has bits. */
const BLOCK = 32;

const known = new WeakMap<DagSpec, ReadonlyMap<string, number>>();

/**
 * The weight by which instances of each task compete for slots. `absolute`: its own; `downstream`: that and those of all tasks below it, so
 * that the way that holds up most comes first; `upstream`: that and those of all tasks above it, so that a run that has begun is ended
 * first. Sums are clamped to 32 bits. Remembered as long as the spec object lives.
 */
export function effectiveWeights(spec: DagSpec): ReadonlyMap<string, number> {
  const before = known.get(spec);
  if (before) return before;
  const graph = graphOf(spec);
  const order = topologicalOrder(spec.tasks, spec.dagId);
  const below = sumsOver(spec.tasks, 'downstream', [...order].reverse(), graph);
  const above = sumsOver(spec.tasks, 'upstream', order, graph);
  const weights = new Map(
    spec.tasks.map(({ taskId, priorityWeight, weightRule }) => {
      const sum = weightRule === 'absolute' ? priorityWeight : (weightRule === 'downstream' ? below : above).get(taskId)!;
      return [taskId, Math.min(MOST, Math.max(LEAST, sum))];
    }),
  );
  known.set(spec, weights);
  return weights;
}

/**
 * Own weight and those of all relatives in one direction, for every task; nothing when no task asks for it. Relatives are sets, so sums of
 * sums would count some twice: in rounds of 32 tasks, each task learns from its neighbours which of these it reaches. That takes
 * tasks x (tasks + edges) / 32 steps and no more memory than the graph.
 */
function sumsOver(
  tasks: readonly TaskSpec[],
  direction: 'downstream' | 'upstream',
  order: readonly string[],
  graph: TaskGraph,
): ReadonlyMap<string, number> {
  if (!tasks.some(({ weightRule }) => weightRule === direction)) return new Map();
  const { starts, neighbours } = edgesOf(order, (taskId) =>
    direction === 'downstream' ? graph.downstream.get(taskId)! : graph.tasks.get(taskId)!.upstream,
  );
  const weights = order.map((taskId) => graph.tasks.get(taskId)!.priorityWeight);
  const sums = new Float64Array(order.length);
  const reached = new Int32Array(order.length);
  for (let first = 0; first < order.length; first += BLOCK) {
    const sumOf = subsetSums(weights.slice(first, first + BLOCK));
    // Whoever comes earlier in the order reaches nobody of this block.
    for (let node = first; node < order.length; node++) {
      let bits = node < first + BLOCK ? 1 << (node - first) : 0;
      for (let edge = starts[node]!; edge < starts[node + 1]!; edge++) {
        const neighbour = neighbours[edge]!;
        if (neighbour >= first) bits |= reached[neighbour]!;
      }
      reached[node] = bits;
      if (bits !== 0) sums[node]! += sumOf(bits);
    }
  }
  return new Map(order.map((taskId, index) => [taskId, sums[index]!]));
}

/** The neighbours of task i, as positions in `order`, stand from `starts[i]` to before `starts[i + 1]`. */
function edgesOf(order: readonly string[], relativesOf: (taskId: string) => readonly string[]) {
  const positions = new Map(order.map((taskId, index) => [taskId, index]));
  const neighbours: number[] = [];
  const starts = [0];
  for (const taskId of order) {
    for (const relative of relativesOf(taskId)) neighbours.push(positions.get(relative)!);
    starts.push(neighbours.length);
  }
  return { starts, neighbours };
}

/** Sums of the weights whose bits are set, from a table for each byte. */
function subsetSums(weights: readonly number[]): (bits: number) => number {
  const tables = [0, 8, 16, 24].map((shift) => {
    const table = new Float64Array(256);
    for (let bits = 1; bits < 256; bits++) {
      const lowest = bits & -bits;
      table[bits] = table[bits ^ lowest]! + (weights[shift + 31 - Math.clz32(lowest)] ?? 0);
    }
    return table;
  });
  const [first, second, third, fourth] = tables as [Float64Array, Float64Array, Float64Array, Float64Array];
  return (bits) => first[bits & 255]! + second[(bits >>> 8) & 255]! + third[(bits >>> 16) & 255]! + fourth[bits >>> 24]!;
}
