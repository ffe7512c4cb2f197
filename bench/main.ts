/** `npm run bench -- w1 w7`, or all without arguments. Prints figures; never fails because of one. */
import { backfill100000 } from './workloads/backfill-100000.js';
import { catchup10000 } from './workloads/catchup-10000.js';
import { chain1000 } from './workloads/chain-1000.js';
import { dags1000 } from './workloads/dags-1000.js';
import { footprint } from './workloads/footprint.js';
import { noOpThroughput } from './workloads/no-op-throughput.js';
import { queue10000 } from './workloads/queue-10000.js';
import { planning10000 } from './workloads/planning-10000.js';

const WORKLOADS: Readonly<Record<string, () => Promise<void>>> = {
  w1: chain1000,
  throughput: noOpThroughput,
  w5: dags1000,
  w7: catchup10000,
  planning: planning10000,
  w14: footprint,
  queue: queue10000,
  backfill: backfill100000,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in WORKLOADS));
if (unknown.length > 0) {
  console.error(`unknown workload ${unknown.join(', ')}; there are: ${Object.keys(WORKLOADS).join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(WORKLOADS)) await WORKLOADS[name]!();
