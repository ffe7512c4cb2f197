import { AirflowLikeError } from '../model/errors.js';
import type { Cli } from './cli.js';

/**
 * Asks before something is deleted or run again. `yes` is the flag `-y`.
 * @throws AirflowLikeError CLI_USAGE where nobody can be asked and the flag is missing.
 */
export async function confirmed(cli: Cli, yes: boolean | undefined, question: string): Promise<boolean> {
  if (yes) return true;
  if (!cli.terminal.interactive) {
    throw new AirflowLikeError('CLI_USAGE', { place: '-y', message: `${question} Nobody can be asked here: give -y to say yes` });
  }
  if (await cli.terminal.confirm(question)) return true;
  cli.terminal.note('Cancelled: nothing was changed.');
  return false;
}
