/** One DAG file from source to specs, in the process that calls it: a throwaway child, because this evaluates the author's code. */
import { checkTemplates } from '../core/template/render-value.js';
import type { ParsedFile, SourceBundle } from '../model/dag.js';
import { evaluateBundle, type EvaluationObserver } from '../loading/evaluate-bundle.js';
import { collectDags } from '../sdk/collect-dags.js';
import { hashSpec } from '../sdk/spec-hash.js';
import { type CompileCache, compileBundle, sha256 } from './compile-bundle.js';
import { problemFromThrown } from './import-problem.js';
import { SourcePlaces } from './source-places.js';

/** What a child is asked. */
export interface ParseRequest {
  /** The DAGs folder, absolute. */
  readonly dagsFolder: string;
  readonly pluginsFolder: string | null;
  /** Relative to the DAGs folder, with `/`. */
  readonly path: string;
  /** Of the configuration; default: true. */
  readonly cronDataIntervals?: boolean;
}

export interface ParseTools {
  readonly cache: CompileCache;
  readonly observer: EvaluationObserver;
  /** Hears what is about to be evaluated. */
  readonly onCompiled: (bundle: SourceBundle) => void;
}

/** Never throws for anything the file says or does; `parseMs` is set by the caller's clock. */
export async function parseFile(request: ParseRequest, tools: ParseTools): Promise<Omit<ParsedFile, 'parseMs'>> {
  const { path } = request;
  const compiled = await compileBundle(request.dagsFolder, path, { pluginsFolder: request.pluginsFolder, cache: tools.cache });
  if ('problems' in compiled) {
    return {
      path,
      contentHash: compiled.entryHash ?? sha256(path),
      bundle: null,
      dags: [],
      errors: compiled.problems,
      warnings: [],
    };
  }
  const { bundle } = compiled;
  tools.onCompiled(bundle);
  const found = { path, contentHash: bundle.hash, bundle };
  try {
    const exports = await evaluateBundle(bundle, { originalRoot: request.dagsFolder, observer: tools.observer });
    const places = new SourcePlaces(bundle);
    const reading = { cronDataIntervals: request.cronDataIntervals ?? true };
    const { dags, problems, warnings } = collectDags(exports, path, places, reading, { check: checkTemplates });
    const lost = bundle.files.flatMap((file) => places.lostDecorators(file.path));
    return {
      ...found,
      dags: dags.map(({ spec }) => ({ spec, specHash: hashSpec(spec) })),
      errors: [...lost, ...problems],
      warnings,
    };
  } catch (thrown) {
    return { ...found, dags: [], errors: [problemFromThrown(thrown, path)], warnings: [] };
  }
}
