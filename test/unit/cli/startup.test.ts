/** What `--help` costs: the files and packages that are loaded before an action runs. Their number is what keeps it below 200 ms. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PROJECT_ROOT } from '../../tidy/project-root.js';

const STATIC_IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)';/gm;

/** Everything reached from `entry` by imports that are evaluated when it is loaded. */
function loadedWith(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [statement, specifier] of readFileSync(file, 'utf8').matchAll(STATIC_IMPORT)) {
      const isTypeOnly = /^import \{\s*(?:type \w+,?\s*)+\} from/.test(statement);
      if (isTypeOnly || specifier === undefined) continue;
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier.replace(/\.js$/, '.ts')));
      else packages.add(specifier);
    }
  };
  visit(join(PROJECT_ROOT, entry));
  return { files: [...files].map((file) => relative(PROJECT_ROOT, file)), packages: [...packages].sort() };
}

describe('what --help loads', () => {
  const { files, packages } = loadedWith('src/cli/main.ts');

  it('is the command line, the model and a look at the environment, nothing of the system', () => {
    expect(files).toContain('src/cli/commands/dags-list.ts');
    expect(files.filter((file) => !/^src\/(cli|model)\//.test(file))).toEqual(['src/config/environment.ts']);
    expect(files.filter((file) => /src\/cli\/(graph|progress)\//.test(file))).toEqual([]);
  });

  it('is one package', () => {
    expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['commander']);
  });
});
