/** A DAGs folder with a real dag processor over the memory store. Children run the built code. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DagProcessor, type DagProcessorDeps } from '../../../dist/dag-processor/dag-processor.js';
import { createMemoryEventBus, createMemoryStore, type MemoryStore } from '../../../src/store/memory/index.js';
import type { ImportProblem } from '../../../src/model/dag.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Logger } from '../../../src/ports/logger.js';

const realClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

export class DagFolder {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'dag-folder-')));
  readonly dags = join(this.root, 'dags');
  readonly plugins = join(this.root, 'plugins');
  /** In the environment of every child, so that one that is left behind can be found. */
  readonly mark = `DAG_FOLDER=${this.root}`;
  readonly store: MemoryStore = createMemoryStore(realClock);
  readonly bus = createMemoryEventBus();
  readonly logged: string[] = [];
  readonly processor: DagProcessor;

  constructor(options: Partial<DagProcessorDeps> = {}) {
    mkdirSync(this.dags);
    const keep = (_fields: object, message: string): void => void this.logged.push(message);
    const logger: Logger = { debug: () => undefined, info: keep, warn: keep, error: keep, child: () => logger };
    this.processor = new DagProcessor({
      catalog: this.store.catalog,
      bus: this.bus,
      clock: realClock,
      logger,
      dagsFolder: this.dags,
      pluginsFolder: this.plugins,
      env: { PATH: process.env['PATH'] ?? '', DAG_FOLDER: this.root },
      ...options,
    });
  }

  /** All at once, as editors save: nobody reads half of it. */
  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.dags, path)), { recursive: true });
    const aside = join(this.root, 'saving');
    writeFileSync(aside, content);
    renameSync(aside, join(this.dags, path));
  }

  remove(path: string): void {
    rmSync(join(this.dags, path));
  }

  /** `runOnce` until there is no more to do. */
  async settle(now: number = Date.now()): Promise<void> {
    while ((await this.processor.runOnce(now)).more);
  }

  /** Ids of the DAGs in service, sorted. */
  async dagIds(): Promise<readonly string[]> {
    return (await this.store.catalog.listDags()).map(({ dag }) => dag.dagId).sort();
  }

  async problems(path?: string): Promise<readonly ImportProblem[]> {
    const all = await this.store.catalog.listImportProblems();
    return path === undefined ? all : all.filter(({ file }) => file === path);
  }

  /** Waits until `look` gives something that is not false; fails after 100 seconds with what it gave last. */
  async until<T>(look: () => Promise<T | false>): Promise<T> {
    const deadline = Date.now() + 100_000;
    for (;;) {
      const seen = await look();
      if (seen !== false) return seen;
      if (Date.now() > deadline) throw new Error(`not seen in time; logged:\n${this.logged.join('\n')}`);
      await realClock.sleep(15);
    }
  }

  async untilDags(...ids: readonly string[]): Promise<void> {
    await this.until(async () => JSON.stringify(await this.dagIds()) === JSON.stringify([...ids].sort()));
  }

  /** Processes of this machine that carry the mark. */
  leftProcesses(): readonly number[] {
    const environment = (pid: string): string => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1');
      } catch {
        return '';
      }
    };
    return existsSync('/proc')
      ? readdirSync('/proc')
          .filter((entry) => /^\d+$/.test(entry) && environment(entry).includes(this.mark))
          .map(Number)
      : [];
  }

  async close(): Promise<void> {
    await this.processor.stop();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** The text of a file with one DAG of one task. */
export function dagFile(className: string, body = 'return 1;'): string {
  return `import { dag, task } from 'airflow-like';

@dag()
export class ${className} {
  @task()
  async step(): Promise<unknown> {
    ${body}
  }
}
`;
}
