import type { DagRun } from '../../model/dag-run.js';
import { formatDuration } from '../../model/duration.js';
import { printable } from '../output/table.js';
import type { TestEvent } from '../system.js';
import type { Terminal } from '../terminal.js';

/** Shows a trial run as it goes: states of tasks, and what they write. */
export class TestReporter {
  constructor(private readonly terminal: Terminal) {}

  show(event: TestEvent): void {
    const name = event.mapIndex < 0 ? event.taskId : `${event.taskId}[${event.mapIndex}]`;
    if (event.kind === 'log') this.terminal.note(`    ${name} | ${printable(event.line)}`);
    else {
      const again = event.tryNumber > 1 ? `  try ${event.tryNumber}` : '';
      this.terminal.note(
        `  ${event.state.padEnd(16)} ${name}${again}${event.message === null ? '' : `  ${printable(event.message)}`}`,
      );
    }
  }

  end(run: DagRun): void {
    const took = run.startedAt !== null && run.endedAt !== null ? ` after ${formatDuration(run.endedAt - run.startedAt)}` : '';
    this.terminal.note(`${run.dagId} ${run.runId}: ${run.state}${took}`);
  }
}
