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
    ['{{ "a" }}{{ \'b\' }}{{ "q\\"q" }}', 'abq"q'],
  ])('%s', (template, expected) => {
    const got = ['type', 'undefined'].includes(expected) ? errorOf(template).kind : render(template);
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
});
