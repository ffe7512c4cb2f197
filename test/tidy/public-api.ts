/** The names that the package exports, by entry file, sorted. A name that goes away breaks users: CHANGELOG and ADR first. */
export const PUBLIC_API: Readonly<Record<string, readonly string[]>> = {};
