import { isAbsolute, relative, sep } from 'node:path';
import { AirflowLikeError } from '../model/errors.js';
import { formatDuration } from '../model/duration.js';
import type { Config } from './options.js';

/** A lease survives this many missed heartbeats: fewer, and one slow pass of the database takes work away from a healthy worker. */
const HEARTBEATS_PER_LEASE = 6;

/**
 * What must hold between options that are each valid alone. Yields every contradiction as a CONFIG_CONFLICT.
 */
export function* findConflicts(config: Config): Generator<AirflowLikeError> {
  for (const section of ['scheduler', 'worker', 'dagProcessor', 'api'] as const) {
    const { heartbeatMs, leaseMs } = config[section];
    if (heartbeatMs * HEARTBEATS_PER_LEASE > leaseMs) {
      yield conflict(
        `${section}.leaseMs`,
        `a lease of ${formatDuration(leaseMs)} must be at least ${HEARTBEATS_PER_LEASE} x heartbeat ${formatDuration(heartbeatMs)}`,
      );
    }
  }
  if (config.worker.maxHeapMb > config.worker.maxRssMb) {
    const { maxHeapMb, maxRssMb } = config.worker;
    yield conflict('worker.maxHeapMb', `a heap of ${maxHeapMb} MB does not fit into maxRssMb ${maxRssMb} MB`);
  }
  const { home, dagsFolder, pluginsFolder } = config.core;
  for (const [name, folder] of [
    ['core.home', home],
    ['core.pluginsFolder', pluginsFolder],
  ] as const) {
    if (isInside(dagsFolder, folder))
      yield conflict(name, `${folder} lies in the DAGs folder ${dagsFolder} and would be searched for DAGs`);
  }
  if (isInside(home, dagsFolder))
    yield conflict('core.dagsFolder', `${dagsFolder} lies in core.home ${home}, which the system writes`);
}

function conflict(place: string, message: string): AirflowLikeError {
  return new AirflowLikeError('CONFIG_CONFLICT', { place, message });
}

/** Whether `path` is `folder` or below it. */
function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
