import { describe, expect, it } from '@jest/globals';
import fc from '../../../support/fast-check.js';
import { assetNameProblem, assetUriProblem, normalizeAssetUri } from '../../../../src/core/asset/asset-uri.js';

describe('URI of an asset', () => {
  it.each([
    ['S3://Bucket/orders/', 's3://Bucket/orders'],
    ['s3://bucket', 's3://bucket/'],
    ['postgres://user:secret@host:5432/db/table?b=2&a=1#part', 'postgres://host:5432/db/table?a=1&b=2'],
    ['https://host/path?x=2&x=1&empty=', 'https://host/path?x=1&x=2'],
    ['https://host/?b=1&c=1&a=2&a=10&a=2&c=0', 'https://host/?a=10&a=2&a=2&b=1&c=0&c=1'],
    ['https://host/?x=1&x=2&y=0', 'https://host/?x=1&x=2&y=0'],
    ['file:///data/in///', 'file:///data/in'],
    ['x-Own://User@Host/a/?z#f', 'x-Own://User@Host/a/?z#f'],
    ['plain name', 'plain name'],
    ['orders/2026', 'orders/2026'],
    ['urn:isbn:1', 'urn:isbn:1'],
  ])('%s is %s', (text, expected) => expect(normalizeAssetUri(text)).toBe(expected));

  it('is the same after a second time', () => {
    const anyUri = fc
      .tuple(fc.constantFrom('s3', 'HTTPS', 'file', 'x-y', 'a+b'), fc.string({ unit: fc.constantFrom(...'aB/?#&=@:%20 ') }))
      .map(([scheme, rest]) => `${scheme}://${rest}`);
    fc.assert(fc.property(anyUri, (text) => expect(normalizeAssetUri(normalizeAssetUri(text))).toBe(normalizeAssetUri(text))));
  });

  it.each([
    ['', 'this is blank'],
    ['  ', 'this is blank'],
    ['caf\u00e9', 'this must consist of printable ASCII characters'],
    ['a\nb', 'this must consist of printable ASCII characters'],
    ['a'.repeat(1_501), 'this is longer than 1500 characters'],
    [7, 'this must be a text'],
  ])('%j cannot be one', (value, problem) => {
    expect(assetNameProblem(value)).toBe(problem);
    expect(assetUriProblem(value)).toBe(problem);
  });

  it('leaves the scheme of Airflow alone', () => {
    expect(assetUriProblem('airflow://x')).toBe('the scheme "airflow" is reserved');
    expect(assetNameProblem('airflow://x')).toBeNull();
    expect(assetUriProblem('s3://a')).toBeNull();
    expect(assetUriProblem('s3://airflow:1')).toBeNull();
    expect(assetNameProblem('a'.repeat(1_500))).toBeNull();
  });
});
