/**
 * The limits between scheduled and queued once more, written from the specification alone: plain rows, everything counted anew for every
 * candidate. Slow, and so short that it can be compared with the text rule by rule.
 */
import type { TaskInstanceState } from '../../src/model/states.js';

export interface ReferenceRow {
  readonly id: number;
  readonly dagId: string;
  readonly runId: number;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  readonly pool: string;
  readonly poolSlots: number;
  readonly weight: number;
}

export interface ReferenceRun {
  readonly id: number;
  readonly dagId: string;
  readonly state: 'queued' | 'running';
  readonly logicalDate: number | null;
  readonly isBackfill: boolean;
}

export interface ReferenceDag {
  readonly dagId: string;
  readonly isPaused: boolean;
  readonly maxActiveTasks: number;
  readonly tasks: Readonly<Record<string, { readonly perDag: number | null; readonly perDagRun: number | null }>>;
}

export interface ReferenceSituation {
  readonly dags: readonly ReferenceDag[];
  readonly runs: readonly ReferenceRun[];
  readonly rows: readonly ReferenceRow[];
  readonly pools: readonly { readonly name: string; readonly slots: number; readonly includeDeferred: boolean }[];
  readonly parallelism: number;
  readonly freeSlots: number;
  readonly backfillShare: number;
}

const HOLDS_SLOT: readonly TaskInstanceState[] = ['queued', 'running'];
const COUNTS_FOR_TASK: readonly TaskInstanceState[] = ['queued', 'running', 'deferred', 'awaiting_input'];

/** Ids of the rows to be queued. */
export function referenceQueueing(situation: ReferenceSituation): ReadonlySet<number> {
  const candidates = situation.rows.filter(({ state }) => state === 'scheduled');
  const others = inOrder(situation, candidates).filter((row) => !runOf(situation, row).isBackfill);
  const backfills = inOrder(situation, candidates).filter((row) => runOf(situation, row).isBackfill);

  // What the others would take if there were no backfills.
  const alone: ReferenceRow[] = [];
  for (const row of others) if (fits(situation, alone, row)) alone.push(row);
  if (others.length === 0 || backfills.length === 0) {
    for (const row of backfills) if (fits(situation, alone, row)) alone.push(row);
    return new Set(alone.map(({ id }) => id));
  }

  // Of everything that is free a backfill may have its share, or what the others leave of it.
  const taken: ReferenceRow[] = [];
  for (const row of backfills) {
    const isWithinShare = sharedThings(situation, row).every(({ free, amountOf }) => {
      if (free === Number.POSITIVE_INFINITY) return true;
      const share = Math.floor(Math.max(0, free) * situation.backfillShare + 1e-9);
      const leftByOthers = free - sum(alone, amountOf);
      return sum(taken, amountOf) + amountOf(row) <= Math.max(share, leftByOthers);
    });
    if (isWithinShare && fits(situation, taken, row)) taken.push(row);
  }
  for (const row of [...others, ...backfills.filter((row) => !taken.includes(row))])
    if (fits(situation, taken, row)) taken.push(row);
  return new Set(taken.map(({ id }) => id));
}

function fits(situation: ReferenceSituation, taken: readonly ReferenceRow[], row: ReferenceRow): boolean {
  const dag = dagOf(situation, row.dagId);
  const run = runOf(situation, row);
  if (run.state !== 'running' || dag.isPaused) return false;
  if (!situation.pools.some(({ name }) => name === row.pool)) return false;
  const ofRun = [...situation.rows, ...taken.map(asQueued)].filter(({ runId }) => runId === row.runId);
  if (ofRun.filter(({ state }) => HOLDS_SLOT.includes(state)).length >= dag.maxActiveTasks) return false;
  const { perDagRun } = dag.tasks[row.taskId]!;
  const ofTask = ofRun.filter(({ taskId, state }) => taskId === row.taskId && COUNTS_FOR_TASK.includes(state));
  if (perDagRun !== null && ofTask.length >= perDagRun) return false;
  return sharedThings(situation, row).every(({ free, amountOf }) => sum(taken, amountOf) + amountOf(row) <= free);
}

interface SharedThing {
  readonly free: number;
  /** How much of it the row needs. */
  amountOf(row: ReferenceRow): number;
}

function sharedThings(situation: ReferenceSituation, row: ReferenceRow): readonly SharedThing[] {
  const { rows, parallelism, freeSlots } = situation;
  const holders = rows.filter(({ state }) => HOLDS_SLOT.includes(state));
  const things: SharedThing[] = [{ free: Math.max(0, Math.min(freeSlots, parallelism - holders.length)), amountOf: () => 1 }];
  const pool = situation.pools.find(({ name }) => name === row.pool);
  if (pool) {
    const inPool = rows.filter(
      (other) => other.pool === pool.name && (holders.includes(other) || (pool.includeDeferred && other.state === 'deferred')),
    );
    things.push({
      free: pool.slots < 0 ? Number.POSITIVE_INFINITY : pool.slots - sum(inPool, ({ poolSlots }) => poolSlots),
      amountOf: (other) => (other.pool === pool.name ? other.poolSlots : 0),
    });
  }
  const { perDag } = dagOf(situation, row.dagId).tasks[row.taskId]!;
  if (perDag !== null) {
    const isSame = (other: ReferenceRow) => other.dagId === row.dagId && other.taskId === row.taskId;
    const active = rows.filter((other) => isSame(other) && COUNTS_FOR_TASK.includes(other.state));
    things.push({ free: perDag - active.length, amountOf: (other) => (isSame(other) ? 1 : 0) });
  }
  return things;
}

/** Weight, logical date (none comes last), map index, and the older row of those that are alike. */
function inOrder(situation: ReferenceSituation, rows: readonly ReferenceRow[]): ReferenceRow[] {
  const date = (row: ReferenceRow): number => runOf(situation, row).logicalDate ?? Number.POSITIVE_INFINITY;
  const keys = (row: ReferenceRow): readonly number[] => [-row.weight, date(row), row.mapIndex, row.id];
  return [...rows].sort((a, b) => {
    const [left, right] = [keys(a), keys(b)];
    const differing = left.findIndex((key, index) => key !== right[index]);
    return differing < 0 || left[differing]! < right[differing]! ? -1 : 1;
  });
}

function runOf({ runs }: ReferenceSituation, row: ReferenceRow): ReferenceRun {
  return runs.find(({ id }) => id === row.runId)!;
}

function dagOf({ dags }: ReferenceSituation, dagId: string): ReferenceDag {
  return dags.find((dag) => dag.dagId === dagId)!;
}

function asQueued(row: ReferenceRow): ReferenceRow {
  return { ...row, state: 'queued' };
}

function sum(rows: readonly ReferenceRow[], amountOf: (row: ReferenceRow) => number): number {
  return rows.reduce((total, row) => total + amountOf(row), 0);
}
