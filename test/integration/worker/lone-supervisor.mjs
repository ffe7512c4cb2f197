/**
 * A process that holds nothing but a supervisor with one attempt, for a test that kills it. Arguments: folder of dist, home folder (a
 * `bundle.json` lies there: { bundle, spec, specHash, task }). Sends a message once the attempt has a log.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [dist, home] = process.argv.slice(2);
const { Supervisor } = await import(join(dist, 'worker/supervisor/supervisor.js'));
const { bundle, spec, specHash, assignment } = JSON.parse(readFileSync(join(home, 'bundle.json'), 'utf8'));
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const supervisor = new Supervisor({
  workerId: 'w',
  slots: 2,
  clock: { now: () => Date.now() },
  logger: silent,
  home,
  settings: {},
  maxRenderedLength: 100,
  catalog: {
    getVersion: async () => ({ version: { specHash, bundleHash: bundle.hash }, spec }),
    getBundle: async () => bundle,
  },
  attempts: { readXComs: async () => [], setLogPaths: async () => process.send('logged') },
  runnerOptions: {
    executionGraceMs: 1_000,
    maxRssMb: 500,
    blockedLoopWarnMs: 5_000,
    maxXComBytes: 1_000,
    env: { PATH: process.env.PATH },
    originalRoot: home,
  },
});
supervisor.start([assignment]);
