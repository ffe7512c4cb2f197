import { describe, expect, it } from '@jest/globals';
import { storableFields } from '../../../src/worker/inputs/rendered-fields.js';

describe('rendered fields that are kept', () => {
  it('show no secret, wherever it stands, and are cut after it is hidden', () => {
    const fields = { command: 'psql -p hunter22 postgres://u:other@h', env: { A: ['xhunter22x'] }, n: 7, no: null };
    expect(storableFields(fields, ['hunter22', 'abc', ''], 100)).toEqual({
      command: 'psql -p *** postgres://u:***@h',
      env: { A: ['x***x'] },
      n: 7,
      no: null,
    });
    // Cut first, half of the secret would be seen.
    expect(storableFields({ command: 'abchunter22' }, ['hunter22'], 7)).toEqual({ command: 'abc***' });
    expect(storableFields({ command: 'hunter22hunter' }, ['hunter', 'hunter22'], 100)).toEqual({ command: '******' });
  });

  it('pitfall 68: keep texts that are as short as a word, also where one is a secret', () => {
    expect(storableFields({ command: 'export A=abcd B=abcde' }, ['abcd', 'abcde'], 100)).toEqual({
      command: 'export A=abcd B=***',
    });
  });

  it('are cut, lists and objects as their JSON', () => {
    expect(storableFields({ a: '12345', b: '123456', c: ['1234567'], d: { x: 1 } }, [], 5)).toEqual({
      a: '12345',
      b: '12345... (6 characters)',
      c: '["123... (11 characters)',
      d: '{"x":... (7 characters)',
    });
  });
});
