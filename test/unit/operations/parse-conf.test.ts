import { describe, expect, it } from '@jest/globals';
import fc from '../../support/fast-check.js';
import type { AirflowLikeError } from '../../../src/model/errors.js';
import { checkConf, parseConf } from '../../../src/operations/parse-conf.js';

function failure(act: () => unknown): AirflowLikeError {
  try {
    act();
  } catch (error) {
    return error as AirflowLikeError;
  }
  throw new Error('it was accepted');
}

describe('parseConf', () => {
  it.each<[text: string, code: string, message: string]>([
    ['', 'JSON_INVALID', '--conf at 1:1: the text ends where a value should be'],
    ['limit=10', 'JSON_INVALID', '--conf at 1:1: "l" does not begin a JSON value'],
    ['{"a": 1,}', 'JSON_INVALID', '--conf at 1:9: a name in double quotes should be here'],
    ['{"a": 1,\n "b": tru}', 'JSON_INVALID', '--conf at 2:7: "t" does not begin a JSON value'],
    ['{"a": 1 "b": 2}', 'JSON_INVALID', '--conf at 1:9: a comma or } should be here'],
    ['{"a" 1}', 'JSON_INVALID', '--conf at 1:6: a colon should be here'],
    ['{"a": [1, 2}', 'JSON_INVALID', '--conf at 1:12: a comma or ] should be here'],
    ['{"a": 1} x', 'JSON_INVALID', '--conf at 1:10: there is more text after the end of the JSON'],
    ['{"a": 1, "b": 2, "a": 3}', 'JSON_INVALID', '--conf at 1:18: the name "a" is given twice'],
    ['{"a": 1, "\\u0061": 3}', 'JSON_INVALID', '--conf at 1:10: the name "a" is given twice'],
    ['{"a": NaN}', 'JSON_INVALID', '--conf at 1:7: "N" does not begin a JSON value'],
    ['{"a": 1e400}', 'JSON_INVALID', '--conf at 1:7: the number 1e400 is too large'],
    [
      '{"a": 9007199254740993}',
      'JSON_INVALID',
      '--conf at 1:7: the number 9007199254740993 cannot be held exactly; write it as a text, in quotes',
    ],
    ['\ufeff{"a": 1}', 'JSON_INVALID', '--conf at 1:1: "\\ufeff" does not begin a JSON value'],
    ['{"a": 01}', 'JSON_INVALID', '--conf at 1:8: a comma or } should be here'],
    ['{"a": 1} // why', 'JSON_INVALID', '--conf at 1:10: there is more text after the end of the JSON'],
    ["{'a': 1}", 'JSON_INVALID', '--conf at 1:2: a name in double quotes should be here'],
    ['{"a": "x\ny"}', 'JSON_INVALID', '--conf at 1:7: this text is not closed, or holds a character that must be escaped'],
    ['{"a": "\\u0000"}', 'JSON_INVALID', '--conf at 1:7: the text holds a NUL character or half a character'],
    ['{"a": "\\ud800"}', 'JSON_INVALID', '--conf at 1:7: the text holds a NUL character or half a character'],
    ['[1]', 'CONF_NOT_OBJECT', '--conf: this is not a JSON object, got [1]; allowed: {"name": value, ...}'],
    ['"x"', 'CONF_NOT_OBJECT', '--conf: this is not a JSON object, got "x"; allowed: {"name": value, ...}'],
    ['null', 'CONF_NOT_OBJECT', '--conf: this is not a JSON object, got null; allowed: {"name": value, ...}'],
    ['{"a":'.repeat(40), 'JSON_TOO_DEEP', '--conf: nested deeper than 32 levels'],
    ['['.repeat(100_000), 'JSON_TOO_DEEP', '--conf: nested deeper than 32 levels'],
    [`{"a": "${'x'.repeat(1_100_000)}"}`, 'BODY_TOO_LARGE', '--conf: 1100009 characters are more than 1048576'],
  ])('B38, B39: refuses %.40s', (text, code, message) => {
    const error = failure(() => parseConf(text, '--conf'));
    expect([error.code, error.message]).toEqual([code, `${code}: ${message}`]);
  });

  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!/\\u0000|\\ud[89a-f]/i.test(text));
        expect(parseConf(text, 'conf')).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses, quickly and with a position', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ truefalsn0123e+-.\n') }), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        fc.pre(!isJson);
        expect(failure(() => parseConf(text, 'conf')).code).toBe('JSON_INVALID');
      }),
    );
  });

  it('takes __proto__ as a name like any other', () => {
    const conf = parseConf('{"__proto__": {"admin": true}}', 'conf');
    expect(Object.keys(conf)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('checkConf', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  it.each<[what: string, value: unknown, code: string]>([
    ['a list', [1], 'CONF_NOT_OBJECT'],
    ['a text', '{}', 'CONF_NOT_OBJECT'],
    ['a number that JSON does not have', { a: { b: Number.NaN } }, 'JSON_INVALID'],
    ['a function', { a: () => 1 }, 'JSON_INVALID'],
    ['a Date', { a: new Date() }, 'JSON_INVALID'],
    ['a circle', circular, 'JSON_TOO_DEEP'],
    ['a NUL', { a: 'x\0' }, 'JSON_INVALID'],
    ['too much', { a: 'x'.repeat(1_100_000) }, 'BODY_TOO_LARGE'],
  ])('refuses %s', (_what, value, code) => {
    expect(failure(() => checkConf(value, 'conf')).code).toBe(code);
  });

  it('names the path of the value', () => {
    expect(failure(() => checkConf({ a: [{ b: 1n }] }, 'conf')).message).toBe(
      'JSON_INVALID: conf.a[0].b: JSON has no such value, got 1n',
    );
  });

  it('takes nothing as the empty conf', () => {
    expect([checkConf(null, 'conf'), checkConf(undefined, 'conf')]).toEqual([{}, {}]);
  });
});
