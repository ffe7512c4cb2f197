/** Which patterns of params can take exponential time. */
import { describe, expect, it } from '@jest/globals';
import { isCatastrophic } from '../../../src/sdk/regex-ambiguity.js';

describe('isCatastrophic', () => {
  it.each([
    '^(a+)+$',
    '(a*)*',
    '^(a|aa)+$',
    '^(\\w+\\s?)*$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a|a)*b',
    '^(\\d+|\\w+)*$',
    '(?:a?)*?b(a|b|ab)*c',
    '((a+)?b?)*',
    '([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}',
  ])('refuses %s', (pattern) => {
    expect(isCatastrophic(pattern)).toBe(true);
  });

  it.each([
    '^[a-z]+(-[a-z]+)*$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '^([0-9a-f]{2}){16}$',
    '^(a|b)*$',
    '^((ab)*c)*$',
    '^[A-Z]{2}\\d{2}( ?\\d{4})*$',
    '^(?:[a-z0-9]+\\.)+[a-z]{2,}$',
    '^(?=.*\\d)(?=.*[a-z]).{8,}$',
    '^s3://[a-z0-9.-]+/(?:[^/]+/)*[^/]*$',
    '^\\p{L}+(?: \\p{L}+)*$',
    '^(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)){3}$',
    '^.{1,5000}$',
    '',
  ])('accepts %s', (pattern) => {
    expect(isCatastrophic(pattern)).toBe(false);
  });
});
