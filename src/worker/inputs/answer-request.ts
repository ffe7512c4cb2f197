import type { TaggedJson } from '../../model/tagged-json.js';
import type { TaskChannel } from '../../ports/task-channel.js';
import type { RunnerMessage, SupervisorMessage } from '../runner/protocol.js';

/** Answers what a running task asks. Never rejects: what goes wrong is the task's to handle. */
export async function answerRequest(
  channel: TaskChannel,
  { id, token, request }: Extract<RunnerMessage, { kind: 'request' }>,
): Promise<Extract<SupervisorMessage, { kind: 'reply' }>> {
  try {
    if (request.kind === 'pull') return { kind: 'reply', id, value: await channel.pullXCom(token, request) };
    // Events are JSON already: their extras are in tagged form.
    if (request.kind === 'assetEvents')
      return { kind: 'reply', id, value: (await channel.readAssetEvents(token, request.query)) as unknown as TaggedJson };
    await channel.pushXCom(token, request.key, request.value);
    return { kind: 'reply', id };
  } catch (error) {
    return { kind: 'reply', id, error: error instanceof Error ? error.message : String(error) };
  }
}
