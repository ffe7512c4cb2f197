import type { Command } from 'commander';
import type { TaggedJson } from '../../model/tagged-json.js';
import { integerBetween } from '../arguments.js';
import { withClient, type CommonOptions } from '../cli.js';
import { findDag, findInstance, findRun } from '../lookup.js';
import { printable } from '../output/table.js';
import type { Tree } from '../program.js';

const RULE = '# ----------------------------------------------------------';

/** `tasks render` */
export function addTaskRender(tasks: Command, { cli, run }: Tree): void {
  tasks
    .command('render')
    .summary('the template fields of a task')
    .description(
      'Prints the template fields of a task instance as its last attempt got them. Before its first attempt they are rendered here, with the code of ' +
        "the run's version; nothing is stored.",
    )
    .argument('<dag_id>', 'the DAG')
    .argument('<task_id>', 'the task')
    .argument('<logical_date_or_run_id>', 'the run: its run id, or its logical date')
    .option('--map-index <number>', 'which copy of a mapped task', integerBetween(-1, 1_000_000), -1)
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like tasks render sales load 2026-03-01\n  airflow-like tasks render sales score manual__2026-03-01T06:00:00+00:00 --map-index 3',
    )
    .action(
      run((dagId: string, taskId: string, runIdOrDate: string, options: CommonOptions & { readonly mapIndex: number }) =>
        withClient(cli, options, { catalog: false }, async ({ system, client, config }) => {
          await findDag(client, dagId);
          const dagRun = await findRun(client, dagId, runIdOrDate, config.config.core.defaultTimezone);
          const instances = await client.store.runs.listTaskInstances([dagRun.id]);
          const instance = findInstance(dagRun, instances, taskId, options.mapIndex);
          const { source, fields, values } = await system.renderTask(client, dagRun, instance);
          if (fields.length === 0) return cli.terminal.note(`${taskId} has no template fields.`);
          if (source === 'now') cli.terminal.note(`${taskId} has not run yet: these are its fields as it would get them now.`);
          for (const field of fields)
            cli.terminal.out(`${RULE}\n# property: ${field}\n${RULE}\n${textOf(values[field] ?? null)}\n\n`);
        }),
      ),
    );
}

/** Texts as they are, everything else as JSON. */
function textOf(value: TaggedJson): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}
