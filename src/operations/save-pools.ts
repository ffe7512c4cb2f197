import { AirflowLikeError } from '../model/errors.js';
import { MOST_POOL_SLOTS, type Pool } from '../model/pool.js';
import { nearestName } from '../model/nearest-name.js';
import type { OperationDeps } from './operation-deps.js';
import { parseConf, parseJsonList } from './parse-conf.js';

const LONGEST_NAME = 256;
const LONGEST_DESCRIPTION = 10_000;
const FIELDS = ['slots', 'description', 'include_deferred'];

/**
 * Creates or changes pools: all of them, or none. What runs in a pool that becomes narrower ends; nothing new is queued until it fits.
 * @returns What became of each, in their order.
 * @throws AirflowLikeError ID_INVALID (a name), VALUE_RANGE (slots), VALUE_TYPE (a name twice).
 */
export async function savePools(
  { store, bus, clock, actor }: OperationDeps,
  pools: readonly Pool[],
): Promise<readonly ('created' | 'changed' | 'unchanged')[]> {
  for (const pool of pools) checkPool(pool);
  const names = new Set<string>();
  for (const { name } of pools) {
    if (names.has(name)) throw new AirflowLikeError('VALUE_TYPE', { place: 'pool', message: 'it is named twice', value: name });
    names.add(name);
  }
  const changes = await store.pools.save(pools, actor, clock.now());
  // Whoever waits for slots looks again.
  if (changes.some((change) => change !== 'unchanged')) bus.publish('dags');
  return changes;
}

/**
 * Pools as `pools export` writes them, in JSON: an object of `{ slots, description, include_deferred }` by name, or a list of such objects with
 * `name`.
 * @throws AirflowLikeError JSON_INVALID; VALUE_TYPE, OPTION_UNKNOWN, VALUE_RANGE, ID_INVALID for what cannot be a pool.
 */
export function parsePools(text: string, place: string): readonly Pool[] {
  const value = text.trimStart().startsWith('[') ? parseJsonList(text, place) : parseConf(text, place);
  if (Array.isArray(value)) {
    return value.map((entry, index) => {
      const { name, ...fields } = fieldsOf(entry, `${place}[${index}]`);
      if (typeof name !== 'string') throw wrongType(`${place}[${index}].name`, 'a text', name);
      return readPool(name, fields, `${place}[${index}]`);
    });
  }
  return Object.entries(fieldsOf(value, place)).map(([name, entry]) => {
    const at = `${place}.${name}`;
    return readPool(name, fieldsOf(entry, at), at);
  });
}

function readPool(name: string, fields: Readonly<Record<string, unknown>>, place: string): Pool {
  for (const field of Object.keys(fields)) {
    if (FIELDS.includes(field) || field === 'team_name') continue;
    const suggestion = nearestName(field, FIELDS);
    throw new AirflowLikeError('OPTION_UNKNOWN', {
      place,
      message: 'a pool has no such field',
      value: field,
      allowed: FIELDS.join(', '),
      suggestion,
    });
  }
  const { slots, description = null, include_deferred: includeDeferred = false } = fields;
  if (typeof slots !== 'number') throw wrongType(`${place}.slots`, 'an integer', slots);
  if (description !== null && typeof description !== 'string') throw wrongType(`${place}.description`, 'a text', description);
  if (typeof includeDeferred !== 'boolean') throw wrongType(`${place}.include_deferred`, 'true or false', includeDeferred);
  const pool = { name, slots, description, includeDeferred };
  checkPool(pool, place);
  return pool;
}

function checkPool({ name, slots, description }: Pool, place = `pool ${JSON.stringify(name)}`): void {
  // eslint-disable-next-line no-control-regex -- these are the characters meant
  if (name.trim() === '' || name.length > LONGEST_NAME || /[\u0000-\u001f\u007f-\u009f]/.test(name)) {
    const allowed = `1 to ${LONGEST_NAME} characters, no control characters`;
    throw new AirflowLikeError('ID_INVALID', { place: 'pool', message: 'this cannot be the name of a pool', value: name, allowed });
  }
  if (!Number.isInteger(slots) || slots < -1 || slots > MOST_POOL_SLOTS) {
    const message = `slots must be an integer from -1 (no limit) to ${MOST_POOL_SLOTS}`;
    throw new AirflowLikeError('VALUE_RANGE', { place, message, value: slots });
  }
  if ((description?.length ?? 0) > LONGEST_DESCRIPTION || description?.includes('\0')) {
    const message = `its description must have at most ${LONGEST_DESCRIPTION} characters, without NUL`;
    throw new AirflowLikeError('VALUE_RANGE', { place, message });
  }
}

function fieldsOf(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrongType(place, 'an object', value);
}

function wrongType(place: string, expected: string, value: unknown): AirflowLikeError {
  return new AirflowLikeError('VALUE_TYPE', { place, message: `must be ${expected}`, value });
}
