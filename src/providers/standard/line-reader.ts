import { StringDecoder } from 'node:string_decoder';

/** Longer lines are handed on in pieces of this many characters. */
const MAX_LINE = 16_384;

/**
 * Cuts a stream of bytes into lines, in bounded memory. Bytes that are no UTF-8 become replacement characters, `\r\n` counts as one end of
 * line, and NUL characters are left out.
 */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(bytes: Buffer): void {
    this.#take(this.#decoder.write(bytes));
  }

  /** The last line need not end with a line feed. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#emit(this.#emitPieces(line));
    this.#rest = this.#emitPieces(this.#rest);
  }

  /** Hands on what is too long for one line; returns the end of it, which is not. */
  #emitPieces(line: string): string {
    let start = 0;
    for (; line.length - start > MAX_LINE; start += MAX_LINE) this.#emit(line.slice(start, start + MAX_LINE));
    return start === 0 ? line : line.slice(start);
  }

  #emit(line: string): void {
    this.#onLine(line.replace(/\r$/, '').replaceAll('\0', ''));
  }
}
