/**
 * DAGs whose tasks say in a ledger file that they began, and that hold until the test opens a gate, so that a test decides how long they
 * run. They find both through `AIRFLOW_LIKE_VAR_ROOT`, the root of the `Installation`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What every file of lab DAGs begins with. */
export const LAB_TOOLS = `
import { dag, task, context, type Wired } from 'airflow-like';
import { appendFileSync, existsSync } from 'node:fs';

const root = process.env['AIRFLOW_LIKE_VAR_ROOT'] as string;
const gate = () => root + '/open-' + context().runId;

function note() {
  const { dagId, runId, taskId, tryNumber, token } = context();
  appendFileSync(root + '/ledger.jsonl', JSON.stringify({ dagId, runId, taskId, tryNumber, token, pid: process.pid }) + '\\n');
}

async function hold() {
  note();
  while (!existsSync(gate())) {
    appendFileSync(root + '/ticks-' + process.pid, '.');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
`;

/** `lab`: two tasks that hold, and one that adds what they gave. `stubborn`: a task that blocks its thread and hears nothing. */
export const LAB = `${LAB_TOOLS}
@dag({ schedule: null })
export class Lab {
  @task() async left(): Promise<number> { await hold(); return 1; }
  @task() async right(): Promise<number> { await hold(); return 2; }
  @task() async sum(left: number, right: number): Promise<number> { note(); return left + right; }
  wire(t: Wired<Lab>) { t.sum(t.left(), t.right()); }
}

@dag({ schedule: null })
export class Stubborn {
  @task() async block(): Promise<void> {
    note();
    while (!existsSync(gate())) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
  wire(t: Wired<Stubborn>) { t.block(); }
}
`;

/** One beginning of a task's body. */
export interface LedgerLine {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly tryNumber: number;
  readonly token: string;
  readonly pid: number;
}

/** The lines so far, of one run or of all. */
export function readLedger(root: string, runId?: string): LedgerLine[] {
  const file = join(root, 'ledger.jsonl');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const parsed = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LedgerLine);
  return runId === undefined ? parsed : parsed.filter((line) => line.runId === runId);
}

/** Lets the tasks of a run go on. */
export function openGate(root: string, runId: string): void {
  writeFileSync(join(root, `open-${runId}`), '');
}

/** How much a process of tasks that hold has written: it grows while the process lives. */
export function ticksOf(root: string, pid: number): number {
  const file = join(root, `ticks-${pid}`);
  return existsSync(file) ? readFileSync(file).length : 0;
}
