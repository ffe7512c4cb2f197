import { describe, expect, it } from '@jest/globals';
import { renderDot } from '../../../src/cli/graph/dot.js';
import { layerGraph } from '../../../src/cli/graph/layers.js';
import { renderMermaid } from '../../../src/cli/graph/mermaid.js';
import { renderSvg } from '../../../src/cli/graph/svg.js';
import { drawGraph } from '../../../src/cli/graph/text.js';
import { dagSpec, taskSpec } from './fake-cli.js';

const diamond = dagSpec('sales', [
  taskSpec('extract', [], { operator: 'bash' }),
  taskSpec('clean', ['extract'], { retries: 2 }),
  taskSpec('score', ['extract', 'model'], { map: { kind: 'each', sources: [{ kind: 'ref', taskId: 'extract' }] } }),
  taskSpec('model'),
  taskSpec('load', ['clean', 'score'], { triggerRule: 'all_done', groupId: 'out' }),
  taskSpec('notify', ['load', 'extract'], { groupId: 'out' }),
]);
const withGroup = { ...diamond, groups: [{ groupId: 'out', parentId: null, map: null }] };

describe('layers', () => {
  it('puts each task one below the deepest of its parents', () => {
    expect(layerGraph(diamond).layers).toEqual([['extract', 'model'], ['clean', 'score'], ['load'], ['notify']]);
  });
});

describe('text', () => {
  it('draws every task once and names every edge', () => {
    expect(drawGraph(diamond)).toBe(
      `sales  (6 tasks, 7 edges, 4 layers)

extract  (bash)
└─ clean  (2 retries)
model
└─ score  (mapped)  <- extract
   └─ load  (all_done)  <- clean
      └─ notify  <- extract
`,
    );
  });

  it('stays readable for 30 tasks', () => {
    const tasks = [
      taskSpec('start'),
      ...Array.from({ length: 28 }, (_, index) => taskSpec(`part_${index}`, ['start'])),
      taskSpec(
        'join',
        Array.from({ length: 28 }, (_, index) => `part_${index}`),
      ),
    ];
    const lines = drawGraph(dagSpec('wide', tasks)).trimEnd().split('\n');
    expect(lines).toHaveLength(32);
    expect(lines.filter((line) => line.includes('part_'))).toHaveLength(29);
  });
});

describe('DOT', () => {
  it('has a node per task, an edge per dependency and a cluster per group', () => {
    const text = renderDot({ ...withGroup, dagId: 'sa"les' });
    expect(text).toMatch(/^digraph "sa\\"les" \{/);
    expect(text).toContain('"clean" [label="clean\\n2 retries"];');
    expect(text.match(/->/g)).toHaveLength(7);
    expect(text).toMatch(/subgraph "cluster_out" \{\n {4}label="out";\n {4}"load" [^\n]*\n {4}"notify"/);
  });
});

describe('Mermaid', () => {
  it('numbers the nodes, so that no id can break it', () => {
    const text = renderMermaid(withGroup);
    expect(text).toContain('  t0["extract<br/><i>bash</i>"]');
    expect(text.match(/-->/g)).toHaveLength(7);
    expect(text).toContain('subgraph g0["out"]');
    expect(renderMermaid(dagSpec('x', [taskSpec('a"<b>')]))).toContain('t0["a&quot;&lt;b&gt;"]');
  });
});

describe('SVG', () => {
  const boxes = (svg: string): { x: number; y: number; width: number; height: number }[] =>
    [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map(([, x, y, width, height]) => ({
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    }));

  it('draws a box per task and a curve per edge, inside the picture, and no box upon another', () => {
    const svg = renderSvg(diamond);
    const all = boxes(svg);
    expect(all).toHaveLength(6);
    expect(svg.match(/<path d="M[\d.]+ [\d.]+C/g)).toHaveLength(7);
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as unknown as [string, string, string];
    for (const a of all) {
      expect(a.x + a.width <= Number(width) && a.y + a.height <= Number(height)).toBe(true);
      const overlaps = all.filter(
        (b) => b !== a && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
      );
      expect(overlaps).toEqual([]);
    }
  });

  it('untangles what can be untangled', () => {
    const crossed = dagSpec('x', [taskSpec('a'), taskSpec('b'), taskSpec('under_b', ['b']), taskSpec('under_a', ['a'])]);
    const [a, b, underB, underA] = boxes(renderSvg(crossed)).map(({ y }) => y) as [number, number, number, number];
    expect(Math.sign(a - b)).not.toBe(0);
    const byName = new Map(
      [...renderSvg(crossed).matchAll(/y="([\d.]+)" text-anchor="middle">(\w+)</g)].map(([, y, name]) => [name, Number(y)]),
    );
    expect(Math.sign((byName.get('a') ?? 0) - (byName.get('b') ?? 0))).toBe(
      Math.sign((byName.get('under_a') ?? 0) - (byName.get('under_b') ?? 0)),
    );
    expect([underB, underA].every((y) => y > 0)).toBe(true);
  });

  it('draws a DAG without tasks', () => {
    expect(renderSvg(dagSpec('empty', []))).toMatch(/<svg .*width="\d+" height="\d+"/);
  });
});
