/**
 * Entry of a runner process. It hosts the threads that run user code and passes messages between them and the supervisor; it runs no user
 * code itself, so that it can always hear the supervisor. It holds no database address and no key. When the supervisor is gone, so is it.
 */
import { findDescendants, kill } from '../processes/descendants.js';
import { AttemptPool } from './attempt-pool.js';
import { RUNNER_SETTINGS_VARIABLE, type RunnerMessage, type RunnerSettings, type SupervisorMessage } from './protocol.js';

const settings = JSON.parse(process.env[RUNNER_SETTINGS_VARIABLE] ?? '{}') as RunnerSettings;
// User code sees the environment of this process; what was meant for the runner is none of its business.
delete process.env[RUNNER_SETTINGS_VARIABLE];
delete process.env['MALLOC_ARENA_MAX'];

let outbox: RunnerMessage[] = [];

/** Messages of one turn of the event loop leave together. */
function send(message: RunnerMessage): void {
  outbox.push(message);
  if (outbox.length === 1) setImmediate(flush);
}

function flush(): void {
  const batch = outbox;
  outbox = [];
  if (process.connected) process.send?.(batch);
}

const pool = new AttemptPool(settings, send);

process.on('message', (batch: readonly SupervisorMessage[]) => {
  for (const message of batch) {
    if (message.kind === 'start') pool.start(message);
    else if (message.kind === 'abort') pool.abort(message);
    else pool.reply(message);
  }
});

process.on('disconnect', () => {
  const tokens = new Set(pool.attempts.keys());
  for (const { pid } of findDescendants({ tokens, except: new Set([process.pid]) })) kill(pid, 'SIGKILL');
  process.kill(process.pid, 'SIGKILL');
});

send({ kind: 'ready' });
