/** What an author's values bring along is out of reach: nothing but listed members is found, and nothing of JavaScript is called. */
import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../../../src/core/template/parse-template.js';
import { renderTemplate } from '../../../../src/core/template/render-template.js';
import { TemplateError } from '../../../../src/core/template/template-error.js';
import { asTemplateValue } from '../../../../src/core/template/values.js';

function renderWithTraps(template: string): { outcome: string; calls: number } {
  let calls = 0;
  const trap = (): string => {
    calls++;
    return 'n';
  };
  const action = Object.assign(() => trap(), { toString: trap, toJSON: trap, valueOf: trap, call: trap });
  class Own {
    n = 1;
    method = trap;
    ['__proto__'] = trap;
    get computed(): string {
      return 'c';
    }
    inherited(): string {
      return trap();
    }
  }
  const values: Readonly<Record<string, unknown>> = {
    trap: asTemplateValue({
      toString: trap,
      toJSON: trap,
      valueOf: trap,
      [Symbol.toPrimitive]: trap,
      length: trap,
      n: 1,
    }),
    action: asTemplateValue(action),
    own: asTemplateValue(new Own()),
    json: asTemplateValue(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": "c", "toString": "t"}')),
  };
  const names = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (): unknown => value]));
  try {
    return { outcome: renderTemplate(parseTemplate(template), { names, random: () => 0 }), calls };
  } catch (error) {
    if (error instanceof TemplateError) return { outcome: `${error.kind}: ${error.message}`, calls };
    throw error;
  }
}

describe('values of the author', () => {
  it.each([
    ['{{ trap }}', '{"n":1}'],
    ['{{ [trap, action] }}', '[{"n":1},null]'],
    ['{{ trap ~ "" }}{{ trap | string }}{{ trap | tojson }}', '{"n":1}{"n":1}{"n":1}'],
    ["{{ '%s' | format(trap) }}", '{"n":1}'],
    ['{{ action }}', 'type: a function of TypeScript prints as nothing'],
    ['{{ action() }}', 'type: "action" is no function'],
    ['{{ action.call() }}', 'undefined: "action" has no "call"'],
    ['{{ trap.length() }}', 'type: "trap.length" is no function'],
    ['{{ trap.toString() }}', 'type: "trap.toString" is no function'],
    ['{{ own.method() }}', 'type: "own.method" is no function'],
    ['{{ own.inherited }}', 'undefined: "own" has no "inherited"'],
    ['{{ own.computed }}', 'undefined: "own" has no "computed"'],
    ['{{ own.n }}{{ own }}', '1{"n":1}'],
    ['{{ trap + 1 }}', 'type: + cannot take an object and a number'],
    ['{{ -trap }}', 'type: - needs a number, got an object'],
    ['{{ trap < 1 }}', 'type: an object and a number have no order'],
    ['{{ trap == "n" }}{{ "n" == trap }}{{ action == "n" }}', 'falsefalsefalse'],
    ['{{ trap in "n" }}', 'type: an object cannot be in a text'],
    ['{{ [{n: 2}] | sum(attribute=trap) }}', 'type: an attribute is named by a text, got an object'],
    ['{{ [{n: 2}] | map(attribute=trap) }}', 'type: an attribute is named by a text, got an object'],
    ['{{ [{n: 2}] | select(trap) }}', 'type: select needs the name of a test'],
    ['{{ [{n: 2}] | map(trap) }}', 'type: map needs the name of a filter, or attribute='],
    ["{{ [{n: 2}] | selectattr('n', trap) }}", 'type: selectattr needs the name of a test'],
    ['{{ {n: 1}[trap] }}', 'undefined: the value has no element {"n":1}'],
    ['{{ [1][trap] }}', 'undefined: the value has no element {"n":1}'],
    ['{{ {[trap]: 1} }}', 'type: the key of an object must be a text, got a list'],
    ['{{ "ab"[trap:] }}', 'type: a slice needs whole numbers, got an object'],
    ["{{ 'a'.center(trap) }}", 'type: center needs a number as its argument "width", got an object'],
    ["{{ 'anb' | replace(trap, 'x') }}", 'type: replace needs a text as its argument "old", got an object'],
    ["{{ 'anb'.strip(trap) }}", 'anb'],
    ['{{ trap | int }}{{ trap | float }}', '00'],
    ['{{ range(trap) }}', 'type: range needs whole numbers, got an object'],
    ['{{ trap | length }}{{ trap.n }}', '51'],
    [
      "{{ json }}{{ json['__proto__'].polluted }}{{ json.constructor }}{{ json.toString }}",
      '{"__proto__":{"polluted":1},"constructor":"c","toString":"t"}1ct',
    ],
    ['{{ {}.polluted is defined }}{{ {"__proto__": {"a": 1} }.a is defined }}', 'falsefalse'],
    ["{{ dict(__proto__={'a': 1}) }}", 'undefined: "dict" is not defined'],
    ['{% macro f(a) %}{{ a }}{% endmacro %}{{ f(__proto__=1) }}', 'type: the macro "f" takes a'],
    [
      '{% macro f(constructor) %}{{ constructor }}{% endmacro %}{{ f(1) }}{{ f() }}',
      'undefined: the macro "f" needs "constructor"',
    ],
    ['{% set __proto__ = {a: 1} %}{{ __proto__.a }}{{ a is defined }}', '1false'],
  ])('%s', (template, outcome) => {
    expect(renderWithTraps(template)).toEqual({ outcome, calls: 0 });
  });
});
