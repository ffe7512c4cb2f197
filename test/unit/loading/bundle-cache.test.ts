import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { materializeBundle, readBundle } from '../../../src/loading/bundle-cache.js';
import type { SourceBundle } from '../../../src/model/dag.js';
import { inNode } from './in-node.js';

const bundle: SourceBundle = {
  hash: 'ab'.repeat(32),
  entry: 'a.ts',
  files: [
    { path: '../plugins/../../../etc/x.ts', hash: '1', content: 'const ä = 1;', compiled: '1;' },
    { path: 'a.ts', hash: '2', content: 'two', compiled: '2;' },
  ],
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bundles-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('bundle cache', () => {
  it('gives back what was put in and writes no path of a bundle to the disk', async () => {
    const directory = await materializeBundle(bundle, join(root, 'cache'));
    expect(directory).toBe(join(root, 'cache', bundle.hash));
    expect(await readBundle(directory)).toEqual(bundle);
    expect(readdirSync(directory).sort()).toEqual(['0.js', '0.src', '1.js', '1.src', 'manifest.json']);
  });

  it('is safe when many processes do it at once', async () => {
    const body = `
      const { materializeBundle, readBundle } = await load('loading/bundle-cache.js');
      const bundle = ${JSON.stringify(bundle)};
      const all = await Promise.all(Array.from({ length: 20 }, () => materializeBundle(bundle, ${JSON.stringify(root)}).then(readBundle)));
      answer(all.every((one) => JSON.stringify(one) === JSON.stringify(all[0])));`;
    expect(await Promise.all(Array.from({ length: 4 }, () => inNode(body)))).toEqual([true, true, true, true]);
    expect(readdirSync(root)).toEqual([bundle.hash]);
  });

  it.each(['..', 'x/../../y', ''])('refuses %j as a hash', async (hash) => {
    await expect(materializeBundle({ ...bundle, hash }, root)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
