/** What may name an asset, by Airflow's rules. */

const MAX_LENGTH = 1_500;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** With an authority, empty as it may be: `scheme://`. */
const URI = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

/** Why the text can be neither the name nor the URI of an asset; null: it can. */
export function assetNameProblem(text: unknown): string | null {
  if (typeof text !== 'string') return 'this must be a text';
  if (text.trim() === '') return 'this is blank';
  if (text.length > MAX_LENGTH) return `this is longer than ${MAX_LENGTH} characters`;
  return PRINTABLE_ASCII.test(text) ? null : 'this must consist of printable ASCII characters';
}

/** The same for a URI, which may be any text, but not of a scheme that is reserved. */
export function assetUriProblem(text: unknown): string | null {
  const problem = assetNameProblem(text);
  if (problem !== null) return problem;
  return /^airflow:/i.test(text as string) ? 'the scheme "airflow" is reserved' : null;
}

/**
 * The one spelling of a URI: scheme in lower case, without user and password, query parameters in order, without fragment and trailing slashes.
 * A text without `scheme://`, or with a scheme that begins with `x-`, stays as it is.
 */
export function normalizeAssetUri(text: string): string {
  const match = URI.exec(text);
  if (!match) return text;
  const [, given, authority, path, query] = match as unknown as [string, string, string, string, string?];
  const scheme = given.toLowerCase();
  if (scheme.startsWith('x-')) return text;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return `${scheme}://${host}${path.replace(/\/+$/, '') || '/'}${sortedQuery(query)}`;
}

/** Parameters without a value are left out, as Airflow does. */
function sortedQuery(query: string | undefined): string {
  const given = new URLSearchParams(query);
  const sorted = new URLSearchParams();
  for (const name of [...new Set(given.keys())].sort()) {
    for (const value of given.getAll(name).sort()) if (value !== '') sorted.append(name, value);
  }
  return sorted.size === 0 ? '' : `?${sorted.toString()}`;
}
