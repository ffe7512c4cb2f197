/** The terminal of `standalone`: what runs where, which DAGs there are, and each run as it ends. Lines for people, on stdout. */
import { DateTime } from 'luxon';
import { formatDuration } from '../model/duration.js';
import type { DagRun } from '../model/dag-run.js';
import type { Instant } from '../model/instant.js';
import type { EventBus } from '../ports/event-bus.js';
import type { Logger } from '../ports/logger.js';
import type { DagListing } from '../ports/store.js';
import type { Client } from './client.js';
import { nextRuns } from './next-runs.js';

const MAX_RUNS_PER_LOOK = 200;
/** A run may be stored as ended so much later than it has, in milliseconds: longer than a commit may take. */
const MAX_COMMIT_MS = 15_000;
/** Above this many runs since the last look, one line sums them up. */
const MAX_LINES_PER_LOOK = 40;

export class RunFeed {
  readonly #client: Client;
  readonly #print: (line: string) => void;
  readonly #color: boolean;
  readonly #known = new Map<string, number>();
  /** Ends that have been shown; a run that was cleared ends again. */
  readonly #printed = new Set<string>();
  #since: Instant;

  constructor(client: Client, print: (line: string) => void, color: boolean) {
    this.#client = client;
    this.#since = client.clock.now();
    this.#print = print;
    this.#color = color;
  }

  /** Prints DAGs that are new or have a new version, and those whose file is gone. Resolves with the number of DAGs there are. */
  async showDags(): Promise<number> {
    const listings = await this.#client.store.catalog.listDags();
    const listed = new Set(listings.map(({ dag }) => dag.dagId));
    for (const dagId of this.#known.keys()) {
      if (listed.has(dagId)) continue;
      this.#known.delete(dagId);
      this.#print(`  ${this.#paint('90', '○')} ${dagId}  no longer in the DAGs folder`);
    }
    const fresh = listings.filter(({ dag }) => this.#known.get(dag.dagId) !== dag.currentVersionId);
    const width = Math.max(0, ...fresh.map(({ dag }) => dag.dagId.length));
    for (const listing of fresh) {
      this.#known.set(listing.dag.dagId, listing.dag.currentVersionId);
      this.#print(`  ${this.#paint('36', '●')} ${listing.dag.dagId.padEnd(width)}  ${await this.#describeSchedule(listing)}`);
    }
    return listings.length;
  }

  /** Prints the runs that ended since the last look. */
  async showEndedRuns(): Promise<void> {
    const runs = await this.#client.store.runs.listEndedRuns(this.#since, MAX_RUNS_PER_LOOK);
    const fresh = runs.filter((run) => !this.#printed.has(endOf(run))).sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    for (const run of fresh.slice(0, MAX_LINES_PER_LOOK)) this.#print(this.#describeRun(run));
    if (fresh.length > MAX_LINES_PER_LOOK) this.#print(`  … and ${fresh.length - MAX_LINES_PER_LOOK} more runs`);
    for (const run of fresh) {
      this.#printed.add(endOf(run));
      this.#since = Math.max(this.#since, (run.endedAt ?? 0) - MAX_COMMIT_MS);
    }
    if (this.#printed.size > 10 * MAX_RUNS_PER_LOOK) {
      for (const end of [...this.#printed].slice(0, this.#printed.size - 5 * MAX_RUNS_PER_LOOK)) this.#printed.delete(end);
    }
  }

  /** Looks every `intervalMs` for runs that ended, and at every change of the DAGs, until it is stopped. */
  follow(bus: EventBus, intervalMs: number, logger: Logger): { stop(): Promise<void> } {
    const look = (show: () => Promise<unknown>) => {
      looking = looking.then(show).catch((error: unknown) => logger.debug({ err: error }, 'the terminal could not read the runs'));
    };
    let looking: Promise<unknown> = Promise.resolve();
    const unsubscribe = bus.subscribe('dags', () => look(() => this.showDags()));
    // What has changed between the list at the start and this.
    look(() => this.showDags());
    const timer = setInterval(() => look(() => this.showEndedRuns()), intervalMs);
    return {
      stop: async () => {
        clearInterval(timer);
        unsubscribe();
        await looking;
        await this.showEndedRuns();
      },
    };
  }

  #describeRun(run: DagRun): string {
    const mark = this.#markOf(run);
    const took = run.startedAt === null || run.endedAt === null ? '' : `  ${formatDuration(run.endedAt - run.startedAt)}`;
    return `  ${mark}  ${run.dagId}  ${run.runId}${took}`;
  }

  #markOf({ state }: DagRun): string {
    if (state === 'success') return this.#paint('32', '✔ success');
    return state === 'partial' ? this.#paint('33', '~ partial') : this.#paint('31', '✘ failed ');
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  /** `2 tasks  0 2 * * *  next run 2026-11-22 02:00 Europe/Paris`: the schedule as written and the next run in the DAG's zone. */
  async #describeSchedule(listing: DagListing): Promise<string> {
    const { dag, spec } = listing;
    const tasks = `${spec.tasks.length} ${spec.tasks.length === 1 ? 'task' : 'tasks'}`;
    if (spec.schedule.kind === 'none') return `${tasks}  no schedule`;
    const text = spec.schedule.kind === 'once' ? '@once' : spec.schedule.text;
    if (dag.isPaused) return `${tasks}  ${text}  paused`;
    if (spec.schedule.kind === 'assets') return `${tasks}  waits for ${text}`;
    if (spec.schedule.kind === 'fileWatch') return `${tasks}  ${text}  waits for new files`;
    // The timetable of a DAG may be gone with its plugin; the scheduler says so, the others are shown all the same.
    const [next] = await nextRuns(this.#client, listing, 1).catch(() => ['unknown' as const]);
    if (next === 'unknown') return `${tasks}  ${text}  next run unknown`;
    if (!next) return `${tasks}  ${text}  no further run`;
    const at = `${DateTime.fromMillis(next.runAfter, { zone: spec.timezone }).toFormat('yyyy-MM-dd HH:mm')} ${spec.timezone}`;
    return `${tasks}  ${text}  ${next.runAfter <= this.#client.clock.now() ? `next run now, due since ${at}` : `next run ${at}`}`;
  }
}

function endOf({ id, clearNumber }: DagRun): string {
  return `${id} ${clearNumber}`;
}
