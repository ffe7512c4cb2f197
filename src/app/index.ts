/** The system as the command line sees it: every function that a command calls, put together from the rooms. */
import type { LoadedConfig } from '../config/load-config.js';
import { runtimeEnv } from '../config/runtime-env.js';
import { checkDags as checkFolder, type CheckedDags } from '../dag-processor/check-dags.js';
import { DagProcessor } from '../dag-processor/dag-processor.js';
import { MISSING_SCANS } from '../dag-processor/known-files.js';
import { createLogger } from '../logging/logger.js';
import type { ImportProblem } from '../model/dag.js';
import { loadPlugins } from '../plugins/load-plugins.js';
import { openClient as open, type Client } from './client.js';
import type { ProcessOptions } from './options.js';

export { readAttemptLog, followAttemptLog } from '../logging/attempt-log.js';
export { clearTaskInstances } from '../operations/clear-task-instances.js';
export { createAssetEvent } from '../operations/create-asset-event.js';
export { cancelBackfill, pauseBackfill } from '../operations/change-backfill.js';
export { createBackfill, planBackfill } from '../operations/create-backfill.js';
export { deleteDag } from '../operations/delete-dag.js';
export { deleteDagRun } from '../operations/delete-dag-run.js';
export { deletePool } from '../operations/delete-pool.js';
export { findAsset } from '../operations/find-asset.js';
export { explainDag, explainRun, explainTask } from '../operations/explain.js';
export { findAssetProblems } from '../operations/find-asset-problems.js';
export { findPoolProblems } from '../operations/find-pool-problems.js';
export { followBackfill } from '../operations/follow-backfill.js';
export { followDagRun } from '../operations/follow-dag-run.js';
export { markDagRuns } from '../operations/mark-dag-runs.js';
export { markTaskInstances } from '../operations/mark-task-instances.js';
export { materializeAsset } from '../operations/materialize-asset.js';
export { parseConf, parseJsonList } from '../operations/parse-conf.js';
export { pauseDags } from '../operations/pause-dags.js';
export { setRunNote } from '../operations/set-run-note.js';
export { triggerOnce } from '../operations/trigger-dag-run.js';
export { parsePools, savePools } from '../operations/save-pools.js';
export { runDagTest, runTaskTest } from './dag-test.js';
export { checkDatabase, migrateDatabase, resetDatabase } from './database-commands.js';
export { clockChanges, nextRuns } from './next-runs.js';
export { renderTask } from './render-task.js';
export { runApiServer, runDagProcessor, runScheduler, runWorker } from './roles.js';
export { runStandalone } from './standalone.js';
export type { Client } from './client.js';

export interface ScanResult {
  readonly files: number;
  readonly changed: readonly string[];
  readonly retired: readonly string[];
  readonly problems: readonly ImportProblem[];
}

/** Opens the store for one command; warnings of the system go to standard error, everything with `verbose`. */
export async function openClient({ config, verbose }: ProcessOptions): Promise<Client> {
  const logger = await createLogger({ level: verbose ? 'debug' : 'warn', format: config.config.logging.format });
  return open(config, logger);
}

/** One full scan of the DAGs folder, saved: for `dags reserialize`, and for commands while no dag processor runs. */
export async function parseDagsOnce(client: Client): Promise<ScanResult> {
  const { catalog } = client.store;
  const before = new Map((await catalog.listDags()).map(({ dag }) => [dag.dagId, dag.currentVersionId]));
  const { bus, clock } = client;
  // The problems are the command's answer: logged as well, they would be said twice.
  const logger = await createLogger({ level: 'silent', format: 'json' });
  const processor = new DagProcessor({
    ...processorOptions(client.config),
    timetables: new Set(client.timetables.keys()),
    catalog,
    bus,
    clock,
    logger,
    scanIntervalMs: 0,
  });
  try {
    // A file counts as gone when several scans have missed it.
    for (let scan = 0; scan < MISSING_SCANS; scan++) while ((await processor.runOnce(clock.now())).more);
  } finally {
    await processor.stop();
  }
  const after = new Map((await catalog.listDags()).map(({ dag }) => [dag.dagId, dag.currentVersionId]));
  return {
    files: (await catalog.knownFiles()).size,
    changed: [...after].filter(([dagId, version]) => before.get(dagId) !== version).map(([dagId]) => dagId),
    retired: [...before.keys()].filter((dagId) => !after.has(dagId)),
    problems: await catalog.listImportProblems(),
  };
}

/** Types, imports and lint of the DAGs folder, without a database. */
export async function checkDags({ config: loaded }: ProcessOptions): Promise<CheckedDags> {
  const { core, scheduler, dagProcessor } = loaded.config;
  const { timetables } = await loadPlugins(core.pluginsFolder);
  return checkFolder({
    projectRoot: loaded.root,
    dagsFolder: core.dagsFolder,
    pluginsFolder: core.pluginsFolder,
    timetables: new Set(timetables.keys()),
    cronDataIntervals: scheduler.cronDataIntervals,
    env: runtimeEnv(loaded.config),
    timeoutMs: dagProcessor.importTimeoutMs,
    memoryLimitMb: dagProcessor.maxImportMb,
  });
}

function processorOptions({ config }: LoadedConfig) {
  const { core, scheduler, dagProcessor } = config;
  return {
    dagsFolder: core.dagsFolder,
    pluginsFolder: core.pluginsFolder,
    cronDataIntervals: scheduler.cronDataIntervals,
    importTimeoutMs: dagProcessor.importTimeoutMs,
    maxImportMb: dagProcessor.maxImportMb,
    children: dagProcessor.children,
    env: runtimeEnv(config),
  };
}
