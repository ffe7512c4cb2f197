/**
 * Keeps the catalog in step with the DAGs folder: notices files, has them parsed in throwaway children, saves what they hold. The scan is
 * the truth, the watcher only makes it quick. Absence of evidence is not removal: DAGs are retired only when their file is certainly gone.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parallelismProblems, poolProblems } from '../core/queueing/check-pools.js';
import type { ParsedFile } from '../model/dag.js';
import { AirflowLikeError } from '../model/errors.js';
import type { Instant } from '../model/instant.js';
import type { Clock } from '../ports/clock.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { Service, ServiceResult } from '../ports/service.js';
import type { DagCatalog, PoolStore } from '../ports/store.js';
import { refuseUnknownTimetables } from './check-timetables.js';
import { ChildPool } from './child-pool.js';
import { watchFolders } from './folder-watcher.js';
import { describeProblem } from './import-problem.js';
import { KnownFiles } from './known-files.js';
import { codeOf, type FileStamp, type FolderScan, identityOf, isSourceName, scanFolder } from './scan-folder.js';

export interface DagProcessorDeps {
  readonly catalog: DagCatalog;
  /** The pools there are. Default: tasks are not checked against them. */
  readonly pools?: Pick<PoolStore, 'list'>;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absolute. */
  readonly dagsFolder: string;
  /** Absolute; DAG files may import from it. Need not exist. */
  readonly pluginsFolder: string | null;
  /** Names of the timetables that plugins register. Default: they are not checked. */
  readonly timetables?: ReadonlySet<string>;
  /** Most tasks that run at once, over all DAGs. Default: no limit is known. */
  readonly parallelism?: number;
  /** Whether a plain cron expression covers data intervals. Default true. */
  readonly cronDataIntervals?: boolean;
  /** The whole environment of the children: an allow-list without secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Pause between full scans, in milliseconds. Default 30,000. */
  readonly scanIntervalMs?: number;
  /** Source files beyond this number are not read. Default 20,000. */
  readonly maxFiles?: number;
  /** Children at the same time. Default 2. */
  readonly children?: number;
  /** Default 30,000. */
  readonly importTimeoutMs?: number;
  /** Default 512. */
  readonly maxImportMb?: number;
  /** A child without work is ended after this many milliseconds. Default 5,000. */
  readonly childIdleMs?: number;
}

const SCAN_INTERVAL_MS = 30_000;
/** An editor that saves by deleting and writing anew is given this long before a file counts as removed. */
const REMOVAL_MS = 300;
const SAVE_EVERY_MS = 200;
const RETRY_MS = 1_000;
/** Files parsed in one `runOnce`. */
const MAX_PARSED = 2_000;

export class DagProcessor implements Service {
  readonly name = 'dag-processor';
  readonly #deps: DagProcessorDeps;
  readonly #pool: ChildPool;
  readonly #known = new KnownFiles();
  /** Paths to parse, with the stamp of a scan where there is one. */
  readonly #pending = new Map<string, FileStamp | null>();
  /** Paths said to be gone, and since when. */
  readonly #removed = new Map<string, Instant>();
  /** Files whose DAG ids another file owns: parsed again when that may have changed. */
  readonly #duplicates = new Set<string>();
  /** Files without a DAG, and whether they were helpers of others when that was said. */
  readonly #withoutDag = new Map<string, boolean>();
  readonly #warned = new Set<string>();
  #nextScanAt: Instant = Number.NEGATIVE_INFINITY;
  #hasReadCatalog = false;
  #isIgnored: (path: string) => boolean = () => false;
  #watched: string | null = null;
  #endWatch: (() => Promise<void>) | null = null;
  #isStopping = false;
  #wake = new AbortController();
  #loop: Promise<void> | null = null;

  constructor(deps: DagProcessorDeps) {
    this.#deps = deps;
    this.#pool = new ChildPool({
      env: deps.env,
      onFault: (reason) => deps.logger.error({}, reason),
      ...(deps.children !== undefined && { children: deps.children }),
      ...(deps.importTimeoutMs !== undefined && { timeoutMs: deps.importTimeoutMs }),
      ...(deps.maxImportMb !== undefined && { memoryLimitMb: deps.maxImportMb }),
      ...(deps.childIdleMs !== undefined && { idleMs: deps.childIdleMs }),
    });
  }

  /** Begins to watch and to work. Resolves when all that is in the folder now has been parsed and saved once, or at `stop`. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#loop ??= this.#run(resolve).finally(resolve);
    });
  }

  /** Ends the watcher, the children and the work under way; what was not saved yet is parsed again at the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake.abort();
    await Promise.all([this.#endWatch?.(), this.#pool.close()]);
    await this.#loop;
  }

  /** Scans if it is time, retires what is certainly gone, parses and saves what has changed. `processed` counts files. */
  async runOnce(now: Instant): Promise<ServiceResult> {
    if (!this.#hasReadCatalog) {
      for (const path of (await this.#deps.catalog.knownFiles()).keys()) this.#known.remember(path);
      this.#hasReadCatalog = true;
    }
    const gone = new Set<string>();
    if (now >= this.#nextScanAt) {
      this.#nextScanAt = now + (this.#deps.scanIntervalMs ?? SCAN_INTERVAL_MS);
      for (const path of await this.#scan()) gone.add(path);
    }
    for (const path of await this.#confirmRemovals(now)) gone.add(path);
    await this.#retire([...gone], now);
    const paths = [...this.#pending.keys()].slice(0, MAX_PARSED).sort();
    await this.#parseAndSave(paths, now);
    return { processed: gone.size + paths.length, more: this.#pending.size > 0 };
  }

  async #run(onFirstPass: () => void): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!this.#isStopping) {
      this.#wake = new AbortController();
      let waitMs = RETRY_MS;
      try {
        const { more } = await this.runOnce(clock.now());
        if (!more) onFirstPass();
        const nextAt = Math.min(this.#nextScanAt, ...[...this.#removed.values()].map((since) => since + REMOVAL_MS));
        waitMs = more ? 0 : Math.max(0, nextAt - clock.now());
      } catch (error) {
        if (!this.#isStopping) logger.error({ err: error }, 'the dag processor could not finish a pass; it tries again');
      }
      if (waitMs > 0 && !this.#isStopping) await clock.sleep(waitMs, this.#wake.signal);
    }
  }

  /** @returns paths that are certainly gone. */
  async #scan(): Promise<readonly string[]> {
    const scan = await scanFolder(this.#deps.dagsFolder, this.#deps.maxFiles);
    this.#isIgnored = scan.isIgnored;
    this.#warnAbout(scan);
    await this.#watchFolder(scan.identity);
    const { changed, gone } = this.#known.compare(scan);
    for (const path of changed) this.#pending.set(path, scan.files.get(path) ?? null);
    for (const path of this.#known.dependenciesOutside(scan)) {
      const stamp = await this.#stampOf(path);
      if (stamp && this.#known.noteDependency(path, stamp)) this.#changed(path);
    }
    return gone;
  }

  #warnAbout(scan: FolderScan): void {
    const { dagsFolder, logger } = this.#deps;
    const warnings = [...scan.warnings];
    if (scan.isComplete && scan.isEmpty && this.#known.size > 0)
      warnings.push('the folder is empty: its DAGs are kept as they are');
    for (const warning of warnings) if (!this.#warned.has(warning)) logger.warn({ dagsFolder }, `DAGs folder: ${warning}`);
    this.#warned.clear();
    for (const warning of warnings) this.#warned.add(warning);
  }

  /** A folder that was replaced or mounted anew has to be watched anew. */
  async #watchFolder(identity: string | null): Promise<void> {
    if (!this.#loop || this.#isStopping || identity === null || identity === this.#watched) return;
    this.#watched = identity;
    await this.#endWatch?.();
    const { dagsFolder, pluginsFolder, clock, logger } = this.#deps;
    const folders = pluginsFolder && existsSync(pluginsFolder) ? [dagsFolder, pluginsFolder] : [dagsFolder];
    this.#endWatch = watchFolders(folders, {
      stirred: () => this.#pool.warm(),
      written: (path) => this.#changed(path),
      removed: (path) => {
        this.#removed.set(path, clock.now());
        this.#wake.abort();
      },
      unsure: () => {
        this.#nextScanAt = Number.NEGATIVE_INFINITY;
        this.#wake.abort();
      },
      failed: (error) => logger.warn({ err: error }, 'watching the DAGs folder failed; changes are found by the next scan'),
    });
  }

  #changed(path: string): void {
    this.#removed.delete(path);
    for (const entry of this.#known.affectedBy(path)) this.#pending.set(entry, null);
    const isEntry = !path.startsWith('../') && isSourceName(path.slice(path.lastIndexOf('/') + 1));
    if (isEntry && !this.#isIgnored(path)) this.#pending.set(path, null);
    this.#wake.abort();
  }

  async #confirmRemovals(now: Instant): Promise<readonly string[]> {
    const due = [...this.#removed].filter(([, since]) => now >= since + REMOVAL_MS).map(([path]) => path);
    if (due.length === 0) return [];
    const gone: string[] = [];
    for (const path of due) {
      this.#removed.delete(path);
      const isGone = (await this.#whyUnreadable(path)) === 'ENOENT';
      if (isGone && (await this.#isFolderPresent())) {
        if (this.#known.has(path)) gone.push(path);
        for (const entry of this.#known.affectedBy(path)) if (!due.includes(entry)) this.#pending.set(entry, null);
      } else if (!isGone) this.#changed(path);
    }
    return gone;
  }

  async #whyUnreadable(path: string): Promise<string | null> {
    try {
      await stat(join(this.#deps.dagsFolder, path));
      return null;
    } catch (error) {
      return codeOf(error);
    }
  }

  /** A folder that lost all of several files at once was rather emptied, or mounted away, than edited. */
  async #isFolderPresent(): Promise<boolean> {
    try {
      return (await readdir(this.#deps.dagsFolder)).length > 0 || (this.#known.size <= 1 && (await this.#isFolderTheSame()));
    } catch {
      return false;
    }
  }

  async #isFolderTheSame(): Promise<boolean> {
    return this.#watched !== null && (await identityOf(this.#deps.dagsFolder)) === this.#watched;
  }

  async #retire(paths: readonly string[], now: Instant): Promise<void> {
    if (paths.length === 0) return;
    const retired = await this.#deps.catalog.retireFiles(paths, now);
    for (const path of paths) {
      this.#known.forget(path);
      this.#pending.delete(path);
      this.#duplicates.delete(path);
      this.#withoutDag.delete(path);
    }
    for (const path of this.#duplicates) this.#pending.set(path, null);
    this.#reviewHelpers();
    if (retired.length > 0) this.#deps.logger.info({ dags: retired, files: paths }, 'DAGs retired: their files are gone');
    this.#publish();
  }

  async #parseAndSave(paths: readonly string[], now: Instant): Promise<void> {
    if (paths.length === 0) return;
    const done: ParsedFile[] = [];
    const withoutDag: ParsedFile[] = [];
    const unsaved = new Set(paths);
    const save = async (files: readonly ParsedFile[]): Promise<void> => {
      if (files.length === 0 || this.#isStopping) return;
      await this.#save(files, now);
      for (const { path } of files) unsaved.delete(path);
    };
    let unanswered = 0;
    const parsing = Promise.all(
      paths.map(async (path) => {
        const file = await this.#parse(path);
        if (file === 'unanswered') unanswered++;
        else if (file === 'later') unsaved.delete(path);
        else if (file.warnings.some(({ code }) => code === 'NO_DAG_FOUND')) withoutDag.push(file);
        else done.push(file);
      }),
    ).then(() => true);
    try {
      let isFinished = false;
      while (!isFinished) {
        isFinished = await Promise.race([parsing, this.#deps.clock.sleep(SAVE_EVERY_MS).then(() => false)]);
        await save(done.splice(0).sort(byPath));
      }
      await save(withoutDag.sort(byPath).map((file) => this.#judgeHelper(file)));
      this.#reviewHelpers();
      if (unanswered > 0 && !this.#isStopping) {
        throw new AirflowLikeError('INTERNAL', {
          message: `${unanswered} files could not be parsed, because no parser process started`,
        });
      }
    } finally {
      for (const path of unsaved) this.#pending.set(path, null);
    }
  }

  /** `later`: the file is gone, or was written while it was read and is pending again. `unanswered`: no child took it. */
  async #parse(path: string): Promise<ParsedFile | 'later' | 'unanswered'> {
    const before = this.#pending.get(path) ?? (await this.#stampOf(path));
    this.#pending.delete(path);
    const { dagsFolder, pluginsFolder, cronDataIntervals = true } = this.#deps;
    const parsed = await this.#pool.parse({ dagsFolder, pluginsFolder, path, cronDataIntervals });
    if (parsed === null) return 'unanswered';
    const { timetables } = this.#deps;
    const file = timetables ? refuseUnknownTimetables(parsed, timetables) : parsed;
    const after = await this.#stampOf(path);
    if (after === null && (await this.#whyUnreadable(path)) === 'ENOENT') {
      if (!this.#removed.has(path)) this.#removed.set(path, this.#deps.clock.now());
      return 'later';
    }
    if (before && after && (before.mtimeMs !== after.mtimeMs || before.size !== after.size)) {
      this.#pending.set(path, null);
      return 'later';
    }
    this.#known.parsed(file, after ?? before);
    return file;
  }

  async #save(files: readonly ParsedFile[], now: Instant): Promise<void> {
    const { catalog, logger } = this.#deps;
    const { changed, retired, problems } = await catalog.saveFiles(files, now);
    const refused = new Set(problems.map(({ file }) => file));
    for (const { path, errors, warnings } of files) {
      if (refused.has(path)) this.#duplicates.add(path);
      else this.#duplicates.delete(path);
      for (const problem of errors) logger.warn({ file: path, code: problem.code }, describeProblem(problem));
      for (const problem of warnings) {
        // A file without a DAG may be one in the making; every other warning is of a DAG that is not what its author thinks.
        logger[problem.code === 'NO_DAG_FOUND' ? 'debug' : 'warn']({ file: path, code: problem.code }, describeProblem(problem));
      }
    }
    for (const problem of problems) logger.warn({ file: problem.file, code: problem.code }, describeProblem(problem));
    await this.#checkLimits(files);
    if (changed.length === 0 && retired.length === 0) return;
    for (const path of this.#duplicates) if (!files.some((file) => file.path === path)) this.#pending.set(path, null);
    logger.info({ dags: changed, retired, files: files.length }, 'DAGs changed');
    this.#publish();
  }

  /** A task whose pool is missing or too narrow waits for ever: its author should hear of it before. */
  /** What the DAGs ask for that this installation does not have. */
  async #checkLimits(files: readonly ParsedFile[]): Promise<void> {
    const { pools, parallelism = Number.POSITIVE_INFINITY, logger } = this.#deps;
    const specs = files.flatMap(({ dags }) => dags.map(({ spec }) => spec));
    if (specs.length === 0) return;
    const known = await pools?.list();
    for (const problem of specs.flatMap((spec) => [
      ...(known ? poolProblems(spec, known) : []),
      ...parallelismProblems(spec, parallelism),
    ])) {
      logger.warn({ file: problem.file, code: problem.code }, describeProblem(problem));
    }
  }

  /** A file without a DAG that others import says nothing wrong. */
  #judgeHelper(file: ParsedFile): ParsedFile {
    const isHelper = this.#known.isHelper(file.path);
    this.#withoutDag.set(file.path, isHelper);
    return isHelper ? { ...file, warnings: file.warnings.filter(({ code }) => code !== 'NO_DAG_FOUND') } : file;
  }

  #reviewHelpers(): void {
    for (const [path, wasHelper] of this.#withoutDag) {
      if (this.#known.has(path) && this.#known.isHelper(path) !== wasHelper) this.#pending.set(path, null);
    }
  }

  #publish(): void {
    this.#deps.bus.publish('dags');
    this.#deps.bus.publish('runs');
  }

  async #stampOf(path: string): Promise<FileStamp | null> {
    try {
      const { mtimeMs, size } = await stat(join(this.#deps.dagsFolder, path));
      return { mtimeMs, size };
    } catch {
      return null;
    }
  }
}

const byPath = (a: ParsedFile, b: ParsedFile): number => (a.path < b.path ? -1 : 1);
