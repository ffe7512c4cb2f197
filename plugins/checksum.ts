/**
 * An operator that reads a file and answers with its size and SHA-256, for example to see whether a delivery is complete.
 *
 *     import { checksum } from '../plugins/checksum.js';
 *     delivery = checksum({ path: 'inbox/orders.csv', retries: 2 });
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { operator } from 'airflow-like';
import { definePlugin } from 'airflow-like/plugin';

export interface ChecksumOptions {
  /** The file, absolute or from the working directory of the worker. */
  readonly path: string;
}

export interface Checksum {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Fails when the file cannot be read. */
export const checksum = operator({
  name: 'checksum',
  optionNames: ['path'],
  checkOptions: ({ path }: ChecksumOptions) => {
    if (typeof path !== 'string' || path === '') throw new TypeError('checksum: path must be the name of a file');
  },
  execute: async ({ path }: ChecksumOptions): Promise<Checksum> => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { path, bytes, sha256: hash.digest('hex') };
  },
});

export default definePlugin({ name: 'checksum', operators: { checksum } });
