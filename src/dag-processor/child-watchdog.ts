/**
 * A thread beside the author's code in a child. It ends the process when the parent has gone (a blocked loop would not notice), and, when a
 * file blocks the loop until its deadline, looks through the inspector where it stands and leaves a hint.
 */
import { writeSync } from 'node:fs';
import inspector from 'node:inspector';
import { workerData } from 'node:worker_threads';
import { mappedFile, originalPosition } from '../loading/source-maps.js';
import { HINT_FD, type Hint } from './child-protocol.js';

const { deadline: buffer, parentPid } = workerData as { deadline: SharedArrayBuffer; parentPid: number };
/** [instant at which to look, id of the order]; 0: nothing under way. */
const deadline = new Float64Array(buffer);

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  const at = deadline[0] as number;
  if (at > 0 && Date.now() >= at) {
    deadline[0] = 0;
    lookAtMainThread(deadline[1] as number);
  }
}, 100);

function lookAtMainThread(id: number): void {
  const session = new inspector.Session();
  session.connectToMainThread();
  session.on('Debugger.paused', ({ params }) => {
    void describePause(session, params.callFrames).then((position) => {
      if (position) {
        const hint: Hint = { id, text: `busy in line ${position.line}`, ...position };
        writeSync(HINT_FD, `${JSON.stringify(hint)}\n`);
      }
      session.disconnect();
    });
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}

/** The innermost frame of a file of the author's: those alone carry their source map within. */
async function describePause(
  session: inspector.Session,
  frames: readonly inspector.Debugger.CallFrame[],
): Promise<{ file: string; line: number; column: number } | null> {
  for (const { location } of frames) {
    const source = await new Promise<string>((resolve) => {
      session.post('Debugger.getScriptSource', { scriptId: location.scriptId }, (error, answer) =>
        resolve(error ? '' : answer.scriptSource),
      );
    });
    const position = originalPosition(source, location.lineNumber + 1, (location.columnNumber ?? 0) + 1);
    const file = mappedFile(source);
    if (position && file) return { file, ...position };
  }
  return null;
}
