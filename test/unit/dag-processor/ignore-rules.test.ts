import { describe, expect, it } from '@jest/globals';
import { parseIgnoreRules } from '../../../src/dag-processor/ignore-rules.js';

describe('.airflowlikeignore', () => {
  it.each<[rules: string, path: string, ignored: boolean]>([
    ['a.ts', 'a.ts', true],
    ['a.ts', 'lib/a.ts', true],
    ['/a.ts', 'lib/a.ts', false],
    ['a.ts', 'aa.ts', false],
    ['lib/', 'lib/a.ts', true],
    ['lib/', 'team/lib/', true],
    ['lib/', 'lib.ts', false],
    ['lib', 'lib/deep/a.ts', true],
    ['*.gen.ts', 'x/y.gen.ts', true],
    ['x/*.ts', 'x/a.ts', true],
    ['x/*.ts', 'x/y/a.ts', false],
    ['x/**/a.ts', 'x/a.ts', true],
    ['x/**/a.ts', 'x/y/z/a.ts', true],
    ['?.ts', 'a.ts', true],
    ['?.ts', 'ab.ts', false],
    ['# a.ts', 'a.ts', false],
    ['*.ts\n!keep.ts', 'keep.ts', false],
    ['*.ts\n!keep.ts', 'other.ts', true],
    ['a+b(1).ts', 'a+b(1).ts', true],
    ['[', '[', true],
    ['', 'a.ts', false],
  ])('%j and %s', (rules, path, ignored) => {
    expect(parseIgnoreRules(rules)(path)).toBe(ignored);
  });
});
