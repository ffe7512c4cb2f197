import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { NeedValue } from '../../../../src/core/template/render-template.js';
import { checkTemplates, renderValue, TemplateCache } from '../../../../src/core/template/render-value.js';
import { AirflowLikeError } from '../../../../src/model/errors.js';

const OPTIONS = { names: { ds: () => '2026-01-10' }, random: () => 0 };
const rendered = (value: unknown): unknown => renderValue(value, 'command', new TemplateCache(), OPTIONS);

function detailsOf(run: () => unknown): { code: string; place: string | undefined; message: string; suggestion: unknown } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof AirflowLikeError)) throw error;
    const { place, message, suggestion } = error.details;
    return { code: error.code, place, message, suggestion };
  }
  throw new Error('no error');
}

function nested(levels: number): unknown {
  let value: unknown = '{{ ds }}';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

describe('rendering the field of an operator', () => {
  it('renders every text in lists and objects, and leaves what is no text as it is', () => {
    const action = (): string => '{{ ds }}';
    class Own {
      text = '{{ ds }}';
    }
    const own = new Own();
    const date = new Date(0);
    const value = {
      a: '{{ ds }}',
      list: ['x', ['{% if 1 %}y{% endif %}', '{# note #}z']],
      n: 1,
      no: null,
      not: undefined,
      action,
      own,
      date,
    };
    expect(rendered(value)).toEqual({
      a: '2026-01-10',
      list: ['x', ['y', 'z']],
      n: 1,
      no: null,
      not: undefined,
      action,
      own,
      date,
    });
    expect((rendered(value) as typeof value).own).toBe(own);
    expect((rendered(value) as typeof value).date).toBe(date);
  });

  it('goes through objects without a prototype and objects of another module scope', () => {
    expect(rendered(Object.assign(Object.create(null) as object, { a: '{{ ds }}' }))).toEqual({ a: '2026-01-10' });
    expect(rendered(runInNewContext("({ a: ['{{ ds }}'] })"))).toEqual({ a: ['2026-01-10'] });
  });

  it('leaves the value of the author as it was', () => {
    const value = { a: ['{{ ds }}'] };
    rendered(value);
    expect(value).toEqual({ a: ['{{ ds }}'] });
  });

  it.each([
    ['a\r\nb\rc\n', 'a\nb\nc'],
    ['a\n\n', 'a\n'],
    ['}} %} #} { { {', '}} %} #} { { {'],
    ['', ''],
    ['{{ ds }}\r\n', '2026-01-10'],
  ])('%j is %j: one newline at the end is the editor’s, and all are of one kind', (text, expected) => {
    expect(rendered(text)).toBe(expected);
  });

  it('says in which field, line and column a mistake is', () => {
    expect(detailsOf(() => rendered({ env: { A: ['x', 'y\n  {{ dss }}'] } }))).toEqual({
      code: 'TEMPLATE_ERROR',
      place: 'field command.env.A[1] 2:6',
      message: '"dss" is not defined',
      suggestion: 'ds',
    });
    expect(detailsOf(() => rendered('{{ ds | uper }}'))).toMatchObject({ place: 'field command 1:9', suggestion: 'upper' });
  });

  it('lets pass that a value has to be found first, and what is wrong with the world', () => {
    const need = new NeedValue('x');
    const names = { ds: (): never => { throw need; } }; // prettier-ignore
    expect(() => renderValue('{{ ds }}', 'command', new TemplateCache(), { ...OPTIONS, names })).toThrow(need);
    const crash = new TypeError('crash');
    const crashing = { ds: (): never => { throw crash; } }; // prettier-ignore
    expect(() => renderValue('{{ ds }}', 'command', new TemplateCache(), { ...OPTIONS, names: crashing })).toThrow(crash);
  });

  it('refuses a value that contains itself, but not one that holds another twice', () => {
    const loop: { list: unknown[] } = { list: [] };
    loop.list.push(loop);
    expect(detailsOf(() => rendered(loop))).toMatchObject({
      code: 'TEMPLATE_ERROR',
      place: 'field command.list[0]',
      message: 'this value contains itself',
    });
    const twice = ['{{ ds }}'];
    expect(rendered([twice, twice])).toEqual([['2026-01-10'], ['2026-01-10']]);
  });

  it('goes a hundred levels deep', () => {
    expect(JSON.stringify(rendered(nested(100)))).toContain('2026-01-10');
    expect(detailsOf(() => rendered(nested(101))).message).toBe('this value is nested more than 100 levels deep');
  });
});

describe('checking the templates of a field', () => {
  it('finds the first text that is no template', () => {
    const value = ['{{ nope }}', { a: '{% for %}' }, '{{ x'];
    expect(detailsOf(() => checkTemplates(value, 'env'))).toMatchObject({
      code: 'TEMPLATE_ERROR',
      place: expect.stringContaining('field env[1].a 1:'),
    });
    expect(detailsOf(() => checkTemplates('{{ x', 'env'))).toMatchObject({
      place: 'field env 1:1',
      message: '"{{" is never closed',
    });
  });

  it('takes what could be rendered, and what is no text', () => {
    expect(() => checkTemplates(['{{ nope }}', 'a #} b', 1, null, () => '{{'], 'env')).not.toThrow();
  });
});

describe('the cache of templates', () => {
  it('parses a text once', () => {
    const cache = new TemplateCache();
    expect(cache.parse('{{ ds }}')).toBe(cache.parse('{{ ds }}'));
  });

  it('forgets the one that was not used for the longest time', () => {
    const cache = new TemplateCache(2);
    const [a, b] = [cache.parse('a'), cache.parse('b')];
    expect(cache.parse('a')).toBe(a);
    cache.parse('c');
    expect(cache.parse('a')).toBe(a);
    expect(cache.parse('b')).not.toBe(b);
  });
});
