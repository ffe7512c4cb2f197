import { describe, expect, it } from '@jest/globals';
import { Budget } from '../../../../src/core/template/budget.js';
import { TemplateError } from '../../../../src/core/template/template-error.js';
import { errorOf, render } from './expressions.js';

/** A list in which few steps put the same list twice, again and again: it has a thousand million elements. */
const huge = (name: string, element: string): string =>
  `{% set ${name} = [${element}] %}${`{% set ${name} = [${name}, ${name}] %}`.repeat(30)}`;
const HUGE = huge('x', "'a' * 10000");
const LONG = "{% set long = 'a' * 1000000 %}";

describe('no template does more than its budget', () => {
  // First what would end even without a limit.
  it.each([
    ['a step too many', '{{ range(999999) | length }}'],
    ['steps that were given back', "{{ 'a' | center(-9007199254740991) }}{{ range(999999) | length }}"],
    ['a character too many', "{{ ('a' * 1000001)[0] }}"],
    ['a macro too deep', '{% macro m(n) %}{% if n > 1 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(51) }}'],
    ['an endless loop', '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}'],
    ['a range without end', '{{ range(1000000000) }}'],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    [
      'a macro that calls itself twice',
      '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(49) }}',
    ],
    ['a text that doubles', `{% set x = 'ab' %}${'{% set x = x ~ x %}'.repeat(40)}{{ x }}`],
    ['a text that is repeated', "{{ 'x' * 1000000000 }}"],
    ['a text that is filled', "{{ 'x' | center(1000000000) }}"],
    ['replacements that grow', `{% set x = 'a' * 1000 %}{{ x.replace('a', x).replace('a', x) }}`],
    ['a long join', "{{ range(100000) | join('x' * 1000) }}"],
    ['many comparisons', '{{ range(100000) | unique }}'],
    ['deep brackets', `{{ ${'['.repeat(20_000)}${']'.repeat(20_000)} }}`],
    ['a long template', 'x'.repeat(1_000_001)],
    ['a list that holds itself many times over', `${HUGE}{{ x }}`],
    ['its JSON', `${HUGE}{{ (x | tojson)[0] }}`],
    ['its JSON by macro', `${HUGE}{{ macros.json.dumps(x)[0] }}`],
    ['its text by filter', `${HUGE}{{ (x | string)[0] }}`],
    ['its text by joining', `${HUGE}{{ ('a' ~ x)[0] }}`],
    ['its text in a format', `${HUGE}{{ ('%s' | format(x))[0] }}`],
    ['its text as an element', `${HUGE}{{ ([x] | join)[0] }}{{ [x].join()[0] }}`],
    ['its text as an element of a join', `${HUGE}{{ ','.join([x])[0] }}`],
    ['its text in an address', `${HUGE}{{ ({a: x} | urlencode)[0] }}`],
    ['empty lists in it', `${huge('x', '')}{{ x }}`],
    ['its comparison', `${huge('x', '1')}${huge('y', '1')}{{ x == y }}`],
    ['an order of many', '{{ (("badcfehg" * 25000) | sort)[0] }}'],
    ['indented JSON of deep lists', '{% set x = [1] %}' + '{% set x = [x, 1] %}'.repeat(600) + '{{ (x | tojson(10))[0] }}'],
    ['reading a long text in a loop', `${LONG}{% for i in range(200) %}{{ 'b' in long }}{% endfor %}`],
    ['testing a long text in a loop', `${LONG}{% for i in range(200) %}{{ long is lower }}{% endfor %}`],
    ['a filter of a long text in a loop', `${LONG}{% for i in range(200) %}{{ long | int }}{% endfor %}`],
    ['a method of a long text in a loop', `${LONG}{% for i in range(200) %}{{ long.isdigit() }}{% endfor %}`],
    ['a long argument in a loop', `${LONG}{% for i in range(200) %}{{ 'a'.find(long) }}{% endfor %}`],
    ['a long named argument in a loop', `${LONG}{% for i in range(200) %}{{ 'a'.find(value=long) }}{% endfor %}`],
    ['a long format of a date', "{{ at.strftime('%c' * 50000)[0] }}"],
    ['a long format of tokens', "{{ at.format('MMMM' * 50000)[0] }}"],
    ['a long format of a day', "{{ macros.ds_format('2026-01-01', '%Y-%m-%d', '%c' * 50000)[0] }}"],
    ['wide numbers', "{{ ('%999999d' * 2) | format(1, 2) }}"],
    ['a precise number', "{{ '%.9999999d' % 1 }}"],
    ['a long format', "{{ ('%s' * 2) | format('a' * 600000, 'a' * 600000) }}"],
    ['many numbers of a list', '{{ (range(600000) + range(600000)) | length }}'],
    [
      'many parts',
      "{{ ('a,' * 400000).split(',').length }}{{ ('a,' * 400000).split(',').length }}{{ ('a,' * 400000).split(',').length }}",
    ],
    ['many lines', "{% for i in range(3) %}{{ ('a\\n' * 400000).splitlines().length }}{% endfor %}"],
    ['many occurrences', "{% for i in range(3) %}{{ ('a,' * 400000).replace(',', '')[0] }}{% endfor %}"],
    ['many elements that fill a line', '{{ [1] | batch(9999999, 0) | length }}'],
    ['many characters of a slice', "{% set long = 'a' * 600000 %}{{ long[::-1][0] }}{{ long[::-1][0] }}"],
    ['padding', "{{ 'a'.rjust(1000001) }}"],
    ['zeros', "{{ 'a'.zfill(1000001) }}"],
    ['a wide margin', "{{ ('a\\n' * 1000) | indent(2000) }}"],
    ['joined texts', "{{ 'x'.join(['a' * 600000, 'b' * 600000])[0] }}"],
    ['added texts', "{{ ('a' * 600000 + 'b' * 600000)[0] }}"],
    ['texts joined with ~', "{{ ('a' * 600000 ~ 'b' * 600000)[0] }}"],
    ['a list added to itself', '{% set l = range(400000) %}{% set m = l + l %}{{ m.length }}'],
    ['replacements a little too long', "{{ ('a' * 500001).replace('a', 'bb')[0] }}"],
    ['joined texts a little too long', "{{ ['a' * 500000, 'b' * 500000].join(',')[0] }}"],
    ['output', '{{ "a" * 600000 }}{{ "b" * 600000 }}'],
    ['output of a loop', '{% for i in [1, 2] %}{{ "a" * 600000 }}{% endfor %}'],
    ['a list that is too deep', '{% set x = [1] %}' + '{% set x = [x] %}'.repeat(8_000) + '{{ x }}'],
  ])('%s', (_, template) => {
    const error = errorOf(template);
    expect(error.kind).toBe('limit');
    expect(error.place?.line).toBe(1);
  });

  it.each([
    ['a million characters', "{{ 'a' * 1000000 }}", 1_000_000],
    ['a million characters of a loop', "{% for i in [1, 2] %}{{ 'a' * 500000 }}{% endfor %}", 1_000_000],
    ['the length of a million characters', "{{ ('a' * 1000000) | length }}", 7],
    ['replacements to a million characters', "{{ ('a' * 500000).replace('a', 'bb') }}", 1_000_000],
    ['few replacements', "{{ ('x' ~ 'a' * 999998).replace('x', 'yy', 5) }}", 1_000_000],
    ['one replacement', "{{ ('x' ~ 'a' * 999998).replace('x', 'yy') }}", 1_000_000],
    ['replacements that shorten', "{{ ('ab' * 500000).replace('ab', 'c') }}", 500_000],
    ['joined texts of a million characters', "{{ ['a' * 500000, 'b' * 499999].join(',') }}", 1_000_000],
    ['a big object', '{{ range(100000) | tojson }}', 588_891],
    ['a text that is split and joined', "{{ ('a,' * 100000).split(',') | join('+') }}", 200_000],
    ['a sorted list', '{{ (range(20000) | sort(reverse=true))[0] }}', 5],
    ['macros fifty deep', '{% macro m(n) %}{{ n }}{% if n > 1 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) | length }}', 2],
    ['macros one after the other', '{% macro m() %}a{% endmacro %}{% for i in range(60) %}{{ m() }}{% endfor %}', 60],
  ])('%s is not too much', (_, template, length) => {
    expect(render(template)).toHaveLength(length);
  });

  it('a macro that fails leaves room for others', () => {
    const template = '{% macro bad() %}{{ nope }}{% endmacro %}{{ bad() }}';
    expect(errorOf(template).kind).toBe('undefined');
    expect(errorOf('{% macro m(n) %}{% if n > 1 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(51) }}').kind).toBe('limit');
  });

  it('a budget is a million steps and not one more; a hundred characters are a step', () => {
    const steps = new Budget();
    steps.spend(1_000_000);
    expect(() => steps.spend(1)).toThrow(TemplateError);
    const texts = new Budget();
    for (let count = 0; count < 99; count++) texts.text(1_000_000);
    expect(() => texts.text(1_000_000)).toThrow(TemplateError);
  });
});
