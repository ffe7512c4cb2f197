/**
 * A thread of the runner's piscina pool: makes one attempt at a time. It owns everything that user code of the thread can reach: console and
 * standard streams, child processes, stray errors. A thread that cannot be trusted to be clean after an attempt asks to be replaced.
 */
import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import { getHeapStatistics } from 'node:v8';
import { installSourceMaps } from '../../loading/source-maps.js';
import type { Outcome } from '../../model/outcome.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import { AttemptLogWriter, checkLogFolder } from '../attempt/attempt-log-writer.js';
import { OutputCapture } from '../attempt/capture-output.js';
import { DagLoader } from '../attempt/load-dag.js';
import { runAttempt } from '../attempt/run-attempt.js';
import { describeThrown } from '../attempt/task-error.js';
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
  type WireWorkload,
} from './protocol.js';
import { trackChildren } from './track-children.js';

/** How often a thread shows that its event loop turns, in milliseconds. */
const BEAT_MS = 250;
const BYTES_PER_MB = 1_048_576;

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
const children = trackChildren();
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
parentPort?.postMessage({ kind: 'hello', threadId, cells, port: farPort } satisfies ThreadHello, [farPort]);

/** Makes one attempt. Never settles when the thread has to be replaced: the port says so. */
export default async function runInThread(task: ThreadTask): Promise<ThreadAnswer> {
  const wire = JSON.parse(task.workload) as WireWorkload;
  Atomics.store(cells, CELLS.sequence, task.sequence);
  Atomics.add(cells, CELLS.beats, 1);
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
  children.begin(wire.token, (stream, text) => log.write(stream === 'stderr' ? 'error' : 'info', stream, text.replace(/\n$/, '')));
  let isStray = false;
  const outcome = await capture.run(log, () =>
    Promise.race([
      runAttempt(
        { ...wire, inputs: withAbsent(wire) },
        {
          loadDag: () => loader.load(wire.bundle, wire.specFile),
          log,
          now,
          sleep,
          signal: attempt.abort.signal,
          flushOutput: () => capture.flush(),
          channel: {
            pushXCom: async (_token, key, value) => void (await ask(task.sequence, { kind: 'push', key, value })),
            pullXCom: (_token, request) => ask(task.sequence, { kind: 'pull', ...request }),
          },
        },
      ),
      stray.then((failure) => ((isStray = true), failure)),
    ]),
  );
  attempt.fail = null;
  // One turn of the event loop: rejections that nobody handled show up now and not in the time of the next attempt.
  await new Promise((resolve) => setImmediate(resolve));
  const replaceBecause = isStray ? 'the task may still be running' : whatTheTaskLeft();
  endChildren(wire.token, log);
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

/** Timers that go on would run beside the next attempt, and print into its log. */
function whatTheTaskLeft(): string | null {
  const left = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate');
  return left.length === 0 ? null : `the task left ${left.length} ${left.length === 1 ? 'timer' : 'timers'} running`;
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
