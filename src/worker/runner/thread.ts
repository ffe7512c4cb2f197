/**
 * A thread of the runner's piscina pool: makes one attempt at a time. It owns everything that user code of the thread can reach: console and
 * standard streams, child processes, stray errors. A thread that cannot be trusted to be clean after an attempt asks to be replaced.
 */
import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { MessageChannel, threadId, workerData, type MessagePort } from 'node:worker_threads';
import { getHeapStatistics } from 'node:v8';
import { installSourceMaps } from '../../loading/source-maps.js';
import type { AssetEvent } from '../../model/asset.js';
import type { Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import { AttemptLogWriter, checkLogFolder } from '../attempt/attempt-log-writer.js';
import { AttemptOutput } from '../attempt/attempt-output.js';
import { OutputCapture } from '../attempt/capture-output.js';
import { DagLoader, type RunnableDag } from '../attempt/load-dag.js';
import { runAttempt } from '../attempt/run-attempt.js';
import { runCallback } from '../callbacks/run-callback.js';
import { describeThrown, taskError } from '../attempt/task-error.js';
import { killDescendants } from '../processes/descendants.js';
import {
  CELLS,
  encodeOutcome,
  type ChannelRequest,
  type MessageToThread,
  type RunnerSettings,
  type ThreadAnswer,
  type ThreadHello,
  type ThreadMessage,
  type ThreadTask,
  type WireCallback,
  type WireWorkload,
} from './protocol.js';
import { ThreadGlobals } from './thread-globals.js';
import { trackChildren } from './track-children.js';

/** How often a thread shows that its event loop turns, in milliseconds. */
const BEAT_MS = 250;
const BYTES_PER_MB = 1_048_576;
const UNTRUSTED = taskError('TASK_ERROR', 'the task changed built-in objects, so that its result could not be taken');

/** The attempt under way. */
interface CurrentAttempt {
  readonly sequence: number;
  readonly abort: AbortController;
  readonly log: AttemptLogWriter;
  /** Ends the attempt from outside its promise: an error nobody caught. Null once it is over. */
  fail: ((thrown: unknown, how: string) => void) | null;
}

const settings = workerData as RunnerSettings;
const cells = new Int32Array(new SharedArrayBuffer(CELLS.count * Int32Array.BYTES_PER_ELEMENT));
const { port1: port, port2: farPort } = new MessageChannel();
const capture = new OutputCapture();
const children = trackChildren(() => Atomics.store(cells, CELLS.startedChildren, 1));
const globals = new ThreadGlobals();
const loader = new DagLoader(settings.originalRoot);
const replies = new Map<number, (reply: { value?: TaggedJson; error?: string }) => void>();
let current: CurrentAttempt | null = null;
let requestCount = 0;

installSourceMaps();
capture.install();
port.on('message', onMessage);
port.unref();
setInterval(beat, BEAT_MS).unref();
process.on('uncaughtException', (thrown) => onStrayError(thrown, 'was thrown outside of the task’s promise'));
process.on('unhandledRejection', (thrown) => onStrayError(thrown, 'was rejected and nobody handled it'));
workerThreads.parentPort?.postMessage({ kind: 'hello', threadId, cells, port: farPort } satisfies ThreadHello, [farPort]);

/** For a pool that only wants this thread. */
export function doNothing(): void {}

/** Makes one attempt, or one call of a callback. Never settles when the thread has to be replaced: the port says so. */
export default async function runInThread(task: ThreadTask): Promise<ThreadAnswer> {
  hideParentPort();
  const wire = JSON.parse(task.workload) as WireWorkload | WireCallback;
  Atomics.store(cells, CELLS.sequence, task.sequence);
  Atomics.add(cells, CELLS.beats, 1);
  if ('hasTimeLimit' in wire && wire.hasTimeLimit)
    port.postMessage({ kind: 'began', sequence: task.sequence } satisfies ThreadMessage);
  const receivedAt = performance.now();
  const now = (): number => Math.round(task.sentAt + performance.now() - receivedAt);

  try {
    checkLogFolder(wire.logFolder);
  } catch (error) {
    Atomics.store(cells, CELLS.sequence, 0);
    const reason = `the log cannot be written: ${(error as Error).message}`;
    return { outcome: encodeOutcome({ kind: 'lost', reason }), isLogged: false };
  }
  let isLogged = false;
  const onOpened = (): void => {
    isLogged = true;
    port.postMessage({ kind: 'logged', sequence: task.sequence } satisfies ThreadMessage);
  };
  const log = new AttemptLogWriter(wire.logFile, { tryNumber: wire.tryNumber, now, maxBytes: wire.maxLogBytes, onOpened });
  const attempt: CurrentAttempt = { sequence: task.sequence, abort: new AbortController(), log, fail: null };
  const stray = new Promise<Outcome>((resolve) => {
    attempt.fail = (thrown, how) => {
      const error = describeThrown(thrown);
      resolve({ kind: 'failed', error: { ...error, message: `${error.message} (${how})` }, retryable: true });
    };
  });
  current = attempt;
  const childOutput = new AttemptOutput(log);
  children.begin(wire.token, (stream, bytes) => childOutput.push(stream, bytes));
  let isStray = false;
  const outcome = await capture
    .run(log, () =>
      Promise.race([
        'request' in wire ? callBack(wire, attempt) : makeAttempt(wire, attempt, now),
        stray.then((failure) => ((isStray = true), failure)),
      ]),
    )
    .catch((): Outcome => {
      // Not even the error could be described: what the attempt stands on was changed.
      isStray = true;
      return { kind: 'failed', error: UNTRUSTED, retryable: true };
    });
  attempt.fail = null;
  globals.restoreEnvironment();
  // One turn of the event loop: rejections that nobody handled show up now and not in the time of the next attempt.
  await new Promise((resolve) => setImmediate(resolve));
  const replaceBecause = isStray ? 'the task may still be running' : (whatTheTaskLeft() ?? whatIsUsedUp(outcome));
  endChildren(wire.token, log);
  childOutput.flush();
  if (replaceBecause !== null) log.write('debug', 'system', `the thread is replaced: ${replaceBecause}`);
  log.close();
  const text = encodeOutcome(outcome);
  Atomics.store(cells, CELLS.sequence, 0);
  if (replaceBecause === null) {
    current = null;
    return { outcome: text, isLogged };
  }
  port.postMessage({ kind: 'final', sequence: task.sequence, outcome: text } satisfies ThreadMessage);
  return new Promise<never>(() => undefined);
}

function makeAttempt(wire: WireWorkload, { sequence, log, abort }: CurrentAttempt, now: () => number): Promise<Outcome> {
  return runAttempt(
    { ...wire, inputs: withAbsent(wire) },
    {
      loadDag: () => loadDag(wire),
      log,
      now,
      sleep,
      signal: abort.signal,
      flushOutput: () => capture.flush(),
      channel: {
        pushXCom: async (_token, key, value) => void (await ask(sequence, { kind: 'push', key, value })),
        pullXCom: (_token, pull) => ask(sequence, { kind: 'pull', pull }),
        lookUp: (_token, fact) => ask(sequence, { kind: 'lookUp', fact }),
        saveRendered: async (_token, fields) => void (await ask(sequence, { kind: 'rendered', fields })),
        readCopies: async (_token, request) => (await ask(sequence, { kind: 'copies', ...request })) as readonly TaggedJson[],
        readAssetEvents: async (_token, query) =>
          (await ask(sequence, { kind: 'assetEvents', query })) as unknown as readonly AssetEvent[],
      },
    },
  );
}

async function callBack(wire: WireCallback, { log }: CurrentAttempt): Promise<Outcome> {
  const error = await runCallback(wire, () => loadDag(wire), log);
  return error === null ? { kind: 'success', output: null } : { kind: 'failed', error, retryable: true };
}

/** The port is piscina's, which has taken it by now: a message that it does not expect would end the whole runner. */
function hideParentPort(): void {
  if (workerThreads.parentPort === null) return;
  (workerThreads as { parentPort: MessagePort | null }).parentPort = null;
  syncBuiltinESMExports();
}

/** From here on the author's modules have left their marks in this thread; what the task changes is its own. */
async function loadDag(wire: Pick<WireWorkload, 'bundle' | 'specFile'>): Promise<RunnableDag> {
  const isFirst = !loader.isWarm(wire.bundle);
  const dag = await loader.load(wire.bundle, wire.specFile);
  if (isFirst) globals.remember();
  return dag;
}

function withAbsent(wire: WireWorkload): (TaggedJson | undefined)[] {
  const inputs: (TaggedJson | undefined)[] = [...wire.inputs];
  for (const index of wire.absentInputs) inputs[index] = undefined;
  return inputs;
}

function onMessage(message: MessageToThread): void {
  if (message.kind === 'abort') {
    if (current?.sequence === message.sequence) current.abort.abort(new DOMException(message.reason, 'AbortError'));
    return;
  }
  replies.get(message.id)?.(message);
  replies.delete(message.id);
}

function ask(sequence: number, request: ChannelRequest): Promise<TaggedJson | undefined> {
  const id = ++requestCount;
  port.postMessage({ kind: 'request', id, sequence, request } satisfies ThreadMessage);
  return new Promise((resolve, reject) => {
    replies.set(id, ({ value, error }) => (error === undefined ? resolve(value) : reject(new Error(error))));
  });
}

function beat(): void {
  const { external_memory: external, used_heap_size: heap } = getHeapStatistics();
  Atomics.store(cells, CELLS.externalMb, Math.round(external / BYTES_PER_MB));
  Atomics.store(cells, CELLS.heapMb, Math.round(heap / BYTES_PER_MB));
  Atomics.add(cells, CELLS.beats, 1);
}

/** While the task's promise is open a stray error fails the attempt; afterwards it is written down and costs nothing else. */
function onStrayError(thrown: unknown, how: string): void {
  const log = capture.currentLog();
  if (current?.fail && (log === null || log === current.log)) current.fail(thrown, how);
  else log?.writeLate('warn', 'system', `an error ${how}, after the task had ended: ${describeThrown(thrown).message}`);
}

/** What goes on would run beside the next attempt: timers print into its log, servers keep their ports. */
function whatTheTaskLeft(): string | null {
  const changed = globals.changedBuiltIn();
  if (changed !== null) return `the task changed ${changed}`;
  const active = process.getActiveResourcesInfo();
  const timers = active.filter((name) => name === 'Timeout' || name === 'Immediate').length;
  if (timers > 0) return `the task left ${timers} ${timers === 1 ? 'timer' : 'timers'} running`;
  return active.includes('TCPServerWrap') ? 'the task left a server running' : null;
}

/** Files that the task left open are closed with its thread. */
function whatIsUsedUp(outcome: Outcome): string | null {
  const isOutOfFiles = outcome.kind === 'failed' && /\bE[MN]FILE\b/.test(outcome.error.message);
  return isOutOfFiles ? 'no more files can be opened' : null;
}

/** A process that outlives its attempt is killed: the next attempt may already run on another machine. */
function endChildren(token: string, log: AttemptLogWriter): void {
  const { startedAny, alive } = children.end();
  if (!startedAny) return;
  const killed = killDescendants({ tokens: new Set([token]), pids: alive, except: new Set([process.pid]) });
  if (killed.length === 0) return;
  const list = killed.map(({ pid, name }) => `${pid} (${name})`).join(', ');
  log.write(
    'warn',
    'system',
    `killed ${killed.length} ${killed.length === 1 ? 'process' : 'processes'} that the task left running: ${list}`,
  );
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, 2_147_483_647));
    signal?.addEventListener('abort', done);
  });
}
