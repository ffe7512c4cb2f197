/** `process.exit` of a task that runs in the process of whoever tests it: it ends the attempt there, as it ends the thread of a worker. */
import { AsyncLocalStorage } from 'node:async_hooks';

type Exit = typeof process.exit;

/** Of the attempt whose code asks: ends it. */
const attempts = new AsyncLocalStorage<(code: Parameters<Exit>[0]) => void>();
let guarded = 0;
let exitProcess: Exit | null = null;

/**
 * Runs `body`; when its code calls `process.exit`, the process goes on, the call throws, and the answer is at once that of `onExit`. Calls from
 * elsewhere end the process as ever.
 */
export async function withExitCaught<T>(body: () => Promise<T>, onExit: (code: number) => T): Promise<T> {
  if (guarded++ === 0) {
    exitProcess = process.exit;
    process.exit = exitOfAttempt;
  }
  try {
    return await new Promise<T>((resolve, reject) => {
      const exit = (code: Parameters<Exit>[0]): void => resolve(onExit(Number(code ?? process.exitCode ?? 0)));
      attempts.run(exit, body).then(resolve, reject);
    });
  } finally {
    if (--guarded === 0) process.exit = exitProcess as Exit;
  }
}

function exitOfAttempt(code?: Parameters<Exit>[0]): never {
  const exit = attempts.getStore();
  if (!exit) return (exitProcess as Exit).call(process, code);
  exit(code);
  throw new Error('process.exit ended the attempt');
}
