import type { Tree } from '../program.js';
import { addDagListings } from './dags-list.js';
import { addDagRunCommands } from './dags-run.js';
import { addRunCommands, addRunState } from './dags-runs.js';
import { addDagShow } from './dags-show.js';
import { addDagExplain } from './explain.js';
import { addDagUpkeep } from './dags-upkeep.js';

/** `dags ...`: the DAGs and their runs. */
export function addDagCommands(tree: Tree): void {
  tree.root.commandsGroup('Work with it:');
  const dags = tree.root.command('dags').description('DAGs and their runs.');
  dags.commandsGroup('Look:');
  addDagListings(dags, tree);
  addRunState(dags, tree);
  addDagShow(dags, tree);
  addDagExplain(dags, tree);
  dags.commandsGroup('Run:');
  addDagRunCommands(dags, tree);
  addRunCommands(dags, tree);
  dags.commandsGroup('Look after them:');
  addDagUpkeep(dags, tree);
}
