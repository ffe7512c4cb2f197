/** Patterns of file names in schedules: `inbox/*.csv`, `data/**` + `/orders-*.json`, `/srv/in/{a,b}.txt`. */
import picomatch from 'picomatch';
import { AirflowLikeError } from '../../model/errors.js';

export interface FilePattern {
  /** The folder in which the search begins: what stands before the first wildcard. `''`: the project's root. */
  readonly base: string;
  /** How many folders deep below `base` a file may lie; 0: directly in it. */
  readonly depth: number;
  /** Whether a path (with `/`, beginning as the pattern does) matches. */
  matches(path: string): boolean;
}

const LONGEST = 1_000;
const DEEPEST = 32;
/** In one name. More would let a name be found that takes minutes to match; these take milliseconds at worst. */
const MOST_STARS = 3;
const EXAMPLES = "for example 'inbox/*.csv', 'inbox/**/*.csv', '/srv/inbox/{orders,returns}-*.json'";

/**
 * `*` and `?` match within a name, `**` any number of folders, `[abc]` one of some characters, `{a,b}` one of some texts. A name that begins with a dot matches
 * only a pattern that says so. The pattern is relative to the project's root, or absolute.
 *
 * @throws AirflowLikeError FILE_PATTERN_INVALID for a pattern that no file can match, or that is none.
 */
export function parseFilePattern(written: unknown, place: string): FilePattern {
  const refuse = (message: string, suggestion: string | null = null): never => {
    throw new AirflowLikeError('FILE_PATTERN_INVALID', { place, message, value: written, allowed: EXAMPLES, suggestion });
  };
  if (typeof written !== 'string' || written.trim() === '') return refuse('a pattern of file names is needed');
  if (written.length > LONGEST) return refuse(`the pattern has ${written.length} characters; at most ${LONGEST} are taken`);
  if (/[\0\n\r]/.test(written)) return refuse('a pattern is one line of text');
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(written))
    return refuse('only files in folders can be watched; wait for others with a sensor');
  if (written.includes('\\')) return refuse('folders are separated by /', written.replaceAll('\\', '/'));
  if (written.startsWith('!')) return refuse('a pattern says which files are wanted, not which are not');
  if (written.endsWith('/')) return refuse('this names a folder, which no file can match', `${written}*`);
  const names = written.replace(/^(\.\/)+/, '').split('/');
  const [first, ...others] = names;
  if (names.includes('..')) return refuse('".." does not match; write an absolute path for a folder outside of the project');
  if (others.includes('') || names.includes('.')) return refuse('a folder has no name here');
  for (const name of names) {
    if (name.split('*').length > MOST_STARS + 1) return refuse(`more than ${MOST_STARS} * in one name`);
  }
  const matchers = names.map((name) => (name === '**' ? ANY_FOLDERS : matcherOf(name, refuse)));
  const firstWild = names.findIndex((name) => /[*?[\]{}()]/.test(name));
  const begin = firstWild < 0 ? names.length - 1 : firstWild;
  return {
    // The root of an absolute pattern is an empty first name.
    base: begin === 1 && first === '' ? '/' : names.slice(0, begin).join('/'),
    depth: matchers.includes(ANY_FOLDERS) ? DEEPEST : names.length - 1 - begin,
    matches: (path) => matchesNames(matchers, path.split('/')),
  };
}

type NameMatcher = (name: string) => boolean;

/** Stands for any number of folders; their names must not begin with a dot. */
const ANY_FOLDERS: NameMatcher = (name) => !name.startsWith('.');

function matcherOf(name: string, refuse: (message: string) => never): NameMatcher {
  if (name === '') return (text) => text === '';
  if (/\{[^}]*$|^[^{]*\}/.test(name)) return refuse('braces stand for parts of one name, and have to be closed in it');
  try {
    return picomatch(name, { strictBrackets: true, noextglob: true, nonegate: true });
  } catch (error) {
    return refuse(`the brackets do not fit together (${(error as Error).message})`);
  }
}

/** Takes as few folders as possible for `**`, and one more whenever the rest does not match: never goes back further than to the last `**`. */
function matchesNames(matchers: readonly NameMatcher[], names: readonly string[]): boolean {
  let at = 0;
  let back: { readonly matcher: number; name: number } | null = null;
  for (let index = 0; index < names.length;) {
    const matcher = matchers[at];
    const name = names[index] as string;
    if (matcher === ANY_FOLDERS) {
      back = { matcher: ++at, name: index };
    } else if (matcher?.(name)) {
      at++;
      index++;
    } else if (back && ANY_FOLDERS(names[back.name] as string)) {
      at = back.matcher;
      index = ++back.name;
    } else return false;
  }
  return at === matchers.length;
}
