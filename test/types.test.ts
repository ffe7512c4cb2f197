/** What must and must not compile against the authoring API, and the compiler's own words where it must not: they are the product. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const REFUSED = join(ROOT, 'test/types/must-not-compile');
const EXPECT = /^\s*\/\/ expect: (.+)$/;

interface CompilerError {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

function compile(project: string): CompilerError[] {
  const compiler = join(ROOT, 'node_modules/tsc7/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [compiler, '--pretty', 'false', '-p', project], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const errors: { file: string; line: number; text: string }[] = [];
  for (const output of stdout.split('\n')) {
    const head = /^(\S.*?)\((\d+),\d+\): (error .*)$/.exec(output);
    if (head) errors.push({ file: head[1]!.slice(head[1]!.lastIndexOf('/') + 1), line: Number(head[2]), text: head[3]! });
    else if (output.startsWith(' ')) errors[errors.length - 1]!.text += `\n${output}`;
    else if (output !== '') throw new Error(`unexpected output of the compiler: ${output}`);
  }
  expect(status === 0).toBe(errors.length === 0);
  return errors;
}

describe('types of the authoring API', () => {
  it('accepts what must compile', () => {
    expect(compile('test/types/tsconfig.json')).toEqual([]);
  });

  describe('what must not compile', () => {
    let errors: CompilerError[] = [];
    beforeAll(() => {
      errors = compile('test/types/must-not-compile/tsconfig.json');
    });
    const expectations = readdirSync(REFUSED)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((file) =>
        readFileSync(join(REFUSED, file), 'utf8')
          .split('\n')
          .flatMap((line, index) => {
            const message = EXPECT.exec(line)?.[1];
            return message === undefined ? [] : [{ file, line: index + 2, message }];
          }),
      );

    it.each(expectations)('$file:$line $message', ({ file, line, message }) => {
      const found = errors.filter((error) => error.file === file && error.line === line);
      expect(found.map(({ text }) => text).join('\n')).toContain(message);
    });

    it('has no other errors', () => {
      const expected = new Set(expectations.map(({ file, line }) => `${file}:${line}`));
      expect(errors.filter(({ file, line }) => !expected.has(`${file}:${line}`))).toEqual([]);
      expect(expectations.length).toBeGreaterThan(20);
    });
  });
});
