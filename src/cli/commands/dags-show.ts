import type { Command } from 'commander';
import { extname } from 'node:path';
import { AirflowLikeError } from '../../model/errors.js';
import type { DagSpec } from '../../model/dag-spec.js';
import { withClient, type CommonOptions } from '../cli.js';
import { findDag } from '../lookup.js';
import type { Tree } from '../program.js';

/** `dags show` */
export function addDagShow(dags: Command, { cli, run }: Tree): void {
  dags
    .command('show')
    .summary('the graph of a DAG')
    .description(
      'Draws the tasks of a DAG as text. --save writes them as Graphviz DOT, Mermaid or SVG instead, by the ending of the name.',
    )
    .argument('<dag_id>', 'the DAG')
    .option('-s, --save <file>', 'a name that ends in .dot, .mmd or .svg')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExamples:\n  airflow-like dags show sales\n  airflow-like dags show sales --save sales.svg')
    .action(
      run(async (dagId: string, options: CommonOptions & { save?: string }) => {
        const { save } = options;
        const render = save === undefined ? null : await rendererFor(save);
        return withClient(cli, options, {}, async ({ client }) => {
          const { spec } = await findDag(client, dagId);
          if (save === undefined || render === null) {
            const { drawGraph } = await import('../graph/text.js');
            cli.terminal.out(drawGraph(spec));
            return;
          }
          const { writeFile } = await import('node:fs/promises');
          await writeFile(save, render(spec)).catch((error: NodeJS.ErrnoException) => {
            throw new AirflowLikeError('CLI_USAGE', {
              place: '--save',
              message: `the file cannot be written (${error.code})`,
              value: save,
            });
          });
          cli.terminal.note(`Saved the graph of ${dagId} (${spec.tasks.length} tasks) to ${save}.`);
        });
      }),
    );
}

async function rendererFor(file: string): Promise<(spec: DagSpec) => string> {
  switch (extname(file).toLowerCase()) {
    case '.dot':
    case '.gv':
      return (await import('../graph/dot.js')).renderDot;
    case '.mmd':
    case '.mermaid':
      return (await import('../graph/mermaid.js')).renderMermaid;
    case '.svg':
      return (await import('../graph/svg.js')).renderSvg;
    default:
      throw new AirflowLikeError('CLI_USAGE', {
        place: '--save',
        message: 'the ending of the name says no known format',
        value: file,
        allowed: '.dot (Graphviz), .mmd (Mermaid), .svg',
      });
  }
}
