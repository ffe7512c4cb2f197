import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { ParamsSpec } from '../../../src/model/dag-spec.js';
import type { AirflowLikeError } from '../../../src/model/errors.js';
import type { TaggedJson } from '../../../src/model/tagged-json.js';
import { checkParams } from '../../../src/operations/check-params.js';

const schema = z.strictObject({
  day: z.iso.date(),
  limit: z.number().int().min(1).default(100),
  mode: z.enum(['full', 'delta']).default('full'),
  target: z.object({ table: z.string().regex(/^[a-z_]+$/) }).optional(),
});
const params: ParamsSpec = {
  jsonSchema: z.toJSONSchema(schema, { io: 'input' }) as unknown as TaggedJson,
  defaults: { limit: 100, mode: 'full' },
};

describe('B40: checkParams', () => {
  it.each<[what: string, conf: Record<string, unknown>, message: RegExp]>([
    ['a missing param', {}, /params\.day: .*got undefined/],
    ['a wrong type', { day: '2026-01-01', limit: 'ten' }, /params\.limit: .*expected number.*got "ten"/],
    ['a value outside its range', { day: '2026-01-01', limit: 0 }, /params\.limit: .*>=1.*got 0/],
    ['no integer', { day: '2026-01-01', limit: 1.5 }, /params\.limit: .*int.*got 1\.5/],
    ['a value not in the list', { day: '2026-01-01', mode: 'all' }, /params\.mode: .*"full"\|"delta".*got "all"/],
    ['a bad pattern inside', { day: '2026-01-01', target: { table: 'A-B' } }, /params\.target\.table: .*got "A-B"/],
    [
      'an extra param',
      { day: '2026-01-01', lmit: 3 },
      /params\.lmit: there is no such param, got 3; allowed: day, limit, mode, target; did you mean limit\?/,
    ],
  ])('refuses %s', async (_what, conf, message) => {
    const error = await checkParams(params, conf).catch((reason: unknown) => reason as AirflowLikeError);
    expect((error as AirflowLikeError).code).toBe('PARAM_INVALID');
    expect((error as AirflowLikeError).message).toMatch(message);
  });

  it('lists everything that is wrong at once', async () => {
    const error = await checkParams(params, { limit: 'ten', mode: 'all' }).catch((reason: unknown) => reason as AirflowLikeError);
    expect((error as AirflowLikeError).message).toMatch(/3 params are wrong[^]*params\.day[^]*params\.limit[^]*params\.mode/);
  });

  it('lays the conf over the defaults', async () => {
    await expect(checkParams(params, { day: '2026-01-01', limit: 5 })).resolves.toBeUndefined();
  });

  it('lets everything pass where a DAG has no params', async () => {
    await expect(checkParams(null, { anything: 1 })).resolves.toBeUndefined();
  });
});
