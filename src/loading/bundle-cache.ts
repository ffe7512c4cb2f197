/**
 * Bundles as folders, for runners: `manifest.json` and per file `<n>.js` (compiled) and `<n>.src` (source). File names are numbers, so
 * no path from a bundle ever becomes a path on this machine. A folder is complete from the moment it exists.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceBundle } from '../model/dag.js';
import { AirflowLikeError } from '../model/errors.js';

interface Manifest {
  readonly hash: string;
  readonly entry: string;
  readonly files: readonly { readonly path: string; readonly hash: string }[];
}

/**
 * Writes the bundle below `cacheRoot` unless it is there already. Many processes may do so at once: each writes a folder of its own and
 * renames it; who comes second finds the first one's.
 *
 * @returns the folder of the bundle.
 */
export async function materializeBundle(bundle: SourceBundle, cacheRoot: string): Promise<string> {
  if (!/^[0-9a-f]{16,128}$/.test(bundle.hash)) {
    throw new AirflowLikeError('INTERNAL', { message: 'not the hash of a bundle', value: bundle.hash });
  }
  const directory = join(cacheRoot, bundle.hash);
  if (existsSync(join(directory, 'manifest.json'))) return directory;
  await mkdir(cacheRoot, { recursive: true });
  const draft = await mkdtemp(join(cacheRoot, `.${bundle.hash.slice(0, 16)}-`));
  try {
    const manifest: Manifest = {
      hash: bundle.hash,
      entry: bundle.entry,
      files: bundle.files.map(({ path, hash }) => ({ path, hash })),
    };
    await Promise.all([
      writeFile(join(draft, 'manifest.json'), JSON.stringify(manifest)),
      ...bundle.files.flatMap((file, index) => [
        writeFile(join(draft, `${index}.js`), file.compiled),
        writeFile(join(draft, `${index}.src`), file.content),
      ]),
    ]);
    await rename(draft, directory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(join(directory, 'manifest.json'))) throw error;
  }
  return directory;
}

/** Reads what `materializeBundle` wrote. */
export async function readBundle(directory: string): Promise<SourceBundle> {
  const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as Manifest;
  const files = await Promise.all(
    manifest.files.map(async (file, index) => {
      const [compiled, content] = await Promise.all([
        readFile(join(directory, `${index}.js`), 'utf8'),
        readFile(join(directory, `${index}.src`), 'utf8'),
      ]);
      return { ...file, compiled, content };
    }),
  );
  return { hash: manifest.hash, entry: manifest.entry, files };
}
