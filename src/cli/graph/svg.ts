/**
 * A graph as an SVG picture: layers from left to right, tasks of a layer ordered so that few edges cross, long edges led between the
 * boxes of the layers they pass.
 */
import type { DagSpec } from '../../model/dag-spec.js';
import { describeTask, layerGraph, type LayeredGraph } from './layers.js';

const CHAR_WIDTH = 7.4;
const PADDING = 14;
const BOX_HEIGHT = 40;
const LANE_HEIGHT = 14;
const ROW_GAP = 16;
const LAYER_GAP = 56;
const MARGIN = 20;
const SWEEPS = 8;

/** A task, or the place where a long edge passes a layer. */
interface Node {
  readonly taskId: string | null;
  readonly before: Node[];
  readonly after: Node[];
  readonly width: number;
  readonly height: number;
  x: number;
  y: number;
}

interface Edge {
  /** From the parent through the layers between to the child. */
  readonly path: readonly Node[];
}

export function renderSvg(spec: DagSpec): string {
  const graph = layerGraph(spec);
  const { layers, edges } = placeNodes(graph);
  for (let sweep = 0; sweep < SWEEPS; sweep++) sortLayers(layers, sweep % 2 === 0);
  const { width, height } = assignPositions(layers);

  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(spec.dagId)}</title>`,
    '<style>text{font:13px ui-monospace,monospace;fill:#1f2937}.what{font-size:10px;fill:#6b7280}' +
      'rect{fill:#f9fafb;stroke:#4b5563;rx:6}path{fill:none;stroke:#6b7280;stroke-width:1.3;marker-end:url(#arrow)}</style>',
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
      '<path d="M0 0 8 4 0 8z" style="fill:#6b7280;stroke:none;marker-end:none"/></marker></defs>',
    ...edges.map((edge) => `<path d="${curve(edge)}"/>`),
    ...layers.flat().flatMap((node) => (node.taskId === null ? [] : [box(node, graph)])),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function placeNodes({ tasks, groups, layers: taskLayers, layerOf }: LayeredGraph): { layers: Node[][]; edges: Edge[] } {
  const layers: Node[][] = taskLayers.map(() => []);
  const nodeOf = new Map<string, Node>();
  const add = (layer: number, taskId: string | null, width: number, height: number): Node => {
    const node: Node = { taskId, before: [], after: [], width, height, x: 0, y: 0 };
    layers[layer]?.push(node);
    return node;
  };
  for (const task of tasks.values()) {
    const letters = Math.max(task.taskId.length, (describeTask(task, { groups }).join(', ').length * 10) / 13);
    nodeOf.set(
      task.taskId,
      add(layerOf.get(task.taskId) ?? 0, task.taskId, Math.ceil(letters * CHAR_WIDTH) + 2 * PADDING, BOX_HEIGHT),
    );
  }
  const edges: Edge[] = [];
  for (const task of tasks.values()) {
    for (const parent of task.upstream) {
      const from = nodeOf.get(parent);
      const to = nodeOf.get(task.taskId);
      if (!from || !to) continue;
      const path = [from];
      for (let layer = (layerOf.get(parent) ?? 0) + 1; layer < (layerOf.get(task.taskId) ?? 0); layer++) {
        path.push(add(layer, null, 0, LANE_HEIGHT));
      }
      path.push(to);
      for (let i = 1; i < path.length; i++) {
        (path[i - 1] as Node).after.push(path[i] as Node);
        (path[i] as Node).before.push(path[i - 1] as Node);
      }
      edges.push({ path });
    }
  }
  return { layers, edges };
}

/** Moves every node towards the middle of its neighbours in the layer just sorted; stable where nothing pulls. */
function sortLayers(layers: Node[][], forward: boolean): void {
  const order = forward ? layers : [...layers].reverse();
  const rank = new Map<Node, number>();
  for (const layer of order) {
    const pull = new Map(
      layer.map((node, index) => {
        const ranks = (forward ? node.before : node.after).map((neighbour) => rank.get(neighbour) ?? 0);
        return [node, ranks.length === 0 ? index : ranks.reduce((sum, value) => sum + value, 0) / ranks.length];
      }),
    );
    layer.sort((a, b) => (pull.get(a) as number) - (pull.get(b) as number));
    layer.forEach((node, index) => rank.set(node, index));
  }
}

function assignPositions(layers: Node[][]): { width: number; height: number } {
  const heights = layers.map((layer) => layer.reduce((sum, node) => sum + node.height + ROW_GAP, -ROW_GAP));
  const tallest = Math.max(0, ...heights);
  let x = MARGIN;
  layers.forEach((layer, index) => {
    const width = Math.max(...layer.map((node) => node.width));
    let y = MARGIN + (tallest - (heights[index] as number)) / 2;
    for (const node of layer) {
      node.x = x + (width - node.width) / 2;
      node.y = y;
      y += node.height + ROW_GAP;
    }
    x += width + LAYER_GAP;
  });
  return { width: Math.ceil(Math.max(x - LAYER_GAP, MARGIN) + MARGIN), height: Math.ceil(tallest + 2 * MARGIN) };
}

function curve({ path }: Edge): string {
  // The width of a passing place is 0, so that only the first point has to leave its box on the right.
  const points = path.map((node, index) => ({ x: index === 0 ? node.x + node.width : node.x, y: node.y + node.height / 2 }));
  const [start, ...rest] = points as [{ x: number; y: number }, ...{ x: number; y: number }[]];
  let from = start;
  let text = `M${from.x} ${from.y}`;
  for (const to of rest) {
    const middle = (from.x + to.x) / 2;
    text += `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
    from = to;
  }
  return text;
}

function box(node: Node, { tasks, groups }: LayeredGraph): string {
  const task = tasks.get(node.taskId as string);
  const words = task ? describeTask(task, { groups }).join(', ') : '';
  const middle = node.x + node.width / 2;
  const textY = node.y + (words === '' ? 25 : 18);
  return (
    `<rect x="${node.x}" y="${node.y}" width="${node.width}" height="${node.height}"/>` +
    `<text x="${middle}" y="${textY}" text-anchor="middle">${escape(node.taskId as string)}</text>` +
    (words === '' ? '' : `<text class="what" x="${middle}" y="${node.y + 32}" text-anchor="middle">${escape(words)}</text>`)
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
