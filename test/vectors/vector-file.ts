/**
 * Runs one file of recorded answers: every case is put to our code, and every answer that differs fails the test.
 *
 * The files stand in `airflow-3.3/`, unchanged. `VECTORS_DIR` names another folder of the same form to be read in its place; a file it does not have is
 * reported as absent.
 */
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { DIFFERENCES, type RuleName } from './differences.js';

const OWN_FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'airflow-3.3');
const FOLDER = process.env['VECTORS_DIR'] ?? OWN_FOLDER;

/** Most differing cases that a failure shows. */
const SHOWN = 10;

export interface VectorCase {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** How the cases of one file are put to our code. */
export interface VectorFile<Case extends VectorCase> {
  /** For example `time/cron.json`. */
  readonly path: string;
  /** Through what the answers come, where one file is put to several. */
  readonly through?: string;
  /** Our answer, in the form of the recorded one. An error that it throws is a difference. */
  answer(testCase: Case, head: Readonly<Record<string, unknown>>): unknown;
  /** The recorded answer; default: the field `expected`. */
  expected?(testCase: Case, head: Readonly<Record<string, unknown>>): unknown;
  /** Default: deep equality. */
  agrees?(actual: unknown, expected: unknown, testCase: Case): boolean;
  /** The rule by which a case cannot be put to us, because it starts from what is no state of ours; null: it can. */
  leftOut?(testCase: Case): RuleName | null;
  /** What a case needs that does not exist yet; null: nothing. Such cases are counted and named, never taken for passed. */
  missing?(testCase: Case): string | null;
}

export interface VectorResult {
  readonly passed: number;
  readonly failures: readonly { readonly case: VectorCase; readonly ours: unknown; readonly recorded: unknown }[];
  readonly differentByRule: ReadonlyMap<RuleName, number>;
  readonly missing: ReadonlyMap<string, number>;
}

/** The file as it stands; null when `VECTORS_DIR` does not have it. For answers that are worked out for all cases at once. */
export function readVectors<Case extends VectorCase>(filePath: string): VectorHead<Case> | null {
  const path = join(FOLDER, filePath);
  return FOLDER !== OWN_FOLDER && !existsSync(path) ? null : (JSON.parse(readFileSync(path, 'utf8')) as VectorHead<Case>);
}

type VectorHead<Case> = { readonly cases: readonly Case[] } & Readonly<Record<string, unknown>>;

/** The first differing cases, one line each; empty: none. Prints one line of counts. */
export function runVectors<Case extends VectorCase>(file: VectorFile<Case>): readonly string[] {
  const head = readVectors<Case>(file.path);
  if (head === null) {
    writeSync(1, `vectors ${file.path}: absent from ${FOLDER}\n`);
    return [];
  }
  const result = judge(file, head.cases, head);
  writeSync(1, `${summaryOf(file.through ? `${file.path} through ${file.through}` : file.path, result)}\n`);
  return result.failures.slice(0, SHOWN).map(({ case: testCase, ours, recorded }) => {
    return [
      { ...testCase, expected: undefined },
      { ours, recorded },
    ]
      .map((part) => JSON.stringify(part))
      .join(' -> ');
  });
}

/** The same for answers that take time: one case after the other is put to our code. */
export async function runVectorsInTurn<Case extends VectorCase>(
  file: Omit<VectorFile<Case>, 'answer'> & { answer(testCase: Case, head: Readonly<Record<string, unknown>>): Promise<unknown> },
): Promise<readonly string[]> {
  const answers = new Map<string, unknown>();
  const head = readVectors<Case>(file.path);
  for (const testCase of head?.cases ?? []) {
    if ((file.missing?.(testCase) ?? null) !== null) continue;
    answers.set(testCase.id, await file.answer(testCase, head ?? {}).catch((error: unknown) => ({ threw: String(error) })));
  }
  return runVectors({ ...file, answer: ({ id }) => answers.get(id) });
}

export function judge<Case extends VectorCase>(
  file: VectorFile<Case>,
  cases: readonly Case[],
  head: Readonly<Record<string, unknown>> = {},
): VectorResult {
  const failures: { case: Case; ours: unknown; recorded: unknown }[] = [];
  const differentByRule = new Map<RuleName, number>();
  const missing = new Map<string, number>();
  let passed = 0;
  for (const testCase of cases) {
    const rule = file.leftOut?.(testCase) ?? null;
    if (rule !== null) {
      count(differentByRule, rule);
      continue;
    }
    const lacking = file.missing?.(testCase) ?? null;
    if (lacking !== null) {
      count(missing, lacking);
      continue;
    }
    const recorded = file.expected ? file.expected(testCase, head) : testCase['expected'];
    const ours = answerOrError(() => file.answer(testCase, head));
    const agrees = file.agrees ? file.agrees(ours, recorded, testCase) : isDeepStrictEqual(ours, recorded);
    if (agrees) {
      passed++;
      continue;
    }
    const difference = DIFFERENCES.find(({ applies }) => applies(testCase, ours, head));
    if (difference) count(differentByRule, difference.rule);
    else failures.push({ case: testCase, ours, recorded });
  }
  return { passed, failures, differentByRule, missing };
}

function answerOrError(answer: () => unknown): unknown {
  try {
    return answer();
  } catch (error) {
    return { threw: String(error) };
  }
}

export function summaryOf(path: string, { passed, failures, differentByRule, missing }: VectorResult): string {
  const list = (counts: ReadonlyMap<string, number>): string =>
    counts.size === 0 ? '0' : [...counts].map(([name, number]) => `${number} (${name})`).join(', ');
  const counts = [`passed ${passed}`, `failed ${failures.length}`, `different by rule ${list(differentByRule)}`];
  if (missing.size > 0) counts.push(`not run ${list(missing)}`);
  return `vectors ${path}: ${counts.join(', ')}`;
}

function count<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
