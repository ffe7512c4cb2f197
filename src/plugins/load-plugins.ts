/**
 * Loads the files of the plugins folder into this process. Plugins are trusted code of the installation: their timetables answer inside the
 * scheduler. A plugin that cannot be loaded is a problem of its own file and of nothing else.
 */
import { readdir } from 'node:fs/promises';
import type { Timetable } from '../core/timetable/timetable.js';
import { importProblem, problemFromThrown } from '../dag-processor/import-problem.js';
import { evaluateBundle } from '../loading/evaluate-bundle.js';
import { installSourceMaps } from '../loading/source-maps.js';
import type { ImportProblem } from '../model/dag.js';
import { isPlugin, type Plugin } from './define-plugin.js';

/** What the plugins folder holds. */
export interface LoadedPlugins {
  readonly plugins: readonly { readonly plugin: Plugin; readonly file: string }[];
  readonly timetables: ReadonlyMap<string, Timetable>;
  /** Each PLUGIN_INVALID, with file, line and column where they are known. */
  readonly problems: readonly ImportProblem[];
}

const EVALUATION_MS = 10_000;

/**
 * @param folder need not exist: then there are no plugins.
 * @returns the plugins of all files directly in the folder; two plugins or timetables of one name are a problem of the later file.
 */
export async function loadPlugins(folder: string): Promise<LoadedPlugins> {
  const plugins: { plugin: Plugin; file: string }[] = [];
  const timetables = new Map<string, Timetable>();
  const problems: ImportProblem[] = [];
  for (const file of await pluginFiles(folder)) {
    const loaded = await loadFile(folder, file);
    problems.push(...loaded.problems);
    for (const plugin of loaded.plugins) {
      const clash = clashOf(plugin, plugins, timetables);
      if (clash === null) {
        plugins.push({ plugin, file });
        for (const [name, timetable] of Object.entries(plugin.timetables)) timetables.set(name, timetable);
      } else problems.push(importProblem('PLUGIN_INVALID', file, clash));
    }
  }
  return { plugins, timetables, problems };
}

async function pluginFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries.filter((name) => /\.[mc]?[jt]s$/.test(name) && !/^\.|\.d\.[mc]?ts$|\.(?:test|spec)\./.test(name)).sort();
}

async function loadFile(folder: string, file: string): Promise<{ plugins: readonly Plugin[]; problems: readonly ImportProblem[] }> {
  const { compileBundle } = await import('../dag-processor/compile-bundle.js'); // the compiler takes memory: only where there are plugins
  const compiled = await compileBundle(folder, file);
  if ('problems' in compiled) return { plugins: [], problems: compiled.problems.map(asPluginProblem) };
  installSourceMaps();
  try {
    const exports = await withinTime(evaluateBundle(compiled.bundle, { originalRoot: folder }));
    return { plugins: [...new Set(Object.values(exports).filter(isPlugin))], problems: [] };
  } catch (thrown) {
    return { plugins: [], problems: [asPluginProblem(problemFromThrown(thrown, file))] };
  }
}

/** The text keeps the code of what went wrong in detail. */
function asPluginProblem(problem: ImportProblem): ImportProblem {
  const message = problem.code === 'PLUGIN_INVALID' ? problem.message : `${problem.code}: ${problem.message}`;
  return { ...problem, code: 'PLUGIN_INVALID', message };
}

async function withinTime<T>(evaluation: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`loading did not end after ${EVALUATION_MS / 1_000} s`)), EVALUATION_MS);
  });
  try {
    return await Promise.race([evaluation, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function clashOf(plugin: Plugin, known: LoadedPlugins['plugins'], timetables: ReadonlyMap<string, Timetable>): string | null {
  const namesake = known.find((other) => other.plugin.name === plugin.name);
  if (namesake) return `the plugin "${plugin.name}" is already defined in ${namesake.file}`;
  const taken = Object.keys(plugin.timetables).find((name) => timetables.has(name));
  return taken === undefined ? null : `the timetable "${taken}" is already registered by another plugin`;
}
