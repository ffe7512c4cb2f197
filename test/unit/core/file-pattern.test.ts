import { describe, expect, it } from '@jest/globals';
import { parseFilePattern } from '../../../src/core/timetable/file-pattern.js';
import { fillFileTemplate } from '../../../src/core/timetable/file-template.js';
import { utc } from './factories.js';

describe('patterns of file names', () => {
  it.each<[string, string, number, string[], string[]]>([
    ['inbox/*.csv', 'inbox', 0, ['inbox/a.csv', 'inbox/ä ö.csv'], ['inbox/.a.csv', 'inbox/a.csv.tmp', 'a.csv', 'inbox/x/a.csv']],
    ['././inbox/*.csv', 'inbox', 0, ['inbox/a.csv'], []],
    ['in./*.csv', 'in.', 0, ['in./a.csv'], ['in/a.csv', 'ina.csv']],
    ['orders.csv', '', 0, ['orders.csv'], ['xorders.csv']],
    ['*.csv', '', 0, ['a.csv'], ['inbox/a.csv']],
    ['in/*/day-?.{csv,json}', 'in', 1, ['in/de/day-1.csv', 'in/fr/day-2.json'], ['in/day-1.csv', 'in/de/day-10.csv']],
    ['in/**/a.txt', 'in', 32, ['in/a.txt', 'in/x/y/a.txt'], ['a.txt']],
    ['{in,out}/a.txt', '', 1, ['in/a.txt', 'out/a.txt'], ['other/a.txt']],
    ['in/**/x/**/a*', 'in', 32, ['in/x/a', 'in/x/x/x/a1', 'in/q/x/r/a'], ['in/a', 'in/.x/x/a', 'in/x/b']],
    ['in/**', 'in', 32, ['in/a', 'in/x/a'], ['in/.a', 'other/a']],
    ['/srv/in/[ab]*', '/srv/in', 0, ['/srv/in/a1', '/srv/in/b'], ['/srv/in/c', 'srv/in/a', 'x/srv/in/a']],
    ['/*.csv', '/', 0, ['/a.csv'], ['a.csv']],
    ['in/!a.csv', 'in', 0, ['in/!a.csv'], ['in/b.csv']],
    ['in/@(a|b).csv', 'in', 0, ['in/@(a|b).csv'], ['in/a.csv']],
    ['in/*a*b*c', 'in', 0, ['in/abc', 'in/-a-b-c'], ['in/acb']],
    [`in/${'a'.repeat(997)}`, 'in', 0, [`in/${'a'.repeat(997)}`], []],
    ['in/.part-*', 'in', 0, ['in/.part-1'], ['in/part-1']],
  ])('%s begins in %j, %i deep', (written, base, depth, matching, others) => {
    const pattern = parseFilePattern(written, 'd.schedule');
    expect(pattern).toMatchObject({ base, depth });
    expect(matching.filter((path) => !pattern.matches(path))).toEqual([]);
    expect(others.filter((path) => pattern.matches(path))).toEqual([]);
  });

  it.each<[string, unknown, string, string | null]>([
    ['nothing', '', 'a pattern of file names is needed', null],
    ['blanks', '   ', 'a pattern of file names is needed', null],
    ['a number', 7, 'a pattern of file names is needed', null],
    ['a folder', 'inbox/', 'names a folder', 'inbox/*'],
    ['a way out', '../other/*.csv', '".." does not match', null],
    ['a way out in between', 'inbox/../../x', '".." does not match', null],
    ['an empty folder name', 'inbox//a.csv', 'a folder has no name', null],
    ['a folder that is none', 'inbox/./a.csv', 'a folder has no name', null],
    ['separators of Windows', 'inbox\\*.csv', 'separated by /', 'inbox/*.csv'],
    ['an address', 's3://bucket/*.csv', 'only files in folders', null],
    ['an address with a long scheme', 'https://example.org/*.csv', 'only files in folders', null],
    ['an address in a folder', 'inbox/s3://bucket', 'a folder has no name', null],
    ['an exclusion', '!*.csv', 'not which are not', null],
    ['brackets that do not close', 'inbox/[ab.csv', 'the brackets do not fit together', null],
    ['braces within braces that do not close', 'inbox/{a,{b}.csv', 'the brackets do not fit together', null],
    ['two lines', 'a\nb', 'one line', null],
    ['very many wildcards', 'in/*a*b*c*d', 'more than 3 * in one name', null],
    ['the root', '/', 'names a folder', null],
    ['braces over folders', 'in/{a,b/c}.txt', 'braces stand for parts of one name', null],
    ['braces that were never opened', 'in/a,b}.txt', 'braces stand for parts of one name', null],
    ['a very long one', 'a'.repeat(1_001), '1001 characters', null],
  ])('refuses %s', (_what, written, says, meant) => {
    expect(() => parseFilePattern(written, 'd.schedule')).toThrow(
      expect.objectContaining({
        code: 'FILE_PATTERN_INVALID',
        message: expect.stringContaining(says),
        details: expect.objectContaining({ place: 'd.schedule', value: written, ...(meant !== null && { suggestion: meant }) }),
      }),
    );
  });

  it('comes to an end over what a regular expression would try for hours', () => {
    const pattern = parseFilePattern('in/*a*a*/**/*a*a*/**/*a*a*.csv', 'd.schedule');
    const hostile = `in/${`${'a'.repeat(250)}/`.repeat(12)}${'a'.repeat(250)}.txt`;
    expect(pattern.matches(hostile)).toBe(false);
  });
});

describe('dates in the name of a file', () => {
  const run = {
    logicalDate: utc('2026-03-09T23:00:00'),
    dataInterval: { start: utc('2026-03-09T23:00:00'), end: utc('2026-03-10T23:00:00') },
    runAfter: utc('2026-03-10T23:00:00'),
  };
  const fill = (template: string) => fillFileTemplate(template, run, 'Europe/Paris', 'd.schedule.file');

  it.each([
    ['in/{{ ds }}.csv', 'in/2026-03-09.csv'],
    ['in/{{ds_nodash}}-{{ts_nodash}}.csv', 'in/20260309-20260309T230000.csv'],
    ['in/{{ ts }}.csv', 'in/2026-03-09T23:00:00+00:00.csv'],
    ['in/{{ local_ds }}/{{ local_ds_nodash }}.csv', 'in/2026-03-10/20260310.csv'],
    ['in/{{ data_interval_end | ds }}.csv', 'in/2026-03-10.csv'],
    ['in/{{ data_interval_end|local_ds }}.csv', 'in/2026-03-11.csv'],
    ['in/{{ logical_date | ds_nodash }}.csv', 'in/20260309.csv'],
    ['in/*.csv', 'in/*.csv'],
  ])('%s', (template, expected) => expect(fill(template)).toBe(expected));

  it.each([
    ['{{ dss }}', 'ds'],
    ['{{ logical_dat | ds }}', 'logical_date'],
    ['{{ logical_date | dsnodash }}', 'ds_nodash'],
    ['{{ macros.ds_add(ds, 1) }}', null],
    ['{{ }}', null],
  ])('refuses %s', (template, meant) => {
    expect(() => fill(template)).toThrow(
      expect.objectContaining({
        code: 'FILE_PATTERN_INVALID',
        message: expect.stringContaining(meant === null ? template : `did you mean ${meant}?`),
      }),
    );
  });
});
