/** The log of one attempt as its supervisor sees it: where it is, whether it exists, and lines about ends that no thread saw. */
import { join } from 'node:path';
import { attemptLogPath, type AttemptLogLevel, type AttemptLogSource } from '../../model/attempt-log.js';
import type { Assignment } from '../../model/workload.js';
import type { Clock } from '../../ports/clock.js';
import { appendToAttemptLog, AttemptLogWriter } from '../attempt/attempt-log-writer.js';
import { AttemptOutput } from '../attempt/attempt-output.js';
import type { LogPathRecorder } from './log-path-recorder.js';

export class SupervisedLog {
  readonly file: string;
  /** The folder of the DAG, which has to be writable before the attempt begins. */
  readonly folder: string;
  private readonly path: string;
  private isRecorded = false;
  private printed: AttemptOutput | null = null;

  constructor(
    home: string,
    private readonly assignment: Assignment,
    private readonly clock: Clock,
    private readonly recorder: LogPathRecorder,
    private readonly maxBytes: number,
  ) {
    this.path = attemptLogPath(assignment.key, assignment.tryNumber, assignment.token);
    this.file = join(home, 'logs', this.path);
    this.folder = join(home, 'logs', this.path.slice(0, this.path.indexOf('/')));
  }

  /** The file exists: lets the store know where it is. */
  record(): void {
    if (this.isRecorded) return;
    this.isRecorded = true;
    this.recorder.add(this.assignment.token, this.path);
  }

  /** Takes what came from the standard streams of the process that runs this attempt alone; lines beyond the limit of a log are dropped. */
  print(stream: 'stdout' | 'stderr', text: string): void {
    this.record();
    this.printed ??= new AttemptOutput(
      new AttemptLogWriter(this.file, {
        tryNumber: this.assignment.tryNumber,
        now: () => this.clock.now(),
        maxBytes: this.maxBytes,
      }),
    );
    this.printed.push(stream, text);
  }

  /** No more is printed. */
  close(): void {
    this.printed?.flush();
    this.printed?.log.close();
    this.printed = null;
  }

  append(level: AttemptLogLevel, source: AttemptLogSource, text: string): void {
    this.record();
    appendToAttemptLog(this.file, { tryNumber: this.assignment.tryNumber, now: () => this.clock.now() }, level, source, text);
  }
}
