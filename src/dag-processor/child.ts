/**
 * The throwaway process in which DAG files are evaluated, one after the other. It answers orders until it is unfit or its parent goes. What
 * a file throws later (from a timer, a rejected promise) is that file's error; what it leaves behind makes the child unfit.
 */
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ImportProblem, ParsedFile, SourceBundle } from '../model/dag.js';
import { originalPosition } from '../loading/source-maps.js';
import { authorPosition, installSourceMaps } from '../loading/source-maps.js';
import { type ChildMessage, HINT_FD, type Hint, hintLeadMs, type ParseOrder } from './child-protocol.js';
import { CompileCache, sha256 } from './compile-bundle.js';
import { importProblem, problemFromThrown } from './import-problem.js';
import { type Ground, ModuleWatch, newResources, takeGround, whatChanged } from './leftovers.js';
import { parseFile } from './parse-file.js';

const SLOW_IMPORT_MS = 1_000;

interface Work {
  readonly order: ParseOrder;
  readonly fail: (thrown: unknown) => void;
}

// The author's code must not speak for us.
const send = (process.send as (message: ChildMessage) => boolean).bind(process);
Reflect.set(process, 'send', undefined);
const exit = process.exit.bind(process);
const { now } = performance;

const deadline = new Float64Array(new SharedArrayBuffer(16));
const watchdog = new Worker(new URL('./child-watchdog.js', import.meta.url), {
  workerData: { deadline: deadline.buffer, parentPid: process.ppid },
  stdin: false,
});
watchdog.unref();

const cache = new CompileCache();
let work: Work | null = null;
/** Where every file starts from: a child that does not stand there any more gets no other. */
let ground: Ground | null = null;

installSourceMaps();
Reflect.set(process, 'exit', (code?: number) => {
  if (work) leaveHint(work.order.id, 'process.exit was called', authorPosition(new Error('exit')));
  exit(code);
});
for (const stream of [process.stdout, process.stderr]) blockWhenFull(stream);
process.on('uncaughtException', (thrown) => work?.fail(thrown));
process.on('unhandledRejection', (thrown) => work?.fail(thrown));
process.on('disconnect', () => exit(0));
process.on('message', (order: ParseOrder) => {
  void answer(order);
});
send({ kind: 'ready' });

async function answer(order: ParseOrder): Promise<void> {
  const startedAt = now.call(performance);
  const start = (ground ??= takeGround());
  const watch = new ModuleWatch(start);
  let bundle: SourceBundle | null = null;
  const thrownLater = new Promise<never>((_resolve, reject) => {
    work = { order, fail: (thrown) => reject(new ThrownLater(thrown)) };
  });
  const hint = setTimeout(
    () => leaveHint(order.id, ...describeWait(bundle, watch.current)),
    order.timeoutMs - hintLeadMs(order.timeoutMs),
  );
  hint.unref();
  deadline[0] = Date.now() + order.timeoutMs - hintLeadMs(order.timeoutMs) / 2;
  deadline[1] = order.id;
  let parsed: Omit<ParsedFile, 'parseMs'>;
  try {
    const parsing = parseFile(order.request, { cache, observer: watch, onCompiled: (compiled) => (bundle = compiled) });
    parsed = await Promise.race([parsing, thrownLater]);
    await Promise.race([nextTurn(), thrownLater]); // what the file scheduled for at once still counts as its import
  } catch (error) {
    parsed = failed(order.request.path, bundle, error instanceof ThrownLater ? error.thrown : error);
  }
  clearTimeout(hint);
  deadline[0] = 0;
  const unfit = whatChanged(start);
  const warnings = [...parsed.warnings, ...warnAboutImport(order.request.path, start, watch)];
  work = null;
  const parseMs = now.call(performance) - startedAt;
  send({
    kind: 'parsed',
    id: order.id,
    parsed: { ...parsed, warnings, parseMs },
    unfit,
    heapMb: process.memoryUsage().heapUsed / 1e6,
  });
}

/** A pipe that is full makes its writer wait; otherwise what a file prints would pile up in this process. */
function blockWhenFull(stream: NodeJS.WriteStream): void {
  const handle = Reflect.get(stream, '_handle') as { setBlocking?: (isBlocking: boolean) => void } | null;
  handle?.setBlocking?.(true);
}

class ThrownLater {
  constructor(readonly thrown: unknown) {}
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function failed(path: string, bundle: SourceBundle | null, thrown: unknown): Omit<ParsedFile, 'parseMs'> {
  return {
    path,
    contentHash: bundle?.hash ?? sha256(path),
    bundle,
    dags: [],
    errors: [problemFromThrown(thrown, path)],
    warnings: [],
  };
}

function warnAboutImport(path: string, start: Ground, watch: ModuleWatch): readonly ImportProblem[] {
  const warnings: ImportProblem[] = [];
  const { slowest } = watch;
  if (slowest && slowest.ms > SLOW_IMPORT_MS) {
    const text = `importing ${slowest.module} took ${(slowest.ms / 1_000).toFixed(1)} s; do such work inside a task`;
    warnings.push(importProblem('D201', path, text, { value: slowest.module }));
  }
  for (const kind of newResources(start)) {
    const text = `importing ${watch.opener(kind) ?? path} left something open (${kind}); do such work inside a task`;
    warnings.push(importProblem('D201', path, text, { value: kind }));
  }
  return warnings;
}

type Position = { readonly file: string; readonly line: number; readonly column: number } | null;

function leaveHint(id: number, text: string, position: Position): void {
  const hint: Hint = { id, text, file: position?.file ?? null, line: position?.line ?? null, column: position?.column ?? null };
  try {
    writeSync(HINT_FD, `${JSON.stringify(hint)}\n`);
  } catch {
    // Without the descriptor there is no hint; the file's code stays the same.
  }
}

/** The event loop is free, so the file waits: name the top-level await of the module that has not ended. */
function describeWait(bundle: SourceBundle | null, current: string | null): [text: string, position: Position] {
  const file = bundle?.files.find((one) => one.path === current);
  if (!file) return [current === null ? 'while compiling' : `while importing ${current}`, null];
  const awaits = file.compiled.split('\n').flatMap((text, index) => {
    const column = /^(?!\s)(?!.*\basync\b).*?\bawait\b/.exec(text)?.[0].length;
    const position = column === undefined ? null : originalPosition(file.compiled, index + 1, column - 4);
    return position ? [position] : [];
  });
  const [first] = awaits;
  if (!first) return [`while evaluating ${file.path}`, null];
  const lines = [...new Set(awaits.map((position) => position.line))];
  const text = lines.length === 1 ? `at await in line ${lines[0]}` : `at one of the awaits in lines ${lines.join(', ')}`;
  return [text, { file: file.path, ...first }];
}
