/** The guide for people who come from Airflow: what it shows on the right compiles, and is a DAG. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkDags, type CheckedDags } from '../../dist/dag-processor/check-dags.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const GUIDE = readFileSync(join(ROOT, 'docs/guides/from-airflow.md'), 'utf8');

interface Idiom {
  readonly number: number;
  readonly title: string;
  readonly python: readonly string[];
  readonly typescript: readonly string[];
}

const idioms: readonly Idiom[] = GUIDE.split(/^## /m)
  .flatMap((section) => {
    const heading = /^(\d+)\. (.*)$/m.exec(section);
    return heading ? [{ number: Number(heading[1]), title: heading[2]!, section }] : [];
  })
  .map(({ number, title, section }) => ({ number, title, python: blocks(section, 'python'), typescript: blocks(section, 'ts') }));

function blocks(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);
}

const fileOf = ({ number }: Idiom): string => `idiom-${String(number).padStart(2, '0')}.ts`;

describe('the guide for people who come from Airflow', () => {
  it('shows twenty-one idioms, each once in either language', () => {
    expect(idioms.map(({ number }) => number)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    expect(idioms.filter(({ python, typescript }) => python.length !== 1 || typescript.length !== 1)).toEqual([]);
    expect(blocks(GUIDE, 'ts')).toHaveLength(21);
  });

  describe('in TypeScript', () => {
    let project: string;
    let checked: CheckedDags;
    beforeAll(async () => {
      project = realpathSync(mkdtempSync(join(tmpdir(), 'from-airflow-')));
      mkdirSync(join(project, 'dags'));
      mkdirSync(join(project, 'node_modules', '@types'), { recursive: true });
      for (const name of ['typescript', 'zod', '@types/node']) {
        symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
      }
      symlinkSync(ROOT, join(project, 'node_modules', 'airflow-like'));
      writeFileSync(join(project, 'package.json'), '{"type":"module"}');
      for (const idiom of idioms) writeFileSync(join(project, 'dags', fileOf(idiom)), idiom.typescript.join('\n'));
      checked = await checkDags({
        projectRoot: project,
        dagsFolder: join(project, 'dags'),
        pluginsFolder: null,
        env: { PATH: process.env['PATH'] ?? '' },
      });
    }, 120_000);
    afterAll(() => rmSync(project, { recursive: true, force: true }));

    it.each(idioms.map((idiom) => [idiom.title, fileOf(idiom)]))('%s: compiles, and its DAG is found', (_title, file) => {
      expect(checked.errors.filter((problem) => problem.file === file)).toEqual([]);
      expect(checked.warnings.filter((problem) => problem.file === file)).toEqual([]);
    });

    it('was checked as a whole', () => {
      // Idioms 19 and 20 have two DAGs.
      expect(checked).toMatchObject({ typeCheckSkipped: null, files: 21, dags: 23, errors: [], warnings: [] });
    });
  });
});
