import { describe, expect, it } from '@jest/globals';
import { parseTemplate } from '../../../../src/core/template/parse-template.js';
import { TemplateError } from '../../../../src/core/template/template-error.js';
import { errorOf, render } from './expressions.js';

describe('statements', () => {
  it.each([
    [
      '{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}',
      '1032truefalse3 2121falsefalse3 3210falsetrue3 ',
    ],
    [
      '{% for x in "ab" %}{{ loop.cycle("-", "+") }}{{ loop.previtem | default("^") }}{{ loop.nextitem | default("$") }}{% endfor %}',
      '-^b+a$',
    ],
    ['{% for x in {a: 1, b: 2} %}{{ x }}{% endfor %}{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }}{% endfor %}', 'ab37'],
    [
      '{% for x in [] %}x{% else %}none{% endfor %}{% for x in [[1, [2]]] %}{% for y in x %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}',
      'none121',
    ],
    ['{% set a, b = 5 %}', 'type'],
    ['{% for a, b in [[1]] %}{% endfor %}', 'type'],
    ['{% for a in 5 %}{% endfor %}', 'type'],
    ['{% if 0 %}a{% elif "" %}b{% elif [1] %}c{% else %}d{% endif %}', 'c'],
    ['{% if 1 %}{% set x = 1 %}{% endif %}{{ x }}', '1'],
    ['{% set text = "mine" %}{{ text }}', 'mine'],
    ['{% for y in [1] %}{% set x = 1 %}{% endfor %}{{ x }}', 'undefined'],
    ['{% macro f(a, b=2, c=b) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}|{{ f(1, 3) }}|{{ f(b=5, a=0) }}', '122|133|055'],
    ['{% macro f(a) %}{% endmacro %}{{ f() }}', 'undefined'],
    ['{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}', 'type'],
    ['{% macro f(a) %}{% endmacro %}{{ f(a=1, z=2) }}', 'type'],
    ['{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}', '[in]'],
    ['{% macro each() %}{{ caller(1) }}{{ caller(2) }}{% endmacro %}{% call(n) each() %}<{{ n }}>{% endcall %}', '<1><2>'],
    ['{% filter replace("a", "b") %}aXa{% endfilter %}{% set t %}<{{ 1 }}>{% endset %}{{ t }}', 'bXb<1>'],
    ['a {%- if 1 -%} b {%- endif -%} c {{- 1 -}} d {#- x -#} e', 'abc1de'],
    ['{% raw %}{{ x }}{% if %}{% endraw %}', '{{ x }}{% if %}'],
    ['', ''],
    [
      '{% for x in [1] %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{{ loop.length }}{% endfor %}{{ loop is defined }}',
      'falsefalse1false',
    ],
    ['{% for x in "ab" %}{{ loop.cycle(1, 2, 3) }}{{ loop }}{% endfor %}', '1loop2loop'],
    [
      '{% for a, b, c in [[1, 2, 3]] %}{{ c }}{{ a }}{% endfor %}{% for k, v in {x: 1} | items %}{{ k }}{{ v }}{% endfor %}',
      '31x1',
    ],
    ['{% set a = 1 %}{% set a = a + 1 %}{% for x in [1] %}{{ a }}{% set a = 9 %}{{ a }}{% endfor %}{{ a }}', '292'],
    ['{% set a, b = [1, 2] %}{{ b }}{{ a }}{% set c = d = 5 %}', 'syntax'],
    ['{% set a, b = [1, 2] %}{{ b }}{{ a }}', '21'],
    ['{% set a, b = [1, 2, 3] %}', 'type'],
    [
      '{% for x in [1, 2] %}{% if x == 1 %}{% else %}{{ x }}{% endif %}{% endfor %}{% if 0 %}x{% endif %}{% for x in [] %}y{% endfor %}',
      '2',
    ],
    ['{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(b=1, a=2) }}{{ f(1, b=3) }}', '2113'],
    ['{% macro f(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ f(1, none) }}', '1null'],
    ['{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}', 'false'],
    [
      '{% macro f() %}{% set x = 1 %}{% endmacro %}{{ f() }}{{ x is defined }}{% macro g() %}{{ text }}{% endmacro %}{{ g() }}',
      'falseOne two',
    ],
    ['{% macro f(a) %}{{ a }}{% endmacro %}{{ f(a=1, caller=2) }}', '1'],
    [
      '{% macro g(x) %}<{{ x }}>{% endmacro %}{% macro f(a) %}{{ g(a) }}{{ caller(a, b=2) }}{% endmacro %}{% call(a, b=1) f(5) %}{{ a }}{{ b }}{% endcall %}',
      '<5>52',
    ],
    [
      '{% macro f() %}{% macro g() %}{{ caller is defined }}{% endmacro %}{{ g() }}{% endmacro %}{% call f() %}x{% endcall %}',
      'false',
    ],
    ['{% set m = macros %}{{ m == m }}{{ m == macros.time }}{{ m in [1, m] }}', 'truefalsetrue'],
    ['{{ f }}{% macro f() %}{% endmacro %}', 'undefined'],
    ['{% macro f() %}{% endmacro %}{{ f }}', 'type'],
    ['{{ True }}{{ False }}{{ None }}{{ true }}{{ none }}{% set True = 5 %}{{ True }}', 'truefalsenulltruenull5'],
    ['{% set range = 5 %}{{ range }}{{ range is callable }}', '5false'],
    ['{% if nope %}{% endif %}', 'undefined'],
    ['{% set x %}{% endset %}[{{ x }}]{% set x %}a{% if 1 %}b{% endif %}{% endset %}{{ x | upper }}', '[]AB'],
    [
      '{% filter upper %}{% for x in "ab" %}{{ x }}{% endfor %}{% endfilter %}{% filter replace("a", "b") | upper %}a{% endfilter %}',
      'syntax',
    ],
    ['{{ 1 if true }}{{ 1 if false else none }}{{ (1 if 0 else 2) if 1 else 3 }}', '1null2'],
    ['{{ {"a b": 1, c: 2, 3: 4}["3"] }}{{ {a: 1, "a": 2}.a }}', '42'],
    ['{{ - 5 }}{{ + 5 }}{{ -(-5) }}{{ -span }}{{ not not 1 }}', '-555PT-93784.005Strue'],
    ['{{ (1) }}{{ (1, 2) }}{{ [] }}{{ {} }}', '1[1,2][]{}'],
    ['{{ rows[0]["n"] }}{{ rows[-1].in.deep.0 }}{{ {none: 1, x: 2}.x if 0 else {"none": 3}.none }}{{ {"true": 1}.true }}', 'b931'],
    ['a{{ 1 }}\nb{# x\ny #}c\n', 'a1\nbc'],
    ['{{ "a" }}{{ \'b\' }}{{ "q\\"q" }}', 'abq"q'],
  ])('%s', (template, expected) => {
    const got = ['syntax', 'type', 'undefined'].includes(expected) ? errorOf(template).kind : render(template);
    expect(got).toBe(expected);
  });

  it.each([
    ['{% extends "x" %}', '1:4'],
    ['{% import "x" as y %}', '1:4'],
    ['{% from "x" import y %}', '1:4'],
    ['{% block x %}{% endblock %}', '1:4'],
    ['{% switch 1 %}{% case 1 %}{% endswitch %}', '1:4'],
    ['{% asyncEach x in y %}{% endeach %}', '1:4'],
    ['a\n{% ifAsync x %}{% endif %}', '2:4'],
    ['{% for x in y %}', '1:1'],
    ['{{ (1 }}', '1:4'],
    ['{{ 1 2 }}', '1:6'],
    ['{{ a[] }}', '1:5'],
    ['{{ a[1:2:3:4] }}', '1:5'],
    ['{{ a. }}', '1:5'],
    ['{% set 1 = 2 %}', '1:8'],
    ['{% endif %}', '1:4'],
    ['x #} y', '1:1'],
    ['{{ "abc }}', '1:1'],
    ['{{ f(1 }}', '1:8'],
    ['{% if x }}', '1:1'],
    ['{{ ds }}\n\n{{ ds', '3:1'],
    ['{{ ds }} x\n  {%- if ds', '2:3'],
    ['{% if 1 %}{% endif %}\n\n{% if', '3:1'],
    ['{% macro 1() %}{% endmacro %}', '1:10'],
    ['{% macro f("a") %}{% endmacro %}', '1:12'],
    ['{{ f(1=2) }}', '1:6'],
    ['{{ {a: 1, 2} }}', '1:4'],
    ['{% elif x %}', '1:4'],
  ])('%s is no template', (template, place) => {
    const error = ((): TemplateError => {
      try {
        parseTemplate(template);
      } catch (thrown) {
        return thrown as TemplateError;
      }
      throw new Error('it was taken');
    })();
    expect(error).toBeInstanceOf(TemplateError);
    expect([error.kind, `${error.place?.line}:${error.place?.column}`]).toEqual(['syntax', place]);
  });

  it.each([
    ['{{ ds }}\n\n{{ ds', 'syntax', '"{{" is never closed', null],
    ['{%- if x', 'syntax', '"{%" is never closed', null],
    ['{% if x %}', 'syntax', '{% if %} has no {% endif %}', null],
    ['{% if x %}{% else %}', 'syntax', 'the template ends before its last tag is closed', null],
    ['{% if x }}%}{% endif %}', 'syntax', 'expected "%}" behind {% if %}', null],
    ['{{ 1 2 }}', 'syntax', 'expected "}}"', null],
    ['{{ ds "." }}', 'syntax', 'expected "}}"', null],
    ['{{ 1 "+" 2 }}', 'syntax', 'expected "}}"', null],
    ["{{ 1 + '}}", 'syntax', 'expected "}}"', null],
    ['{{ (1 2) }}', 'syntax', 'expected a comma or a closing bracket', null],
    ['{{ f(1 2) }}', 'syntax', 'expected a comma or a closing bracket', null],
    ['{{ a[] }}', 'syntax', 'an index is missing between the brackets', null],
    ['{{ a[1:2:3:4] }}', 'syntax', 'expected "]"', null],
    ['{{ a[1 2] }}', 'syntax', 'expected "]"', null],
    ['{{ a. }}', 'syntax', 'expected a name behind the dot', null],
    ['{{ a.+ }}', 'syntax', 'expected a name behind the dot', null],
    ['{{ * }}', 'syntax', 'expected an expression, got "*"', null],
    ['x #} y', 'syntax', '"#}" closes no comment', null],
    ['{# x', 'syntax', '"{#" is never closed', null],
    ['{% fro x in y %}', 'syntax', 'unknown tag "fro"', 'for'],
    ['{% endmacr %}', 'syntax', 'unknown tag "endmacr"', 'endmacro'],
    ['{% %}', 'syntax', 'tag name expected', null],
    ['{% set 1 = 2 %}', 'syntax', 'expected a name', null],
    ['{{ ds | uper }}', 'name', 'unknown filter "uper"', 'upper'],
    ['{{ ds is definde }}', 'name', 'unknown test "definde"', 'defined'],
    ['{{ ds is none }}{{ 1 is nome }}', 'name', 'unknown test "nome"', 'none'],
    [
      '{% block x %}{% endblock %}',
      'syntax',
      '{% block %}: other templates cannot be loaded here; put the text together in TypeScript',
      null,
    ],
    ['{% switch 1 %}{% case 1 %}{% endswitch %}', 'syntax', 'there is no {% switch %}; use {% if %} and {% elif %}', null],
    ["{{ f('}}", 'syntax', 'this is not understood', null],
  ])('%s is told in words of the language', (template, ...expected) => {
    try {
      parseTemplate(template);
    } catch (error) {
      const { kind, message, suggestion } = error as TemplateError;
      return expect([kind, message, suggestion]).toEqual(expected);
    }
    throw new Error('it was taken');
  });

  it.each([
    ['{% macro f(a) %}{% endmacro %}{{ f() }}', 'undefined', 'the macro "f" needs "a"'],
    ['{% macro f(a, b) %}{% endmacro %}{{ f(1, 2, 3) }}', 'type', 'the macro "f" takes a, b'],
    ['{% macro f() %}{% endmacro %}{{ f(1) }}', 'type', 'the macro "f" takes no arguments'],
    ['{% macro f(a) %}{% endmacro %}{{ f(z=1) }}', 'type', 'the macro "f" takes a'],
    ['{% set a, b = [1] %}', 'type', 'a, b need a list of 2 elements, got a list'],
    ['{% for a, b in ["xy"] %}{% endfor %}', 'type', 'a, b need a list of 2 elements, got a text'],
    ['{% for a in 5 %}{% endfor %}', 'type', 'a number has no elements'],
    ['{{ nope }}', 'undefined', '"nope" is not defined'],
    ['{{ text.nope }}', 'undefined', '"text" has no "nope"'],
    ['{{ rows[0].nope }}', 'undefined', '"rows[0]" has no "nope"'],
    ['{{ rows[0 + 0].nope }}', 'undefined', '"rows[...]" has no "nope"'],
    ['{{ rows[9] }}', 'undefined', '"rows" has no element 9'],
    ['{{ "a".upper().nope }}', 'undefined', 'the value has no "nope"'],
    ['{{ text.upper().nope }}', 'undefined', '"text.upper()" has no "nope"'],
    ['{{ (text | upper).nope }}', 'undefined', 'the filter "upper" has no "nope"'],
    ['{{ [1].nope }}', 'undefined', 'the value has no "nope"'],
    ['{{ [] | first }}', 'undefined', 'the filter "first" has no value'],
    ['{{ 1 if 0 }}', 'undefined', 'the value has no value'],
    ['{{ text() }}', 'type', '"text" is no function'],
    ['{{ text.length() }}', 'type', '"text.length" is no function'],
    ['{{ (1)() }}', 'type', 'the value is no function'],
    ['{{ text.upper()() }}', 'type', '"text.upper()" is no function'],
    ['{{ (text | upper)() }}', 'type', 'the filter "upper" is no function'],
    ['{{ range }}', 'type', 'range is a function; call it with ()'],
    ['{{ [range] }}', 'no error', '["[function range]"]'],
  ])('%s is told by what it says', (template, ...expected) => {
    const got = expected[0] === 'no error' ? ['no error', render(template)] : [errorOf(template).kind, errorOf(template).message];
    expect(got).toEqual(expected);
  });

  it.each([
    ['a\n  {{ nope }}', '2:6'],
    ['{% if nope %}{% endif %}', '1:7'],
    ['{% for x in [1] %}\n{{ x.y }}{% endfor %}', '2:6'],
    ['{% set a, b = 5 %}', '1:4'],
    ['{% macro f() %}\n{{ nope }}{% endmacro %}{{ f() }}', '2:4'],
    ['{{ text | replace(nope, 1) }}', '1:19'],
    ['{{ 1 + nope }}', '1:8'],
    ['{{ {a: nope} }}', '1:8'],
    ['{{ text[nope:] }}', '1:9'],
    ["{{ text['a':] }}", '1:9'],
  ])('%s fails at its innermost place', (template, place) => {
    const error = errorOf(template);
    expect(`${error.place?.line}:${error.place?.column}`).toBe(place);
  });

  it('a template of a million characters is read, a longer one is not', () => {
    expect(parseTemplate('x'.repeat(1_000_000)).source).toHaveLength(1_000_000);
    const error = ((): TemplateError => {
      try {
        parseTemplate('x'.repeat(1_000_001));
      } catch (thrown) {
        return thrown as TemplateError;
      }
      throw new Error('it was taken');
    })();
    expect([error.kind, error.place]).toEqual(['limit', { line: 1, column: 1 }]);
  });

  it.each([
    ['sums', `{{ ${'1 + '.repeat(20_000)}1 }}`],
    ['members', `{{ x${'.a'.repeat(20_000)} }}`],
    ['brackets', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`],
  ])('%s that are nested too deeply are too much, not a crash', (_, template) => {
    const error = errorOf(template);
    expect([error.kind, error.message, error.place?.line]).toEqual(['limit', 'the template is nested too deeply', 1]);
  });

  it.each([
    ['a\r\nb\rc\r\n', 'a\nb\nc'],
    ['a\r', 'a'],
    ['\n', ''],
  ])('%j: lines end in one way, and the last end of one is dropped', (template, expected) => {
    expect(render(template)).toBe(expected);
    expect(parseTemplate(template).source).toBe(expected);
  });
});
