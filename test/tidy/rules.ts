/** The tidy rules: each takes facts and answers with one line per violation, `path:line: what and why`. */
import { builtinModules } from 'node:module';
import { basename } from 'node:path';
import type { FolderRule } from './bands.js';
import { packageOf, resolveRelative, type SourceFact } from './source-files.js';

/** A file that may break one rule, and why. A listed file that no longer needs it is itself a violation. */
export interface Exception {
  readonly path: string;
  readonly reason: string;
}

/** `src/core/graph/x.ts` -> `core`. */
export function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Imports between folders and of packages, against the table of bands. */
export function bandViolations(files: readonly SourceFact[], bands: Readonly<Record<string, FolderRule>>): string[] {
  return files.flatMap((file) => {
    const folder = folderOf(file.path);
    const rule = bands[folder];
    if (!rule) return [`${file.path}: folder "${folder}" is not in the table of bands`];
    return file.imports.flatMap(({ specifier, line }) => {
      const place = `${file.path}:${line}`;
      const target = resolveRelative(file.path, specifier);
      if (target !== null) {
        const targetFolder = folderOf(target);
        if (!target.startsWith('src/')) return [`${place}: ${specifier} leaves src/`];
        if (targetFolder === folder || rule.mayImport.includes(targetFolder)) return [];
        return [`${place}: ${folder} may not import ${targetFolder} (${specifier})`];
      }
      if (specifier.startsWith('node:')) {
        const isAllowed = rule.node === 'any' || rule.node.includes(specifier);
        return isAllowed ? [] : [`${place}: ${folder} may not import ${specifier}`];
      }
      if (builtinModules.includes(specifier)) return [`${place}: write node:${specifier}`];
      return rule.npm.includes(packageOf(specifier))
        ? []
        : [`${place}: ${folder} may not import the package ${packageOf(specifier)}`];
    });
  });
}

/** The table itself: a folder may only be allowed to import folders of its own or a lower band. */
export function bandTableViolations(bands: Readonly<Record<string, FolderRule>>): string[] {
  return Object.entries(bands).flatMap(([folder, rule]) =>
    rule.mayImport.flatMap((target) => {
      const targetRule = bands[target];
      if (!targetRule) return [`${folder}: ${target} is not in the table`];
      return targetRule.band <= rule.band
        ? []
        : [`${folder} (band ${rule.band}) may not look up to ${target} (band ${targetRule.band})`];
    }),
  );
}

/** Cycles of imports that exist at run time; each is printed once, starting at its first file by name. */
export function runtimeCycles(files: readonly SourceFact[]): string[] {
  const targetsOf = new Map(
    files.map((file) => [
      file.path,
      file.imports.flatMap(({ specifier, kind }) => (kind === 'static' ? (resolveRelative(file.path, specifier) ?? []) : [])),
    ]),
  );
  const done = new Set<string>();
  const cycles = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = trail.slice(start);
      const first = cycle.indexOf([...cycle].sort()[0] as string);
      const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
      cycles.add([...turned, turned[0]].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const target of targetsOf.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const file of files) walk(file.path, []);
  return [...cycles].sort();
}

const IMPURE = new Set([
  'Date.now',
  'new Date()',
  'performance.now',
  'Math.random',
  'crypto.randomUUID',
  'randomUUID',
  'randomBytes',
  'randomInt',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process.nextTick',
  'process.hrtime',
  'fetch',
]);

/** Clocks, randomness, timers and async where only pure, synchronous functions may be. */
export function impurities(files: readonly SourceFact[], folders: readonly string[]): string[] {
  return files
    .filter((file) => folders.includes(folderOf(file.path)))
    .flatMap((file) => [
      ...file.uses.filter(({ name }) => IMPURE.has(name)).map(({ name, line }) => `${file.path}:${line}: ${name} in a pure folder`),
      ...[...new Set(file.asyncLines)].map((line) => `${file.path}:${line}: async in a pure folder`),
    ]);
}

const SQL =
  /^\s*(select\b[\s\S]*\bfrom\b|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b|with\s+\w+\s+as\s*\(|create\s+(unique\s+)?(table|index|type|schema|database|role|user)\b|alter\s+(table|type|role|user|system)\b|drop\s+(table|schema|database|index)\b|truncate\s+\w|listen\s+\w+$|notify\s+\w+|(begin|commit|rollback)$|lock\s+table\b|analyze\b|set\s+(local\s+)?\w+\s*(=|to)\s)|\bpg_(notify|advisory\w*|try_advisory\w*)\s*\(/i;

/** SQL in string literals. */
export function sqlOutside(files: readonly SourceFact[], allowedPrefix: string): string[] {
  return files
    .filter((file) => !file.path.startsWith(allowedPrefix))
    .flatMap((file) =>
      file.texts
        .filter(({ text }) => SQL.test(text))
        .map(({ text, line }) => `${file.path}:${line}: SQL: ${text.trim().slice(0, 60)}`),
    );
}

/** Reads of the environment outside `src/config`, minus the listed exceptions; unneeded exceptions are reported too. */
export function environmentReads(files: readonly SourceFact[], exceptions: readonly Exception[]): string[] {
  const readers = files
    .filter((file) => folderOf(file.path) !== 'config')
    .filter((file) => file.uses.some(({ name }) => /^(globalThis\.)?process\.env$/.test(name)));
  return withExceptions(
    readers.map((file) => ({
      path: file.path,
      text: `${file.path}:${file.uses.find(({ name }) => name.endsWith('process.env'))?.line}: process.env is read only in src/config`,
    })),
    exceptions,
  );
}

/** Files longer than `limit` lines: ask which second noun they hold. */
export function longFiles(files: readonly SourceFact[], limit: number, exceptions: readonly Exception[]): string[] {
  const long = files.filter((file) => file.lineCount > limit);
  return withExceptions(
    long.map((file) => ({ path: file.path, text: `${file.path}: ${file.lineCount} lines; which second noun does it hold?` })),
    exceptions,
  );
}

const BANNED_WORDS = /(^|-)(utils?|helpers?|managers?|common|misc)(-|$)/;

/** Names that say nothing, names that are not kebab-case. */
export function badFileNames(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const parts = path.split('/').slice(1);
    return parts.flatMap((part) => {
      const stem = part.replace(/(\.test|\.property)?\.ts$/, '');
      if (BANNED_WORDS.test(stem)) return [`${path}: "${stem}" says nothing about what it holds`];
      return /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(stem) ? [] : [`${path}: "${stem}" is not kebab-case`];
    });
  });
}

/** Files that nothing reaches from the entry points, by import or by their file name in a text (child processes, threads). */
export function deadFiles(files: readonly SourceFact[], entries: readonly string[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path);
    if (!file || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of file.imports) queue.push(resolveRelative(path, specifier) ?? '');
    for (const { text } of file.texts) {
      if (!/[\w-]\.js$/.test(text)) continue;
      queue.push(resolveRelative(path, text.startsWith('.') ? text : `./${text}`) ?? '');
      queue.push(...files.filter((other) => basename(other.path, '.ts') === basename(text, '.js')).map((other) => other.path));
    }
  }
  return files.filter((file) => !reached.has(file.path)).map((file) => `${file.path}: nothing reaches it`);
}

/** Every name that a module exports, `export *` followed. */
export function exportedNames(files: readonly SourceFact[], path: string): string[] {
  const file = files.find((candidate) => candidate.path === path);
  if (!file) return [];
  const names = new Set(file.exports);
  for (const specifier of file.starExports) {
    for (const name of exportedNames(files, resolveRelative(path, specifier) ?? '')) names.add(name);
  }
  return [...names].sort();
}

function withExceptions(found: readonly { path: string; text: string }[], exceptions: readonly Exception[]): string[] {
  const allowed = new Set(exceptions.map(({ path }) => path));
  const seen = new Set(found.map(({ path }) => path));
  return [
    ...found.filter(({ path }) => !allowed.has(path)).map(({ text }) => text),
    ...exceptions.filter(({ path }) => !seen.has(path)).map(({ path }) => `${path}: listed as an exception but needs none`),
  ];
}
