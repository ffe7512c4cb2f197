import { isDeepStrictEqual } from 'node:util';
import type { VectorCase } from '../vector-file.js';
import type { RecordedRun, RunCase, TraceEntry } from './scripted-run.js';

/**
 * The same run with lists in one order, ending with what happened last: whether the pass after it is the one that sees that the run is over depends on what
 * that was, and when a run that never ends was given up says nothing about it.
 */
export function normalized({ quirks: _quirks, ...run }: RecordedRun): RecordedRun {
  const trace = run.trace.filter((entry) => Object.keys(entry).length > 1).map(sorted);
  return { ...run, trace, end: trace.at(-1)?.t ?? 0 };
}

function sorted(entry: TraceEntry): TraceEntry {
  const sort = (names: readonly string[] | undefined): readonly string[] | undefined => names && [...names].sort();
  const { lost, fired, go, instant } = entry;
  const lists = { lost: sort(lost), fired: sort(fired), go: sort(go), instant: sort(instant) };
  return { ...entry, ...Object.fromEntries(Object.entries(lists).filter(([, names]) => names !== undefined)) };
}

/** Any outcome that Airflow itself can give for the case. */
export function agreesWithRun(ours: unknown, recorded: unknown, testCase: VectorCase): boolean {
  const alternatives = ((testCase as RunCase).alt ?? []).map(normalized);
  return [recorded, ...alternatives].some((run) => isDeepStrictEqual(ours, run));
}

/** What a run looks like from outside: what changed and what started in each tick, however many passes that took, and the end. */
export interface FlatRun {
  readonly ticks: readonly {
    readonly t: number;
    readonly changed: Readonly<Record<string, string>>;
    readonly started: readonly string[];
  }[];
  readonly run: string;
  readonly states: Readonly<Record<string, string>>;
  readonly tries: Readonly<Record<string, number>>;
}

export function flattened({ trace, run, states, tries }: RecordedRun): FlatRun {
  const ticks = trace.map(({ t, done, also, set, fired = [], go = [], instant = [] }) => {
    const started = [...new Set([...go.filter((name) => !instant.includes(name)), ...fired])].sort();
    const changed = { ...done, ...also, ...set, ...Object.fromEntries(instant.map((name) => [name, 'success'])) };
    return { t, started, changed: Object.fromEntries(Object.entries(changed).filter(([name]) => !started.includes(name))) };
  });
  return { ticks: ticks.filter(({ started, changed }) => started.length + Object.keys(changed).length > 0), run, states, tries };
}

export function agreesWithFlatRun(ours: unknown, recorded: unknown, testCase: VectorCase): boolean {
  const alternatives = ((testCase as RunCase).alt ?? []).map(flattened);
  return [recorded, ...alternatives].some((run) => isDeepStrictEqual(ours, run));
}
