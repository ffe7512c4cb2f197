import { describe, expect, it } from '@jest/globals';
import { readOutcome } from '../../../src/worker/supervisor/read-outcome.js';

const read = (report: unknown) => readOutcome(JSON.stringify(report), 1_000);
const ASSET = { name: 'a', uri: 's3://a', group: 'asset', extra: {} };
const ERROR = { code: 'TASK_ERROR', name: 'Error', message: 'boom', stack: null };

describe('readOutcome', () => {
  it.each([
    [{ kind: 'success', output: null }],
    [{ kind: 'success', output: { value: [1, { $type: 'Date', value: '2024-01-01T00:00:00.000Z' }], length: 2 } }],
    [{ kind: 'success', output: { value: { a: 1 }, length: 1 }, fields: [{ key: 'a', value: 1 }] }],
    [{ kind: 'success', output: null, decision: { followed: ['a', 'b'] } }],
    [{ kind: 'success', output: null, decision: { skipped: [] }, mapLabel: 'eu' }],
    [{ kind: 'success', output: null, outlets: [{ kind: 'asset', asset: { name: 'a', uri: 's3://a' }, extra: { rows: 1 } }] }],
    [{ kind: 'success', output: null, outlets: [{ kind: 'alias', alias: 'x', asset: ASSET, extra: {} }] }],
    [{ kind: 'failed', error: ERROR, retryable: false }],
    [{ kind: 'failed', error: ERROR, retryable: true, retryDelayMs: 30_000, mapLabel: 'eu' }],
    [{ kind: 'skipped', message: null }],
    [{ kind: 'reschedule', at: 1 }],
    [{ kind: 'lost', reason: 'gone' }],
  ])('hands on %j', (report) => expect(read(report)).toEqual(report));

  it.each<[string, unknown]>([
    ['an empty object', {}],
    ['null', null],
    ['another kind', { kind: 'victory' }],
    ['a success without output', { kind: 'success' }],
    ['NUL, which a database refuses', { kind: 'success', output: { value: 'a\u0000', length: -1 } }],
    ['NUL in a key', { kind: 'success', output: { value: { 'a\u0000': 1 }, length: 1 } }],
    ['half a surrogate pair', { kind: 'success', output: { value: ['\ud800'], length: 1 } }],
    ['an unknown tag', { kind: 'success', output: { value: { $type: 'Evil', value: 1 }, length: 1 } }],
    ['a tag without its value', { kind: 'success', output: { value: [{ $type: 'Map' }], length: 1 } }],
    ['a value above the limit', { kind: 'success', output: { value: 'x'.repeat(4_100), length: -1 } }],
    ['a value that is too deep', { kind: 'success', output: { value: nested(3_000), length: 1 } }],
    ['a field without a key', { kind: 'success', output: null, fields: [{ value: 1 }] }],
    ['a field in the place of the return value', { kind: 'success', output: null, fields: [{ key: 'return_value', value: 1 }] }],
    ['a field that could not be stored', { kind: 'success', output: null, fields: [{ key: 'a', value: '\ud800' }] }],
    ['fields above the limit', { kind: 'success', output: null, fields: [{ key: 'a', value: 'x'.repeat(6_100) }] }],
    ['a decision of another form', { kind: 'success', output: null, decision: { chosen: ['a'] } }],
    ['a decision for no task', { kind: 'success', output: null, decision: { followed: [1] } }],
    ['an outlet without an asset', { kind: 'success', output: null, outlets: [{ kind: 'asset', extra: {} }] }],
    ['an outlet of another kind', { kind: 'success', output: null, outlets: [{ kind: 'all', asset: ASSET, extra: {} }] }],
    [
      'an outlet whose name is no name',
      { kind: 'success', output: null, outlets: [{ kind: 'asset', asset: { ...ASSET, name: '' }, extra: {} }] },
    ],
    [
      'an outlet without a group',
      { kind: 'success', output: null, outlets: [{ kind: 'alias', alias: 'x', asset: { ...ASSET, group: 7 }, extra: {} }] },
    ],
    ['an extra that is no object', { kind: 'success', output: null, outlets: [{ kind: 'asset', asset: ASSET, extra: [1] }] }],
    [
      'an extra that could not be stored',
      { kind: 'success', output: null, outlets: [{ kind: 'asset', asset: ASSET, extra: { a: '\u0000' } }] },
    ],
    [
      'outlets without end',
      {
        kind: 'success',
        output: null,
        outlets: Array.from({ length: 10_001 }, () => ({ kind: 'asset', asset: ASSET, extra: {} })),
      },
    ],
    ['an error without a message', { kind: 'failed', error: { code: 'A' }, retryable: true }],
    ['an instant that no calendar has', { kind: 'reschedule', at: 1e300 }],
  ])('refuses %s', (_name, report) => expect(readOutcome(JSON.stringify(report), 2_000)).toBeNull());

  it('refuses what is not JSON', () => expect(readOutcome('undefined', 1_000)).toBeNull());

  it('measures the output itself, and cleans texts', () => {
    expect(read({ kind: 'success', output: { value: [1, 2, 3], length: 900 } })).toEqual({
      kind: 'success',
      output: { value: [1, 2, 3], length: 3 },
    });
    expect(read({ kind: 'failed', error: { ...ERROR, code: 'not a code', message: 'a\u0000' } })).toEqual({
      kind: 'failed',
      error: { ...ERROR, message: 'a\\x00' },
      retryable: true,
    });
    const delayed = { kind: 'failed', error: ERROR, retryable: true };
    expect(read({ ...delayed, retryDelayMs: -1, mapLabel: 7 })).toEqual(delayed);
    expect(read({ kind: 'skipped', message: '\u001b[2J' })).toEqual({ kind: 'skipped', message: '\\x1b[2J' });
  });
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}
