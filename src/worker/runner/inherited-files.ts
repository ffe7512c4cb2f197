/**
 * Files that stand in for the standard streams of a child which its thread waits for: nothing can read a pipe meanwhile, and what
 * it prints may not fit into memory.
 */
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';

type Stream = 'stdout' | 'stderr';

const PIECE_BYTES = 65_536;

export class InheritedFiles {
  private readonly files: { readonly stream: Stream; readonly fd: number }[] = [];

  constructor(private readonly write: (stream: Stream, bytes: Buffer) => void) {}

  /** A descriptor for the child to write to; `ignore` where no file can be made. */
  open(stream: Stream): number | 'ignore' {
    const path = join(tmpdir(), `airflow-like-${randomUUID()}`);
    try {
      const fd = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      this.files.push({ stream, fd });
      return fd;
    } catch {
      return 'ignore';
    }
  }

  /** Hands on what the child has written. Call when it has ended. */
  close(): void {
    for (const { stream, fd } of this.files.splice(0)) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      for (let at = 0, read = -1; read !== 0; at += read) {
        read = readSync(fd, piece, 0, piece.length, at);
        this.write(stream, Buffer.from(piece.subarray(0, read)));
      }
      closeSync(fd);
    }
  }
}
