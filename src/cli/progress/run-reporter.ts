import { formatDuration } from '../../model/duration.js';
import type { TaskInstance } from '../../model/task-instance.js';
import type { RunProgress } from '../system.js';
import type { Terminal } from '../terminal.js';
import { REDRAW_MS, Throttle } from './throttle.js';

const MOST_RUNNING_SHOWN = 8;

/**
 * Shows a run that is being followed. Every task instance that ends is a line; on a terminal, what runs now is redrawn below them, elsewhere
 * starts are lines, too.
 */
export class RunReporter {
  readonly #seen = new Map<number, string>();
  readonly #throttle: Throttle;
  #latest: RunProgress | null = null;

  constructor(private readonly terminal: Terminal) {
    this.#throttle = new Throttle(REDRAW_MS, () => this.#redraw());
  }

  update(progress: RunProgress): void {
    this.#latest = progress;
    for (const taskInstance of progress.taskInstances) {
      const key = `${taskInstance.state} ${taskInstance.tryNumber}`;
      if (this.#seen.get(taskInstance.id) === key) continue;
      this.#seen.set(taskInstance.id, key);
      if (this.#isWorthALine(taskInstance)) this.terminal.note(describe(taskInstance));
    }
    if (this.terminal.noteWidth !== null) this.#throttle.request();
  }

  /** Leaves the lines and says how the run stands. */
  end(): void {
    this.#throttle.end();
    if (this.terminal.noteWidth !== null) this.terminal.redraw([]);
    if (!this.#latest) return;
    const { run, taskInstances } = this.#latest;
    const took = run.startedAt !== null && run.endedAt !== null ? ` after ${formatDuration(run.endedAt - run.startedAt)}` : '';
    this.terminal.note(`${run.dagId} ${run.runId}: ${run.state}${took}`);
    const failed = taskInstances.find(({ state }) => state === 'failed');
    if (!failed) return;
    const copy = failed.mapIndex < 0 ? '' : ` --map-index ${failed.mapIndex}`;
    this.terminal.note(`See why with: airflow-like tasks logs ${run.dagId} ${failed.taskId} ${run.runId}${copy}`);
  }

  #isWorthALine({ state }: TaskInstance): boolean {
    if (state === 'none' || state === 'scheduled' || state === 'queued') return false;
    return state !== 'running' || this.terminal.noteWidth === null;
  }

  #redraw(): void {
    if (!this.#latest) return;
    const { run, taskInstances } = this.#latest;
    const running = taskInstances.filter(({ state }) => state === 'running');
    const ended = taskInstances.filter(({ endedAt, state }) => endedAt !== null && state !== 'up_for_retry').length;
    const width = this.terminal.noteWidth ?? 80;
    this.terminal.redraw(
      [
        `${run.state}: ${ended} of ${taskInstances.length} task instances done, ${running.length} running`,
        ...running.slice(0, MOST_RUNNING_SHOWN).map((taskInstance) => `  ${nameOf(taskInstance)}`),
        ...(running.length > MOST_RUNNING_SHOWN ? [`  and ${running.length - MOST_RUNNING_SHOWN} more`] : []),
      ].map((line) => line.slice(0, width - 1)),
    );
  }
}

function nameOf({ taskId, mapIndex }: TaskInstance): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

function describe(taskInstance: TaskInstance): string {
  const { state, tryNumber, maxTries, startedAt, endedAt } = taskInstance;
  const took = startedAt !== null && endedAt !== null && state !== 'running' ? `  ${formatDuration(endedAt - startedAt)}` : '';
  return `  ${state.padEnd(16)} ${nameOf(taskInstance)}${tryNumber > 1 ? `  try ${tryNumber} of ${maxTries}` : ''}${took}`;
}
