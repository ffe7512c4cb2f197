import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';

/** @throws AirflowLikeError CLI_USAGE for a column that there is not, with the nearest. */
export function checkColumns(columns: readonly string[], known: readonly string[]): void {
  const unknown = columns.find((column) => !known.includes(column));
  if (unknown === undefined) return;
  throw new AirflowLikeError('CLI_USAGE', {
    place: '--columns',
    message: 'there is no such column',
    value: unknown,
    allowed: known.join(', '),
    suggestion: nearestName(unknown, known),
  });
}
