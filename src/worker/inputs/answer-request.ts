import type { TaggedJson } from '../../model/tagged-json.js';
import type { AttemptToken } from '../../model/task-instance.js';
import type { TaskChannel } from '../../ports/task-channel.js';
import type { ChannelRequest, RunnerMessage, SupervisorMessage } from '../runner/protocol.js';

/** Answers what a running task asks. Never rejects: what goes wrong is the task's to handle. */
export async function answerRequest(
  channel: TaskChannel,
  { id, token, request }: Extract<RunnerMessage, { kind: 'request' }>,
): Promise<Extract<SupervisorMessage, { kind: 'reply' }>> {
  try {
    return { kind: 'reply', id, value: await answer(channel, token, request) };
  } catch (error) {
    return { kind: 'reply', id, error: error instanceof Error ? error.message : String(error) };
  }
}

async function answer(channel: TaskChannel, token: AttemptToken, request: ChannelRequest): Promise<TaggedJson | undefined> {
  switch (request.kind) {
    case 'push':
      await channel.pushXCom(token, request.key, request.value);
      return undefined;
    case 'pull':
      return channel.pullXCom(token, request.pull);
    case 'copies':
      return channel.readCopies(token, request);
    case 'assetEvents':
      // Events are JSON already: their extras are in tagged form.
      return (await channel.readAssetEvents(token, request.query)) as unknown as TaggedJson;
    case 'lookUp':
      return channel.lookUp(token, request.fact);
    case 'rendered':
      await channel.saveRendered(token, request.fields);
      return undefined;
  }
}
