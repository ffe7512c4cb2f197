/**
 * A thread beside the author's code in a child. It ends the process when the parent has gone (a blocked loop would not notice), and, when a
 * file blocks the loop until its deadline, looks through the inspector where it stands and leaves a hint.
 */
import { writeSync } from 'node:fs';
import inspector from 'node:inspector';
import { workerData } from 'node:worker_threads';
import { originalPosition } from '../loading/source-maps.js';
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
    const frame = params.callFrames.find(
      ({ url }) => url.startsWith('/') || (url.startsWith('file:') && !url.includes('/dag-processor/')),
    );
    if (!frame) return session.disconnect();
    const { scriptId, lineNumber, columnNumber } = frame.location;
    session.post('Debugger.getScriptSource', { scriptId }, (error, answer) => {
      const position = error ? null : originalPosition(answer.scriptSource, lineNumber + 1, (columnNumber ?? 0) + 1);
      if (position) {
        const hint: Hint = { id, text: `busy in line ${position.line}`, file: null, ...position };
        writeSync(HINT_FD, `${JSON.stringify(hint)}\n`);
      }
      session.disconnect();
    });
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}
