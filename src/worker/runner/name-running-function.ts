/**
 * Says which function a thread is busy in, by pausing it for a moment through the inspector, which interrupts also a loop that never
 * yields. A thread that waits in native code (a synchronous child process, `Atomics.wait`) cannot be paused and has no name.
 */
import { Session } from 'node:inspector';

/** A thread that shares its processor with others takes a while to stop. */
const ANSWER_WITHIN_MS = 2_000;

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly location: { readonly lineNumber: number };
}

interface WorkerMessage {
  readonly method?: string;
  readonly params?: { readonly callFrames?: readonly CallFrame[] };
}

/** One at a time: two sessions would pause the same threads. */
let busy: Promise<unknown> = Promise.resolve();

/** Null when the thread does not answer in time or runs nothing that has a name. */
export function nameRunningFunction(threadId: number): Promise<string | null> {
  const answer = busy.then(() => pauseAndLook(threadId)).catch(() => null);
  busy = answer;
  return answer;
}

function pauseAndLook(threadId: number): Promise<string | null> {
  return new Promise((resolve) => {
    const session = new Session();
    session.connect();
    let target: string | null = null;
    const command = (id: number, method: string): void => {
      if (target !== null)
        session.post('NodeWorker.sendMessageToWorker', { sessionId: target, message: JSON.stringify({ id, method }) }, ignore);
    };
    const finish = (name: string | null): void => {
      clearTimeout(timer);
      // Takes the request to pause back: a thread that returns from native code only later must not stop then.
      command(3, 'Debugger.disable');
      session.disconnect();
      resolve(name);
    };
    const timer = setTimeout(finish, ANSWER_WITHIN_MS, null);
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      // Ids of the inspector count on their own; the title holds the id of the thread.
      if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
      target = params.sessionId;
      command(1, 'Debugger.enable');
      command(2, 'Debugger.pause');
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const message = JSON.parse(params.message) as WorkerMessage;
      if (params.sessionId !== target || message.method !== 'Debugger.paused') return;
      finish(nameOf(message.params?.callFrames ?? []));
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, ignore);
  });
}

function ignore(): void {
  // An answer is not needed: what matters arrives as an event, or the time runs out.
}

/** The innermost function of the author; built-in frames say little. */
function nameOf(frames: readonly CallFrame[]): string | null {
  const own = frames.filter(({ url }) => url !== '' && !url.startsWith('node:'));
  return (
    (own.find(({ functionName }) => functionName !== '') ?? frames.find(({ functionName }) => functionName !== ''))?.functionName ??
    null
  );
}
