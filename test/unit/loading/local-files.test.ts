import { describe, expect, it } from '@jest/globals';
import { resolveLocal } from '../../../src/loading/local-files.js';

describe('resolveLocal', () => {
  const files = new Set(['a.ts', 'both.ts', 'both.js', 'lib/index.ts', 'lib/deep.mts', 'plain.js', 'data.json', '../plugins/p.ts']);
  it.each([
    ['main.ts', './a.js', 'a.ts'],
    ['main.ts', './a', 'a.ts'],
    ['main.ts', './a.ts', 'a.ts'],
    ['main.ts', './both.js', 'both.ts'],
    ['main.ts', './plain.js', 'plain.js'],
    ['main.ts', './lib', 'lib/index.ts'],
    ['main.ts', './lib/deep.mjs', 'lib/deep.mts'],
    ['lib/index.ts', '..', null],
    ['lib/index.ts', '../data.json', 'data.json'],
    ['lib/index.ts', '../data', 'data.json'],
    ['main.ts', '../plugins/p.js', '../plugins/p.ts'],
    ['lib/index.ts', '../../plugins/p.js', '../plugins/p.ts'],
    ['../plugins/q.ts', './p.js', '../plugins/p.ts'],
    ['main.ts', './nothing.js', null],
  ])('%s imports %s -> %s', (importer, specifier, expected) => {
    expect(resolveLocal(importer, specifier, (path) => files.has(path))).toBe(expected);
  });
});
