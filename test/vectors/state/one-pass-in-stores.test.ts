/** The cases that are about one look at a run, through a store: its rows are written, one pass is made, and the rows are read. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DagSpec } from '../../../src/model/dag-spec.js';
import type { DagRun } from '../../../src/model/dag-run.js';
import type { NewTaskInstance, TaskInstance } from '../../../src/model/task-instance.js';
import type { Store } from '../../../src/ports/store.js';
import { readVectors, runVectors } from '../vector-file.js';
import { agreeOnOutcomes, type DependencyCase } from './dependency-cases.js';
import { outcomeLetter, parentStatesOf, recordedRules, ruleAnswer, ruleGraph, type RuleCase, type RuleHead } from './rule-cases.js';
import { answerOf, graphOf, ONE_PASS, RETRY_AT, statesOf, type RunStateCase, type RunStateHead } from './run-state-cases.js';
import { rowsOf, specOf, type RecordedGraph } from './state-world.js';
import { createRun, giveRows, openStore, passOnce, rowsByRun, saveSpecs, STORES, stateNames } from './stores.js';

interface Seen {
  readonly before: readonly TaskInstance[];
  readonly after: readonly TaskInstance[];
  readonly run: DagRun;
  /** Tasks that were expanded to no copies at all. */
  readonly empty: ReadonlySet<string>;
}

describe.each(STORES)('through the %s store', (storeName) => {
  let store: Store;
  beforeAll(async () => void (store = await openStore(storeName)));
  afterAll(() => store.close());

  it('01_trigger_rules', async () => {
    const path = 'state/01_trigger_rules.json';
    const head = readVectors<RuleCase>(path) as unknown as (RuleHead & { readonly cases: readonly RuleCase[] }) | null;
    const cases = (head?.cases ?? []).filter(({ p }) => !p.includes('t'));
    const seen = await look(store, 'rules', cases, ({ p }) => {
      const graph = ruleGraph(p, head as RuleHead);
      return [graph, rowsOf(graph, { states: parentStatesOf(p, head as RuleHead) }, 0)];
    });
    const failures = runVectors<RuleCase>({
      path,
      through: `the ${storeName} store`,
      leftOut: ({ p }) => (p.includes('t') ? 'restarting' : null),
      answer: ({ id }) => ruleAnswer(stateNames((seen.get(id) as Seen).after), head as RuleHead),
      expected: (testCase) => recordedRules(testCase, head as RuleHead),
    });
    expect(failures).toEqual([]);
  });

  it.each(['02_setup_teardown', '03_mapped_deps'])('%s', async (name) => {
    const path = `state/${name}.json`;
    const cases = readVectors<DependencyCase>(path)?.cases ?? [];
    const seen = await look(store, name, cases, (testCase) => [testCase, rowsOf(testCase, testCase, 0)]);
    const failures = runVectors<DependencyCase>({
      path,
      through: `the ${storeName} store`,
      answer: (testCase) => outcomesOf(seen.get(testCase.id) as Seen, Object.keys(testCase.expect)),
      expected: ({ expect: recorded }) => recorded,
      agrees: agreeOnOutcomes,
    });
    expect(failures).toEqual([]);
  });

  it('06_run_state', async () => {
    const path = 'state/06_run_state.json';
    const head = readVectors<RunStateCase>(path);
    const cases = (head?.cases ?? []).filter(({ s }) => !s.includes('t'));
    const seen = await look(store, 'run-state', cases, (testCase) => {
      const graph = graphOf(testCase, head as unknown as RunStateHead);
      const rows = rowsOf(graph, { states: statesOf(testCase, graph, head as unknown as RunStateHead) }, 0);
      return [graph, rows.map((row) => (row.state === 'up_for_retry' ? { ...row, wakeAt: RETRY_AT } : row))];
    });
    const failures = runVectors<RunStateCase>({
      path,
      through: `the ${storeName} store`,
      leftOut: ({ s }) => (s.includes('t') ? 'restarting' : null),
      answer(testCase) {
        const { before, after, run } = seen.get(testCase.id) as Seen;
        const { why: _why, ...answer } = answerOf(before, after, run.state, null);
        return answer;
      },
      expected: ({ run, go, set }) => ({ run, go: go ?? [], set: set ?? {} }),
    });
    expect(failures).toEqual([]);
  });
});

/** Puts every case into a run of its own, makes one pass over all of them, and reads what became of them. */
async function look<Case extends { readonly id: string }>(
  store: Store,
  name: string,
  cases: readonly Case[],
  given: (testCase: Case) => readonly [RecordedGraph, readonly NewTaskInstance[]],
): Promise<Map<string, Seen>> {
  const dagIds = new Map<string, string>();
  const specs: DagSpec[] = [];
  const worlds = cases.map((testCase) => {
    const [{ tasks, groups, dag }, rows] = given(testCase);
    const key = JSON.stringify([tasks, groups, dag]);
    let dagId = dagIds.get(key);
    if (dagId === undefined) {
      dagIds.set(key, (dagId = `${name}-${dagIds.size}`));
      specs.push(specOf(dagId, { tasks, ...(groups && { groups }), ...(dag && { dag }) }));
    }
    return { testCase, dagId, rows };
  });
  await saveSpecs(store, specs);
  const runs: { readonly id: string; readonly run: DagRun; readonly rows: readonly NewTaskInstance[] }[] = [];
  for (const { testCase, dagId, rows } of worlds) {
    runs.push({ id: testCase.id, run: await createRun(store, dagId, { runId: testCase.id.replace(/[^\w.~:+-]/g, '_') }), rows });
  }
  await giveRows(store, runs);
  const all = runs.map(({ run }) => run);
  const before = await rowsByRun(store, all);
  await passOnce(store, 1_000, ONE_PASS);
  const after = await rowsByRun(store, all);
  const seen = new Map<string, Seen>();
  for (const { id, run } of runs) {
    const ended = (await store.runs.getRun(run.id)) as DagRun;
    const rows = after.get(run.id) ?? [];
    const empty = new Set<string>();
    for (const row of rows) {
      if (row.state !== 'skipped' || row.mapIndex >= 0) continue;
      if ((await store.runs.findReason(row)) === 'mapped_over_nothing') empty.add(row.taskId);
    }
    seen.set(id, { before: before.get(run.id) ?? [], after: rows, run: ended, empty });
  }
  return seen;
}

/** A mapped task that was expanded was allowed to be, whatever became of its copies. */
function outcomesOf({ after, empty }: Seen, names: readonly string[]): Record<string, string> {
  const states = stateNames(after);
  return Object.fromEntries(
    names.map((name) => [
      name,
      empty.has(name) ? 'R' : name in states ? outcomeLetter(states[name] as string) : `${name}[0]` in states ? 'R' : '?',
    ]),
  );
}
