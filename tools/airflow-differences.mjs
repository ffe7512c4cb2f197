// The lists inside docs/reference/airflow-differences.md, which is otherwise written by hand: what the recorded answers show to be different on purpose, from
// test/vectors/differences.ts, and the pitfalls of test/tidy/pitfalls.ts, each with the tests whose titles name it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param loadTypeScript evaluates a file that imports nothing at run time. */
export async function differencesPage(root, path, loadTypeScript) {
  const { PITFALLS } = await loadTypeScript('test/tidy/pitfalls.ts');
  const tests = pitfallTests(root);
  const pitfalls = PITFALLS.map(({ number, rule, notTested }) => {
    const proofs = (tests.get(number) ?? []).map(({ file, title }) => `${title} (\`${file}\`)`);
    const mark = proofs.length > 0 ? '✓' : '–';
    return `| ${number} | ${mark} | ${rule} | ${proofs.length > 0 ? proofs.join('<br>') : `not tested: ${notTested ?? 'no test yet'}`} |`;
  });
  const differences = differenceReasons(root).map(([rule, reason]) => `| \`${rule}\` | ${reason} |`);
  const blocks = {
    differences: ['| Rule | What is different, and why |', '|---|---|', ...differences],
    pitfalls: ['| | | What holds | Proved by |', '|---|---|---|---|', ...pitfalls],
  };
  return Object.entries(blocks).reduce(
    (text, [name, lines]) =>
      text.replace(
        new RegExp(`(<!-- generated: ${name} -->\\n)[^]*?(<!-- end -->)`),
        (_all, start, end) => `${start}\n${lines.join('\n')}\n\n${end}`,
      ),
    readFileSync(path, 'utf8'),
  );
}

/** Rule and reason as they are written: texts in single quotes, joined with `+`. */
function differenceReasons(root) {
  const source = readFileSync(join(root, 'test/vectors/differences.ts'), 'utf8');
  const entries = source.matchAll(/rule: '([\w-]+)',\s*reason:\s*((?:'(?:[^'\\]|\\.)*'[\s+]*)+),/g);
  return [...entries].map(([, rule, texts]) => {
    const parts = [...texts.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, text]) => text.replaceAll("\\'", "'"));
    return [rule, parts.join('')];
  });
}

/** Titles of tests that begin with `pitfall N: ` (or `pitfalls N, M: `), by number. */
function pitfallTests(root) {
  const found = new Map();
  for (const file of readdirSync(join(root, 'test'), { recursive: true }).sort()) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(root, 'test', file), 'utf8');
    for (const [, numbers, title] of text.matchAll(/['"`]pitfalls? (\d+(?:(?:, | and )\d+)*): ([^\n]+?)['"`]\s*[,)]/g)) {
      for (const number of numbers.split(/, | and /).map(Number)) {
        const entry = { file: `test/${file.replaceAll('\\', '/')}`, title: title.replaceAll('|', '\\|') };
        found.set(number, [...(found.get(number) ?? []), entry]);
      }
    }
  }
  return found;
}
