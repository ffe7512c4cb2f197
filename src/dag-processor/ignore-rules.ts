/** `.airflowlikeignore`: lines as in a `.gitignore` (`#` comments, `!` exceptions, `dir/`, `*`, `**`, `?`, a leading `/`); the last match wins. */
interface Rule {
  readonly isException: boolean;
  readonly pattern: RegExp;
}

export const IGNORE_FILE = '.airflowlikeignore';

/** @returns whether a path (relative to the DAGs folder, with `/`) is ignored. A line that cannot be read as a pattern matches nothing. */
export function parseIgnoreRules(text: string): (path: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(toRule);
  return (path) => rules.reduce((ignored, rule) => (rule.pattern.test(path) ? !rule.isException : ignored), false);
}

function toRule(line: string): Rule {
  const isException = line.startsWith('!');
  let glob = isException ? line.slice(1) : line;
  const onlyFolders = glob.endsWith('/');
  if (onlyFolders) glob = glob.slice(0, -1);
  const isAnchored = glob.includes('/');
  glob = glob.replace(/^\//, '');
  const body = glob.replace(/\*\*\/|\*\*|\*|\?|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return `\\${part}`;
  });
  return { isException, pattern: new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${body}${onlyFolders ? '/' : '(?:/|$)'}`) };
}
